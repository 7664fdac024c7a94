import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSingleLine } from "../../src/core/ending/cursorContext.ts";
import { CompletionStopRule } from "../../src/core/ending/stopRules.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

/** A document with the cursor at `█`. */
function cursorOf(document: string) {
  const [prefixText, suffixText] = document.split("█");
  return { prefixText: prefixText!, suffixText: suffixText! };
}

/** Pushes an output in pieces until the rule ends it. */
function complete(document: string, pieces: readonly string[]) {
  const rule = new CompletionStopRule(cursorOf(document), (token) => pieces[token]!);
  const settled: string[] = [];
  let isEnded = false;
  for (let token = 0; token < pieces.length && !isEnded; token++) {
    isEnded = rule.push(token);
    settled.push(rule.settledText);
  }
  return { text: rule.text, isEnded, settled };
}

/** Document, what the model would write, what the user is offered; "…" where the output goes on. */
const GOLDEN: readonly (readonly [
  behavior: string,
  document: string,
  output: string,
  kept: string,
])[] = [
  ["a line that text follows ends at its end", "const a = █ + b;", "x\n  y\n", "x"],
  ["a single line without an end goes on", "const a = █ + b;", "x", "x…"],
  [
    "only closers behind the cursor allow many lines",
    "call(█);\n",
    "() => {\n  a();\n}",
    "() => {\n  a();\n}…",
  ],
  [
    "a block ends before a line indented less than the cursor's",
    "if (a) {\n  █\n}\n",
    "b();\n  c();\n}\n",
    "b();\n  c();",
  ],
  [
    "a block that the cursor's line opens ends after its closer",
    "  if (a) {█",
    "\n    b();\n  }\n}\n",
    "\n    b();\n  }",
  ],
  ["a blank line after text ends the output", "█", "a();\n\nb();\n", "a();"],
  ["blank lines before text do not", "import a;█\n", "\n\nb();\n", "\n\nb();\n…"],
  ["white space is a blank line", "█", "a();\n   \nb();\n", "a();"],
  [
    "the line that follows the cursor is not repeated",
    "  a();\n  █\n\n  d();\n",
    "b();\n  c();\n  d();\n",
    "b();\n  c();",
  ],
  [
    "a line that only begins like the following one stays",
    "  █\n  d();\n",
    "b();\n  d(1);\n",
    "b();\n  d(1);\n…",
  ],
  ["an unfinished line is not judged", "  █\n", "b();\nc", "b();\nc…"],
  [
    "a bracket that closes what the text after the cursor closes ends the output at once",
    "f([\n  █\n]);\n",
    "b();\n]",
    "b();",
  ],
  ["a carriage return belongs to the line break", "const a = █ + b;\r\n", "x\r\n", "x"],
  [
    "a block with carriage returns ends without one",
    "  █\r\n",
    "b();\r\n  c();\r\n}\r\n",
    "b();\r\n  c();",
  ],
  [
    "a carriage return behind the cursor is no text to join",
    "  █\r\n",
    "b(\r\n  c)",
    "b(\r\n  c)…",
  ],
  ["a tab is indentation", "\tif (a) {█", "\n\t\tb();\n\t}\n}\n", "\n\t\tb();\n\t}"],
];

describe("CompletionStopRule", () => {
  test.each(GOLDEN)("%s", (_behavior, document, output, kept) => {
    const byCharacter = complete(document, Array.from(output));
    expect(byCharacter.text + (byCharacter.isEnded ? "" : "…")).toBe(kept);
  });

  test.each(GOLDEN)(
    "ends alike when the output comes in one piece: %s",
    (_behavior, document, output, kept) => {
      const atOnce = complete(document, [output]);
      expect(atOnce.text + (atOnce.isEnded ? "" : "…")).toBe(kept);
    },
  );

  test("settled text is never taken back, however the output goes on", () => {
    const piece = fc.constantFrom(
      "a",
      "  ",
      "\n",
      "\r\n",
      "\r",
      "}",
      "\n\n",
      "  d();\n",
      "b\n c\n",
    );
    const document = fc.constantFrom("  █\n  d();\n", "x = █ + 1;\n", "f(█)\n", "\t█\r\n\tb\r\n");
    fc.assert(
      fc.property(document, fc.array(piece, { maxLength: 20 }), (at, pieces) => {
        const { text, settled } = complete(at, pieces);
        for (const earlier of settled) expect(text.startsWith(earlier)).toBe(true);
        settled.reduce((before, after) => {
          expect(after.startsWith(before)).toBe(true);
          return after;
        }, "");
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("an ended output is settled to its end", () => {
    const { text, settled } = complete("  █\n", ["a\n", "}\n"]);
    expect(settled).toEqual(["a", text]);
  });
});

describe("isSingleLine", () => {
  test.each([
    ["", false],
    ["\nnext line", false],
    ["  ", false],
    [");\n", false],
    ["})", false],
    ['"]\r\n', false],
    [" + b;", true],
    ["name", true],
    [") {", true],
  ])("behind the cursor %j: %s", (suffixText, expected) => {
    expect(isSingleLine({ prefixText: "", suffixText })).toBe(expected);
  });
});
