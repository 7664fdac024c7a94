import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CursorText, readCursor } from "../../src/core/ending/cursorContext.ts";
import { CompletionStopRule } from "../../src/core/ending/stopRules.ts";
import { streamableText, trimCompletion } from "../../src/core/ending/trimCompletion.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { offer } from "../support/offerCompletion.ts";

const FRAGMENTS = [
  ..."ab;,.:=+ ()[]{}\n\t".split(""),
  "  ",
  "    ",
  "\r\n",
  "if (a) {\n",
  "return x;",
  "foo(",
  "})",
  "\n}\n",
  "\n  }",
  "b = c;\n",
  "def f(a):\n",
  "- a\n",
  "é",
  "😀",
  "\n\n",
];
const QUOTED = ['"', "'", "`", "/", "// x", "/*", "*/", "#", '"""', "\\"];
const textOf = (fragments: readonly string[], maxLength: number) =>
  fc.array(fc.constantFrom(...fragments), { maxLength }).map((parts) => parts.join(""));
const languageId = fc.constantFrom("typescript", "python", "yaml", "markdown", "rust", undefined);
const cursorOf = (fragments: readonly string[]) =>
  fc.record({
    prefixText: textOf(fragments, 12),
    suffixText: textOf(fragments, 12),
    languageId,
  });

/** Runs a property on what is offered for texts of these fragments. */
function forOffered(
  fragments: readonly string[],
  property: (text: string, raw: string, cursor: CursorText) => void,
): void {
  const cases = fc.tuple(cursorOf(fragments), textOf(fragments, 16), fc.boolean());
  fc.assert(
    fc.property(cases, ([cursor, raw, isUnfinished]) => {
      const offered = trimCompletion(raw, cursor, { isUnfinished });
      if ("text" in offered) property(offered.text, raw, cursor);
    }),
    { numRuns: NUM_RUNS * 20 },
  );
}

/** Brackets of one kind that nothing opens, in a text without strings. */
function surplus(text: string, opener: string, closer: string): number {
  let open = 0;
  let missing = 0;
  for (const char of text) {
    if (char === opener) open++;
    else if (char === closer && open > 0) open--;
    else if (char === closer) missing++;
  }
  return missing;
}

/** Delimiters that TypeScript does not know, and a slash that may be anything. */
const OF_OTHER_LANGUAGES: ReadonlySet<string> = new Set(["/", "#", '"""']);

