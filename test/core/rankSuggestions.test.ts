import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance, relativeDistance } from "../../src/core/suggestions/editDistance.ts";
import {
  meanOf,
  normalizeSpace,
  type RankableSuggestion,
  rankSuggestions,
} from "../../src/core/suggestions/rankSuggestions.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

/** By its definition, which takes exponential time. */
function naiveDistance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  if (a[0] === b[0]) return naiveDistance(a.slice(1), b.slice(1));
  return (
    1 +
    Math.min(
      naiveDistance(a.slice(1), b.slice(1)),
      naiveDistance(a.slice(1), b),
      naiveDistance(a, b.slice(1)),
    )
  );
}

const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });

describe("editDistance", () => {
  test("agrees with its definition", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(editDistance(a, b)).toBe(naiveDistance(a, b));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("relative to the longer text it is between 0 and 1", () => {
    expect(relativeDistance("", "")).toBe(0);
    expect(relativeDistance("abc", "abc")).toBe(0);
    expect(relativeDistance("abcd", "abc")).toBe(0.25);
    expect(relativeDistance("", "abc")).toBe(1);
  });
});

const rank = <S extends RankableSuggestion>(
  first: S | undefined,
  others: readonly S[],
  limits: { count: number },
) => rankSuggestions(first, others, limits).offered;

describe("rankSuggestions", () => {
  const named = (text: string, meanLogProb: number) => ({ text, meanLogProb });
  const first = named("return items.length;", -3);

  test("the first stays first, the others follow by mean log-probability", () => {
    const others = [named("throw new Error(x)", -2), named("const total = 0;", -0.5)];
    const texts = rank(first, others, { count: 3 }).map(({ text }) => text);
    expect(texts).toEqual([first.text, "const total = 0;", "throw new Error(x)"]);
  });

  test("at most as many as asked for, and none below the floor", () => {
    const others = [named("alpha()", -0.1), named("beta(1, 2)", -0.2), named("gamma", -9)];
    expect(rank(first, others, { count: 2 })).toHaveLength(2);
    expect(rank(first, others, { count: 9 })).toHaveLength(3);
    expect(rank(first, others, { count: 1 })).toEqual([first]);
    expect(rank(first, [named("x", Number.NaN)], { count: 3 })).toEqual([first]);
  });

  test("equal after white space is normalised, nearly equal, and empty ones are dropped", () => {
    const others = [
      named("return  items.length;\n", -0.1),
      named("return items.lengths;", -0.2),
      named("  \n", -0.3),
      named("return items.size;", -0.4),
    ];
    const texts = rank(first, others, { count: 5 }).map(({ text }) => text);
    expect(texts).toEqual([first.text, "return items.size;"]);
  });

  test("each of the rest has its reason", () => {
    const others = [
      named("  \n", -0.1),
      named("return items.length ;", -0.2),
      named("return  items.length;", -0.3),
      named("let alpha = 0", -0.4),
      named("let beta = await f()", -0.5),
      named("throw new Error(x)", -9),
    ];
    const { offered, dropped } = rankSuggestions(first, others, { count: 2 });
    expect(offered).toEqual([first, others[3]]);
    expect(dropped.map(({ suggestion, reason }) => [suggestion.text, reason])).toEqual([
      ["  \n", "empty"],
      ["return items.length ;", "similar"],
      ["return  items.length;", "equal"],
      ["let beta = await f()", "surplus"],
      ["throw new Error(x)", "unlikely"],
    ]);
  });

  test("of two alike the better one stays, also where the first has nothing to show", () => {
    const others = [named("let a = b", -0.9), named("let  a = b", -0.5)];
    expect(rank(undefined, others, { count: 3 })).toEqual([others[1]]);
  });

  test("no two that are offered are alike, whatever is proposed", () => {
    const suggestion = fc.record({
      text,
      meanLogProb: fc.double({ min: -3, max: 0, noNaN: true }),
    });
    fc.assert(
      fc.property(suggestion, fc.array(suggestion, { maxLength: 8 }), (greedy, others) => {
        const ranked = rank(greedy, others, { count: 4 });
        expect(ranked[0]).toBe(greedy);
        expect(ranked.length).toBeLessThanOrEqual(4);
        for (const [index, { text }] of ranked.entries()) {
          for (const other of ranked.slice(0, index)) {
            expect(normalizeSpace(other.text)).not.toBe(normalizeSpace(text));
          }
          if (index > 1) {
            expect(ranked[index]!.meanLogProb).toBeLessThanOrEqual(ranked[index - 1]!.meanLogProb);
          }
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("the mean of nothing is 0", () => {
    expect(meanOf(new Float64Array(0))).toBe(0);
    expect(meanOf(Float64Array.of(-1, -3))).toBe(-2);
  });
});
