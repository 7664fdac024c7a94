import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NgramModel } from "../../src/core/suggestions/ngramModel.ts";
import {
  mixtureWeights,
  type PartialDraft,
  paperSettings,
  scoreCandidates,
  selectDrafts,
  sharpened,
} from "../../src/core/suggestions/superposedCandidates.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const PAPER = paperSettings(3);
const WITHOUT_NGRAMS = { ...PAPER, ngramWeight: 0 };
const TOP = { tokens: Int32Array.of(7, 8, 9), logits: Float32Array.of(3, 2.9, 2.7) };
const NOTHING = new NgramModel();
const topsOf = (live: readonly PartialDraft[]) => live.map(() => TOP);

const drafts: fc.Arbitrary<PartialDraft[]> = fc
  .uniqueArray(fc.nat(9), { minLength: 1, maxLength: 8 })
  .chain((tokens) =>
    fc
      .array(fc.double({ min: -300, max: 0, noNaN: true }), {
        minLength: tokens.length,
        maxLength: tokens.length,
      })
      .map((scores) =>
        tokens.map((token, index) => ({ tokens: [token], logScore: scores[index]! })),
      ),
  );

describe("paperSettings", () => {
  test("are the paper's, with m = k² as far as a row is scanned", () => {
    expect(PAPER).toMatchObject({ numCandidates: 9, temperature: 0.06, ngramWeight: 0.54 });
    expect(paperSettings(8).numCandidates).toBe(64);
    expect(paperSettings(10).numCandidates).toBe(64);
  });
});

describe("mixtureWeights", () => {
  test("add up to 1 and follow the scores", () => {
    fc.assert(
      fc.property(drafts, (live) => {
        const weights = mixtureWeights(live);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
        for (const [index, { logScore }] of live.entries()) {
          for (const [other, { logScore: otherScore }] of live.entries()) {
            if (logScore > otherScore) {
              expect(weights[index]).toBeGreaterThanOrEqual(weights[other]!);
            }
          }
        }
      }),
      { numRuns: NUM_RUNS },
    );
    expect([...mixtureWeights([{ tokens: [1], logScore: -500 }])]).toEqual([1]);
  });
});

describe("sharpened", () => {
  test("is the softmax over the best tokens, at the paper's temperature", () => {
    const expected = [3, 2.9, 2.7].map((logit) => Math.exp((logit - 3) / 0.06));
    const sum = expected.reduce((total, value) => total + value, 0);
    sharpened(TOP, 0.06).forEach((value, index) => {
      expect(Math.exp(value)).toBeCloseTo(expected[index]! / sum, 6);
    });
  });
});

describe("scoreCandidates", () => {
  test("without n-grams every draft has every token, k times m of them, all different", () => {
    fc.assert(
      fc.property(drafts, (live) => {
        const candidates = scoreCandidates(live, topsOf(live), WITHOUT_NGRAMS, NOTHING, []);
        expect(candidates).toHaveLength(live.length * 3);
        expect(new Set(candidates.map(({ tokens }) => tokens.join())).size).toBe(candidates.length);
        const shared = sharpened(TOP, PAPER.temperature);
        for (const { tokens, logScore } of candidates) {
          const parent = live.find((draft) => draft.tokens[0] === tokens[0])!;
          const rank = TOP.tokens.indexOf(tokens[1]!);
          expect(logScore).toBeCloseTo(parent.logScore + shared[rank]!, 9);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("candidates come best first and never score above their draft", () => {
    const ngrams = new NgramModel();
    ngrams.learn(Int32Array.of(0, 7, 1, 8, 2, 9, 3, 7, 0, 8, 1, 9));
    fc.assert(
      fc.property(drafts, fc.double({ min: 0, max: 1, noNaN: true }), (live, ngramWeight) => {
        const candidates = scoreCandidates(
          live,
          topsOf(live),
          { ...PAPER, ngramWeight },
          ngrams,
          [1],
        );
        expect(candidates.length).toBeGreaterThanOrEqual(live.length);
        candidates.forEach((candidate, index) => {
          const before = candidates[index - 1]?.logScore ?? Number.POSITIVE_INFINITY;
          expect(candidate.logScore).toBeLessThanOrEqual(before);
          const parent = live.find((draft) => draft.tokens[0] === candidate.tokens[0])!;
          expect(candidate.logScore).toBeLessThanOrEqual(parent.logScore);
        });
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("n-grams tell drafts apart: each goes on with what was seen after it", () => {
    const ngrams = new NgramModel();
    ngrams.learn(Int32Array.of(1, 9));
    ngrams.learn(Int32Array.of(2, 8));
    const live = [
      { tokens: [1], logScore: 0 },
      { tokens: [2], logScore: -1 },
    ];
    const candidates = scoreCandidates(live, topsOf(live), PAPER, ngrams, []);
    expect(candidates.map(({ tokens }) => tokens)).toEqual([
      [2, 8],
      [1, 9],
    ]);
    const shared = sharpened(TOP, PAPER.temperature);
    expect(candidates[0]!.logScore).toBeCloseTo(-1 + 0.46 * shared[1]! + 0.54 * Math.log(0.01), 9);
  });

  test("a draft that no n-gram knows keeps all its tokens, far behind", () => {
    const ngrams = new NgramModel();
    ngrams.learn(Int32Array.of(1, 9));
    const live = [
      { tokens: [5], logScore: 0 },
      { tokens: [1], logScore: -50 },
    ];
    const candidates = scoreCandidates(live, topsOf(live), PAPER, ngrams, []);
    expect(candidates.map(({ tokens }) => tokens)).toEqual([
      [1, 9],
      [5, 7],
      [5, 8],
      [5, 9],
    ]);
    expect(candidates[1]!.logScore).toBeLessThan(-199);
  });

  test("the text before the drafts counts", () => {
    const ngrams = new NgramModel();
    ngrams.learn(Int32Array.of(4, 1, 9, 3, 1, 7));
    const live = [{ tokens: [1], logScore: 0 }];
    const settings = { ...PAPER, temperature: 100 };
    const choiceAfter = (history: number[]) =>
      scoreCandidates(live, topsOf(live), settings, ngrams, history)[0]!.tokens[1];
    expect(choiceAfter([4])).toBe(9);
    expect(choiceAfter([3])).toBe(7);
  });
});

describe("selectDrafts", () => {
  test("sets aside what ends among twice as many, and keeps the best others", () => {
    const candidates = [1, 0, 2, 0, 3, 0].map((token, index) => ({
      tokens: [index, token],
      logScore: -index,
    }));
    const { live, finished } = selectDrafts(candidates, 2, (token) => token === 0);
    expect(live.map(({ tokens }) => tokens)).toEqual([
      [0, 1],
      [2, 2],
    ]);
    expect(finished).toEqual([
      { tokens: [1], logScore: -1 },
      { tokens: [3], logScore: -3 },
    ]);
  });
});
