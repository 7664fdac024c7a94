import { describe, expect, test } from "vitest";
import {
  countProposals,
  countStep,
  emptyDecodeStats,
  meanAcceptanceLength,
} from "../../src/core/tree/decodeStats.ts";
import { DraftTreeBuilder, sourceBit } from "../../src/core/tree/draftTree.ts";

/** Two nodes: the first of two sources, the second below it of one. */
function smallTree() {
  const builder = new DraftTreeBuilder(0);
  const both = sourceBit("recycling") | sourceBit("draftModel");
  const first = builder.add(0, 1, { score: 0.5, source: both });
  builder.add(first, 2, { score: 0.5, source: sourceBit("recycling") });
  return builder.finish();
}

describe("countStep", () => {
  test("counts steps, nodes and accepted tokens, a node of two sources for both", () => {
    const stats = emptyDecodeStats();
    countStep(stats, smallTree(), { nodes: Int32Array.of(1), bonusToken: 3 }, 2);
    countStep(stats, smallTree(), { nodes: Int32Array.of(1, 2), bonusToken: 3 }, 3);
    countStep(stats, smallTree(), { nodes: new Int32Array(0), bonusToken: 3 }, 1);
    expect(stats).toMatchObject({ numSteps: 3, numDraftTokens: 6, numAcceptedTokens: 3 });
    expect(stats.numCommittedTokens).toBe(6);
    expect(stats.acceptedPerStep).toEqual([1, 1, 1]);
    expect(stats.bySource.recycling).toEqual({ numProposed: 0, numVerified: 6, numAccepted: 3 });
    expect(stats.bySource.draftModel).toEqual({ numProposed: 0, numVerified: 3, numAccepted: 2 });
    expect(stats.bySource.suffixMatch).toEqual({ numProposed: 0, numVerified: 0, numAccepted: 0 });
  });

  test("leaves out what a step accepted after the output had ended", () => {
    const stats = emptyDecodeStats();
    countStep(stats, smallTree(), { nodes: Int32Array.of(1, 2), bonusToken: 3 }, 1);
    expect(stats).toMatchObject({ numCommittedTokens: 1, numAcceptedTokens: 1 });
    expect(stats.bySource.recycling.numAccepted).toBe(1);
  });
});

describe("countProposals", () => {
  test("counts a draft's nodes for the drafter that made it, its root not", () => {
    const stats = emptyDecodeStats();
    countProposals(stats, "suffixMatch", smallTree());
    expect(stats.bySource.suffixMatch.numProposed).toBe(2);
    expect(stats.numDraftTokens).toBe(0);
  });
});

describe("meanAcceptanceLength", () => {
  test("includes the bonus token, and is 0 before the first step", () => {
    expect(meanAcceptanceLength({ numSteps: 4, numCommittedTokens: 10 })).toBe(2.5);
    expect(meanAcceptanceLength({ numSteps: 4, numCommittedTokens: 4 })).toBe(1);
    expect(meanAcceptanceLength(emptyDecodeStats())).toBe(0);
  });
});

describe("emptyDecodeStats", () => {
  test("shares nothing between generations", () => {
    const first = emptyDecodeStats();
    countStep(first, smallTree(), { nodes: Int32Array.of(1), bonusToken: 3 }, 2);
    first.timings.draftMs = 5;
    expect(emptyDecodeStats()).toEqual({ ...emptyDecodeStats(), numSteps: 0, acceptedPerStep: [] });
    expect(emptyDecodeStats().timings.draftMs).toBe(0);
    expect(emptyDecodeStats().bySource.recycling.numVerified).toBe(0);
  });
});
