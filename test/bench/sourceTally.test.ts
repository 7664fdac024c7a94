import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sum } from "../../src/bench/base/statistics.ts";
import { SourceTally } from "../../src/bench/decoders/sourceTally.ts";
import { DRAFT_SOURCES } from "../../src/core/tree/draftTree.ts";
import { arbitraryScenario, CLOCK, decodeSpeculatively } from "../support/decodeScenarios.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

describe("SourceTally", () => {
  test("agrees with the loop's own counters, whatever is drafted and wherever the output ends", async () => {
    const scenarios = arbitraryScenario().map((scenario) => ({ ...scenario, stopAt: undefined }));
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const tally = new SourceTally((token) => scenario.endTokens.includes(token));
        const { stats } = await decodeSpeculatively(scenario, {
          observer: {
            ...CLOCK,
            onStep: (tree, committed) => tally.noteStep(tree, committed),
            onTokens: (tokens) => tally.noteKept(tokens),
          },
        });
        for (const source of DRAFT_SOURCES) {
          const { verifiedByDepth, acceptedByDepth } = tally.depthsOf(source);
          expect(sum(verifiedByDepth)).toBe(stats.bySource[source].numVerified);
          expect(sum(acceptedByDepth)).toBe(stats.bySource[source].numAccepted);
          expect([verifiedByDepth[0], acceptedByDepth[0]]).toEqual([0, 0]);
        }
        expect(sum(tally.passesByRows)).toBe(stats.numSteps);
        const numNodes = sum(tally.passesByRows.map((count, rows) => count * (rows - 1)));
        expect(numNodes + (tally.passesByRows[0] ?? 0)).toBe(stats.numDraftTokens);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
