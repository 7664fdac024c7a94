import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Opener, readBrackets } from "../../src/core/ending/bracketStack.ts";
import { readCursor } from "../../src/core/ending/cursorContext.ts";
import { trimCompletion } from "../../src/core/ending/trimCompletion.ts";
import { syntaxOf } from "../../src/core/syntax/codeSyntax.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const OPENER_OF: Readonly<Record<string, Opener>> = { ")": "(", "]": "[", "}": "{" };
const isOpener = (char: string): char is Opener => "([{".includes(char);
const indentOf = (text: string, at: number) => {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  return /^ */.exec(line)![0].length;
};

/** What {@link readBrackets} says of text without strings and comments, found by searching every time. */
function naiveBrackets(prefix: string, suffix: string, isCut: boolean) {
  const stack: { char: Opener; indent: number; position: number }[] = [];
  const closers: { opens: Opener; indent: number | undefined }[] = [];
  const own: Opener[] = [];
  const close = (open: { char: Opener }[] | Opener[], opener: Opener) => {
    const index = open.findLastIndex(
      (one) => (typeof one === "string" ? one : one.char) === opener,
    );
    if (index !== -1) open.length = index;
    return index !== -1;
  };
  for (const [position, char] of [...prefix].entries()) {
    if (isOpener(char)) stack.push({ char, indent: indentOf(prefix, position), position });
    else if (char in OPENER_OF) close(stack, OPENER_OF[char]!);
  }
  for (const [at, char] of [...suffix].entries()) {
    if (isOpener(char)) own.push(char);
    else if (char in OPENER_OF && !close(own, OPENER_OF[char]!)) {
      const before = suffix.slice(suffix.lastIndexOf("\n", at) + 1, at);
      const isFirst = suffix.lastIndexOf("\n", at) !== -1 && before.trim() === "";
      closers.push({ opens: OPENER_OF[char]!, indent: isFirst ? before.length : undefined });
    }
  }
  const closed = new Set<number>();
  const surplus: (typeof closers)[number][] = [];
  let height = stack.length;
  for (const closer of closers) {
    const { opens, indent } = closer;
    const rest = stack.slice(0, height);
    const alike = rest.findLastIndex((open) => open.char === opens && open.indent === indent);
    const isElsewhere = isCut && indent !== undefined;
    const inner = rest.findLastIndex((open) => open.char === opens);
    const index = alike === -1 && !isElsewhere ? inner : alike;
    if (index === -1) {
      surplus.push(closer);
      continue;
    }
    closed.add(index);
    height = index;
  }
  const closedKinds = isCut
    ? [...closed].map((index) => stack[index]!.char)
    : closers.map(({ opens }) => opens);
  const lineStart = prefix.lastIndexOf("\n") + 1;
  const budget = (kind: Opener) =>
    stack.filter(({ char }) => char === kind).length -
    closedKinds.filter((char) => char === kind).length;
  const left = { "(": budget("("), "[": budget("["), "{": budget("{") };
  const open = stack.map(({ char, indent, position }) => {
    return { char, indent, isOnCursorLine: position >= lineStart, isClosable: false };
  });
  for (let index = open.length - 1; index >= 0; index--) {
    const bracket = open[index]!;
    if (!closed.has(index) && left[bracket.char]-- > 0) bracket.isClosable = true;
  }
  const numSurplus: Record<Opener, number> = { "(": 0, "[": 0, "{": 0 };
  if (!isCut) for (const { opens } of surplus) numSurplus[opens]++;
  return { open, numSurplus };
}

describe("readBrackets", () => {
  const text = fc
    .array(fc.constantFrom(..."()[]{}a\n".split(""), "\n  ", "\n    ", "{\n"), { maxLength: 40 })
    .map((parts) => parts.join(""));
  const syntax = syntaxOf("typescript", "");

  test("says what a search for every bracket says", () => {
    fc.assert(
      fc.property(text, text, fc.boolean(), (prefix, suffix, isCut) => {
        const { open, numSurplus } = readBrackets(prefix, suffix, syntax, 4, isCut);
        expect({ open, numSurplus }).toEqual(naiveBrackets(prefix, suffix, isCut));
      }),
      { numRuns: NUM_RUNS * 5 },
    );
  });

  // Each took from 2 s to 20 s when every bracket was searched for.
  test.each([
    ["nested", "[".repeat(60_000), "]".repeat(60_000), false],
    ["of another kind", "(".repeat(60_000), "}".repeat(60_000), true],
    ["behind white space", "\t".repeat(30_000) + "{".repeat(30_000), "", false],
    ["one to a line", "{\n".repeat(30_000), "}\n".repeat(30_000), false],
    ["of a line without a break", "{[(".repeat(500_000), ")]}".repeat(500_000), false],
  ])("reads tens of thousands of brackets: %s", (_what, prefixText, suffixText, isOffered) => {
    const cursor = { prefixText, suffixText, languageId: "typescript" };
    expect(readCursor(cursor).brackets.open.length).toBeGreaterThanOrEqual(30_000);
    expect("text" in trimCompletion(")]}".repeat(500), cursor)).toBe(isOffered);
  });
});