/** [text] `t` for characters of TypeScript's strings and comments, those without an end included; else `c`. */
function textMask(text: string): string {
  const parts =
    /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(["'])(?:\\[\s\S]|(?!\1)[^\\\n])*\1?|`(?:\\[\s\S]|[^\\`])*(?:`|$)/g;
  let mask = "";
  for (const part of text.matchAll(parts)) {
    mask = mask.padEnd(part.index, "c").padEnd(part.index + part[0].length, "t");
  }
  return mask.padEnd(text.length, "c");
}

/** Whether what follows a text is code. */
function isCodeBehind(text: string): boolean {
  return textMask(`${text};`).endsWith("c");
}

/** Whether more brackets are opened than closed in lines without strings. */
function isInOwnBracket(lines: readonly string[]): boolean {
  let depth = 0;
  for (const char of lines.join("\n")) {
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth = Math.max(0, depth - 1);
  }
  return depth > 0;
}

describe("streamableText", () => {
  const words = ["foo.", "value ", "b + c", "a, b", "first(second).third", " = compute(a)"];
  test.each([
    ["code", [...FRAGMENTS, ...words]],
    ["long lines", [...words, "\n", "    ", ")", ";"]],
    ["quotes and comments", [...FRAGMENTS, ...words, ...QUOTED]],
  ])("begins what is offered, however it was cut: %s", (_what, fragments) => {
    const pieces = fc.array(fc.constantFrom(...fragments), { maxLength: 24 });
    let numStreamed = 0;
    fc.assert(
      fc.property(cursorOf(fragments), pieces, fc.boolean(), (cursor, parts, isUnfinished) => {
        const { context } = new CompletionStopRule(cursor, () => "");
        offer(cursor, parts, isUnfinished);
        if (streamableText(parts.slice(0, 5).join(""), context) !== "") numStreamed++;
      }),
      { numRuns: NUM_RUNS * 20 },
    );
    expect(numStreamed).toBeGreaterThan(NUM_RUNS / 2);
  });

  test("is there before the line ends", () => {
    const cursor = { prefixText: "const a = ", suffixText: ";\n", languageId: "typescript" };
    const rule = new CompletionStopRule(cursor, () => "await fetchEverything(from, to).then(use");
    rule.push(0);
    expect(streamableText(rule.settledText, rule.context)).toBe("await fetchEverything(from, to)");
  });
});

describe("long documents", () => {
  test("a block is closed though the text that opens the ones around it is not read", () => {
    const filler = "  const filler = [1, 2, 3];\n".repeat(5000);
    const prefixText = `class A {\n  f() {\n${filler}  if (a) {`;
    const raw = "\n    call(b);\n  }\n  more();\n";
    expect(trimCompletion(raw, { prefixText, suffixText: `\n${filler}}\n}\n` })).toEqual({
      text: "\n    call(b);\n  }",
    });
  });
});

const trimmedLines = (text: string) => text.split("\n").map((line) => line.trim());

describe("trimCompletion", () => {
  const all = [...FRAGMENTS, ...QUOTED];

  test("offers text", () => {
    forOffered(all, (text) => {
      expect(text.trim()).not.toBe("");
      expect(text).not.toMatch(/[\uD800-\uDBFF]$|^[\uDC00-\uDFFF]/);
    });
  });

  test("only cuts: what is offered begins the output, white space around lines apart", () => {
    const withoutIndent = (text: string) => text.replaceAll(/^[ \t]+|[ \t]+$/gm, "");
    forOffered(all, (text, raw) => {
      expect(withoutIndent(raw).startsWith(withoutIndent(text))).toBe(true);
    });
  });

  test("changes nothing when it trims its own text", () => {
    forOffered(all, (text, _raw, cursor) => {
      expect(trimCompletion(text, cursor)).toEqual({ text });
    });
  });

  test("never writes the next line, at its indentation, before it", () => {
    forOffered(all, (text, _raw, cursor) => {
      const [restOfLine = "", ...below] = cursor.suffixText.split("\n");
      const next = below.find((line) => line.trim() !== "")?.replace(/\s+$/, "");
      if (next === undefined || /^[)\]}\s;,]*$/.test(next)) return;
      const lines = text.split("\n");
      if (restOfLine.trim() !== "") lines.pop();
      // Within a block that the completion opened the same text is another statement.
      const written = lines.filter((_, at) => at > 0 && !isInOwnBracket(lines.slice(0, at)));
      // A string or a comment may hold any line.
      if (/["'`#]|\/\*/.test(cursor.prefixText + text)) return;
      expect(written.map((line) => line.replace(/\s+$/, ""))).not.toContain(next);
    });
  });

  test("never ends with the rest of the cursor's line", () => {
    forOffered(FRAGMENTS, (text, _raw, cursor) => {
      const [restOfLine = ""] = cursor.suffixText.split(/\r?\n/);
      if (!/\p{L}/u.test(restOfLine) || /[)\]}]/.test(restOfLine)) return;
      const lastLine = trimmedLines(text).at(-1);
      if (/^\p{L}/u.test(restOfLine.trim())) return;
      expect(lastLine?.endsWith(restOfLine.trim())).toBe(false);
    });
  });

  test("leaves the text behind the cursor code where it was code, and text where it was text", () => {
    let numShown = 0;
    forOffered(
      [...FRAGMENTS, ...QUOTED.filter((one) => !OF_OTHER_LANGUAGES.has(one))],
      (text, raw, cursor) => {
        const { prefixText, suffixText } = cursor;
        if (cursor.languageId !== "typescript" || !isCodeBehind(prefixText)) return;
        // A quote that its line does not end may be something else.
        if (/["'](?=[^\n]*\n)/.test(raw)) return;
        // An address is no comment; an apostrophe in a word, or a quote behind a backslash, no string.
        if (/:\/\/|[\p{L}\p{N}_]'|\\["'`]/u.test(prefixText + text + suffixText)) return;
        numShown++;
        const [line = ""] = suffixText.split(/\r?\n/);
        const before = textMask(prefixText + suffixText).slice(prefixText.length);
        const after = textMask(prefixText + text + suffixText).slice(
          prefixText.length + text.length,
        );
        expect(after.slice(0, line.length)).toBe(before.slice(0, line.length));
        expect(isCodeBehind(`${prefixText}${text}\n`)).toBe(true);
      },
    );
    expect(numShown).toBeGreaterThan(NUM_RUNS / 10);
  });

  test.each(["()", "[]", "{}"])("leaves no more %s without an opener than there were", (pair) => {
    const [opener = "", closer = ""] = pair;
    forOffered(FRAGMENTS, (text, _raw, cursor) => {
      // There a bracket may be text.
      if (cursor.languageId === "markdown" || cursor.languageId === "yaml") return;
      const { prefixText, suffixText } = cursor;
      expect(surplus(prefixText + text + suffixText, opener, closer)).toBeLessThanOrEqual(
        surplus(prefixText + suffixText, opener, closer),
      );
    });
  });

  test("indents no line of a document with tabs by spaces, nor the other way round", () => {
    const lines = fc.constantFrom(
      "a();\n",
      "  b();\n",
      "\tb();\n",
      "    c();\n",
      "\t\tc();\n",
      "}\n",
    );
    const output = fc.array(lines, { maxLength: 8 }).map((parts) => `if (a) {\n${parts.join("")}`);
    const style = fc.constantFrom("\t", "  ", "    ");
    fc.assert(
      fc.property(style, output, (indent, raw) => {
        const cursor = { prefixText: `f() {\n${indent}`, suffixText: `\n${indent}g();\n}\n` };
        const offered = trimCompletion(raw, { ...cursor, languageId: "typescript" });
        const wrong = indent === "\t" ? /^ /m : /^ *\t/m;
        if ("text" in offered) expect(offered.text.slice(1)).not.toMatch(wrong);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

test("a word without an end is streamed, though words wait for their end", () => {
  const context = readCursor({
    ...{ prefixText: "const s = 0x", suffixText: "", languageId: "typescript" },
  });
  expect(streamableText("1".repeat(100), context)).toBe("");
  expect(streamableText("1".repeat(400), context)).toHaveLength(400);
});
