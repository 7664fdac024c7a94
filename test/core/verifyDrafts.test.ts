import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  MIN_MEAN_TOKENS,
  NO_FLOORS,
  verifyDrafts,
} from "../../src/core/suggestions/verifyDrafts.ts";
import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const VOCAB_SIZE = 6;
const PROMPT = [1, 2, 3];
const KEPT = [4, 5];
const logitsOf = hashedLogits(VOCAB_SIZE, 4, 9);

function open(numFree = 500): FakeBranchedTarget {
  const contextSize = PROMPT.length + KEPT.length + numFree;
  return new FakeBranchedTarget({ vocabSize: VOCAB_SIZE, logitsOf, contextSize });
}

function verify(
  drafts: readonly (readonly number[])[],
  floors = NO_FLOORS,
  target = open(),
  signal = NEVER,
) {
  return verifyDrafts(
    {
      target,
      promptTokens: Int32Array.from(PROMPT),
      keptTokens: Int32Array.from(KEPT),
      drafts: drafts.map((draft) => Int32Array.from(draft)),
      floors,
    },
    signal,
  );
}

function logProbsOf(draft: readonly number[]): number[] {
  return draft.map((token, index) => {
    const row = logitsOf([...PROMPT, ...draft.slice(0, index)]);
    return row[token]! - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
  });
}

const arbitraryDrafts = fc.array(fc.array(fc.nat(VOCAB_SIZE - 1), { maxLength: 8 }), {
  maxLength: 6,
});

describe("verifyDrafts", () => {
  test("gives every token's log-probability under the target, in one pass", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDrafts, async (drafts) => {
        const target = open();
        const verified = await verify(drafts, NO_FLOORS, target);
        verified.forEach(({ tokens, logProbs }, index) => {
          expect(Array.from(tokens)).toEqual(drafts[index]);
          logProbsOf(drafts[index]!).forEach((logProb, at) => {
            expect(logProbs[at]).toBeCloseTo(logProb, 9);
          });
        });
        expect(target.branchPasses.length).toBeLessThanOrEqual(1);
        expect(target.rows).toEqual([...PROMPT, ...KEPT].slice(0, -1));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("drafts that begin alike share rows", async () => {
    const target = open();
    await verify(
      [
        [1, 2, 3],
        [1, 2, 4],
        [1, 2],
      ],
      NO_FLOORS,
      target,
    );
    expect(target.branchPasses).toEqual([5]);
  });

  test("cuts before the first token under a floor, and where the mean falls under its own", async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryDrafts,
        fc.double({ min: -4, max: -0.5, noNaN: true }),
        fc.double({ min: -4, max: -0.5, noNaN: true }),
        async (drafts, minTokenLogProb, minMeanLogProb) => {
          const verified = await verify(drafts, { minTokenLogProb, minMeanLogProb });
          verified.forEach(({ tokens }, index) => {
            const all = logProbsOf(drafts[index]!);
            const isBelow = (_: number, at: number) => {
              const sum = all.slice(0, at + 1).reduce((total, value) => total + value, 0);
              const mean = sum / Math.max(MIN_MEAN_TOKENS, at + 1);
              return all[at]! < minTokenLogProb || mean < minMeanLogProb;
            };
            const cut = all.findIndex(isBelow);
            expect(tokens.length).toBe(cut === -1 ? all.length : cut);
          });
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("where rows are few, all drafts lose their ends alike", async () => {
    const drafts = [0, 1, 2, 3].map((token) => new Array<number>(30).fill(token));
    const target = open();
    const verified = await verify(drafts, NO_FLOORS, target);
    expect(target.branchPasses).toEqual([target.maxNodes]);
    const lengths = verified.map(({ tokens }) => tokens.length);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
    expect(Math.max(...lengths)).toBeLessThan(30);
    const crowded = await verify(drafts, NO_FLOORS, open(4));
    expect(crowded.map(({ tokens }) => tokens.length)).toEqual([1, 1, 1, 1]);
    // The last kept token has no cell yet: one row is free for the root.
    const full = await verify(drafts, NO_FLOORS, open(0));
    expect(full.map(({ tokens }) => tokens.length)).toEqual([0, 0, 0, 0]);
  });

  test("an abort at any look at the signal leaves the cache as it was", async () => {
    const target = open();
    for (let n = 1; ; n++) {
      const { signal, wasReached } = countdownSignal(n);
      const outcome = await verify([[1, 2]], NO_FLOORS, target, signal).catch((e: unknown) => e);
      expect(target.hasOpenBranches).toBe(false);
      const trunk = [...PROMPT, ...KEPT].slice(0, -1);
      expect(target.rows).toEqual(trunk.slice(0, target.kvLength));
      await target.prefill(new Int32Array(0), NEVER);
      if (!wasReached()) break;
      expect(outcome).toHaveProperty("name", "AbortError");
    }
  });
});
