import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NgramModel, PAPER_NGRAM_WEIGHTS } from "../../src/core/suggestions/ngramModel.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

/** Counts every n-gram of every run. */
function naiveProbability(runs: readonly number[][], context: number[], token: number): number {
  return PAPER_NGRAM_WEIGHTS.reduce((sum, weight, order) => {
    const length = order + 1;
    if (context.length < length) return sum;
    const wanted = context.slice(-length).join(" ");
    let total = 0;
    let count = 0;
    for (const run of runs) {
      for (let end = length; end < run.length; end++) {
        if (run.slice(end - length, end).join(" ") !== wanted) continue;
        total++;
        if (run[end] === token) count++;
      }
    }
    return total === 0 ? sum : sum + (weight * count) / total;
  }, 0);
}

describe("NgramModel", () => {
  test("agrees with counted n-grams for n = 2 to 6", () => {
    const token = fc.nat(2);
    fc.assert(
      fc.property(
        fc.array(fc.array(token, { maxLength: 20 }), { maxLength: 4 }),
        fc.array(token, { maxLength: 8 }),
        (runs, context) => {
          const model = new NgramModel();
          for (const run of runs) model.learn(Int32Array.from(run));
          const known = model.probabilities(context, Int32Array.of(0, 1, 2));
          known.forEach((probability, candidate) => {
            expect(probability).toBeCloseTo(naiveProbability(runs, context, candidate), 12);
          });
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("what was never seen has no probability, and a context longer than any n is cut", () => {
    const model = new NgramModel();
    expect([...model.probabilities([1, 2], Int32Array.of(3))]).toEqual([0]);
    model.learn(Int32Array.of(1, 2, 3));
    expect([...model.probabilities([9, 9, 9, 9, 9, 9, 1, 2], Int32Array.of(3, 4))]).toEqual([
      PAPER_NGRAM_WEIGHTS[0]! + PAPER_NGRAM_WEIGHTS[1]!,
      0,
    ]);
    expect([...model.probabilities([], Int32Array.of(3))]).toEqual([0]);
  });
});
