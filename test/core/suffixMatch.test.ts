import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_MATCH_LENGTH, SEPARATOR, SuffixMatcher } from "../../src/core/index/suffixMatch.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

/** Without `size` arrays would have 10 elements at most. */
const LONG = { maxLength: 160, size: "max" } as const;

/** Texts with short matches and separators, and texts that repeat themselves, so that matches are long. */
const arbitraryText = fc.oneof(
  fc.array(fc.integer({ min: SEPARATOR, max: 3 }), LONG),
  fc
    .tuple(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 20, size: "max" }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: SEPARATOR, max: 3 })), { maxLength: 3 }),
      fc.nat(LONG.maxLength),
    )
    .map(([motif, edits, length]) => {
      const text = Array.from({ length }, (_, i) => motif[i % motif.length]!);
      for (const [at, token] of edits) if (length > 0) text[at % length] = token;
      return text;
    }),
);

function matcherOf(text: readonly number[]): SuffixMatcher {
  const matcher = new SuffixMatcher();
  matcher.append(text);
  return matcher;
}

/** Every earlier occurrence of the text's end, by comparing at every index. */
function bruteForce(text: readonly number[]): { next: number; length: number }[] {
  const found: { next: number; length: number }[] = [];
  const end = text.length - 1;
  for (let at = 0; at < end; at++) {
    let length = 0;
    while (
      at >= length &&
      text[at - length] === text[end - length] &&
      text[at - length] !== SEPARATOR &&
      length < MAX_MATCH_LENGTH
    )
      length++;
    if (length > 0 && text[at + 1] !== SEPARATOR) found.push({ next: at + 1, length });
  }
  return found.sort((a, b) => b.length - a.length || b.next - a.next);
}

describe("SuffixMatcher", () => {
  test("finds what comparing at every index finds, longest first, newest first among equals", () => {
    fc.assert(
      fc.property(arbitraryText, (text) => {
        const oracle = bruteForce(text);
        // Single tokens are looked up only where no pair occurred.
        const pairs = oracle.filter(({ length }) => length > 1);
        const expected = pairs.length > 0 ? pairs : oracle;
        expect(matcherOf(text).matches(1000)).toEqual(expected);
        expect(matcherOf(text).matches(3)).toEqual(expected.slice(0, 3));
      }),
      { numRuns: 5 * NUM_RUNS },
    );
  });

  test("is tried on long texts and long matches", () => {
    const lengths = fc
      .sample(arbitraryText, { numRuns: 200, seed: 1 })
      .map((text) => ({ text: text.length, match: bruteForce(text)[0]?.length ?? 0 }));
    expect(Math.max(...lengths.map(({ match }) => match))).toBe(MAX_MATCH_LENGTH);
    expect(lengths.filter(({ text }) => text > 40).length).toBeGreaterThan(80);
    expect(lengths.filter(({ match }) => match > 8).length).toBeGreaterThan(40);
  });

  test("gives the same however the text was cut when it was appended", () => {
    fc.assert(
      fc.property(arbitraryText, fc.nat(LONG.maxLength), (text, cut) => {
        const matcher = matcherOf(text.slice(0, cut));
        matcher.append(text.slice(cut));
        expect(matcher.length).toBe(text.length);
        expect(matcher.matches(9)).toEqual(matcherOf(text).matches(9));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("no match crosses a separator", () => {
    fc.assert(
      fc.property(arbitraryText, (text) => {
        for (const { next, length } of matcherOf(text).matches(100)) {
          expect(text.slice(next - length, next + 1)).not.toContain(SEPARATOR);
          expect(text.slice(text.length - length)).not.toContain(SEPARATOR);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("finds nothing in an empty text, in one token, and behind a separator", () => {
    expect(matcherOf([]).matches(8)).toEqual([]);
    expect(matcherOf([1]).matches(8)).toEqual([]);
    expect(matcherOf([1, 1, SEPARATOR]).matches(8)).toEqual([]);
  });

  test("reports a very long match as the longest that it compares", () => {
    const [best] = matcherOf(Array.from({ length: 300 }, () => 7)).matches(1);
    expect(best).toEqual({ next: 299, length: MAX_MATCH_LENGTH });
  });

  test("reads a separator outside the text", () => {
    const matcher = matcherOf([4]);
    expect([matcher.at(-1), matcher.at(0), matcher.at(1)]).toEqual([SEPARATOR, 4, SEPARATOR]);
  });
});
