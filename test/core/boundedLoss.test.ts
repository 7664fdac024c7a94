/** The promise on machines that do not exist: any drafters, any t(n), passes that hiccup, a pace that drifts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import type { DraftSource } from "../../src/core/tree/draftTree.ts";
import { DEFAULT_MAX_LOSS } from "../../src/core/tree/policyConstants.ts";
import { MadeUpMachine, VOCAB } from "../support/madeUpMachine.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const PLAIN_MS = 10;
const NUM_GENERATIONS = 30;
const NUM_TOKENS = 50;
const SOURCES: readonly DraftSource[] = ["recycling", "suffixMatch", "workspace", "draftModel"];

const drafter = fc.record({
  hitRate: fc.double({ min: 0, max: 1, noNaN: true }),
  saysScore: fc.double({ min: 0.02, max: 0.98, noNaN: true }),
  nodeMs: fc.double({ min: 0, max: 4, noNaN: true }),
});
const machine = fc.record({
  drafters: fc
    .array(drafter, { minLength: 1, maxLength: SOURCES.length })
    .map((plans) => plans.map((plan, index) => ({ ...plan, source: SOURCES[index]! }))),
  /** t(n): so much more for every so many rows; and how far off it was measured. */
  width: fc.integer({ min: 1, max: 16 }),
  rise: fc.double({ min: 0, max: 1.5, noNaN: true }),
  misjudged: fc.double({ min: 0.6, max: 1.6, noNaN: true }),
  sharedMs: fc.double({ min: 0, max: 3, noNaN: true }),
  seed: fc.nat(1e6),
});

describe("MeasuredPolicy keeps its promise", () => {
  // The bound holds against the baseline's estimate (`lossBudget.test.ts`); here against the truth, which that is off by at most so much.
  // The seed is fixed: these are margins that were seen, and an unlucky machine is no fault.
  test.each([
    { name: "where passes take what such passes take", maxNoise: 1, drift: 0, error: 0.05 },
    { name: "where some take three times as long", maxNoise: 3, drift: 0, error: 0.25 },
    { name: "where the pace doubles within 100 steps", maxNoise: 1.3, drift: 0.01, error: 0.4 },
  ])("$name", async ({ maxNoise, drift, error }) => {
    await fc.assert(
      fc.asyncProperty(machine, async ({ drafters, width, rise, misjudged, sharedMs, seed }) => {
        const random = seededRandom(seed);
        const tableMs = (numRows: number) =>
          PLAIN_MS * (1 + rise * Math.ceil((numRows - 1) / width));
        let numSteps = 0;
        let pace = 1;
        let longestMs = 0;
        let plainMs = 0;
        const made = new MadeUpMachine(
          {
            believedMs: (numRows) => (numRows === 1 ? 1 : misjudged) * tableMs(numRows),
            passMs: (numRows) => {
              // At its steepest it doubles in 1 / drift steps.
              pace = 2 ** Math.sin(drift * numSteps++);
              const ms = pace * tableMs(numRows) * (1 + (maxNoise - 1) * random());
              longestMs = Math.max(longestMs, ms);
              return ms;
            },
            onCommitted: (numTokens) => {
              plainMs += numTokens * pace * PLAIN_MS * ((1 + maxNoise) / 2);
            },
            tokenAt: (position) => (7 * position + 3) % VOCAB,
            sharedMs,
            drafters,
          },
          seed,
        );
        for (let generation = 0; generation < NUM_GENERATIONS; generation++) {
          await made.decode(made.policy, NUM_TOKENS);
        }
        const draftingMs = drafters.reduce((sum, { nodeMs }) => sum + 8 * nodeMs, sharedMs);
        const { share, ms } = DEFAULT_MAX_LOSS;
        const boundMs = (1 + error) * (1 + share) * plainMs + ms + longestMs + draftingMs;
        expect(made.now).toBeLessThanOrEqual(boundMs);
      }),
      { numRuns: NUM_RUNS / 8, seed: 20261130 },
    );
  });
});
