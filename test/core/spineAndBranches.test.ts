/**
 * GOOSE's tree (arXiv 2604.02047) is not built by rule here: a deep source and a wide one give it by
 * their calibrated scores.
 */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { chooseNumNodes, rankNodes, treeOfRanked } from "../../src/core/budget/draftBudget.ts";
import { AcceptanceTable } from "../../src/core/calibration/acceptanceTable.ts";
import {
  type DraftTree,
  DraftTreeBuilder,
  ROOT,
  sourceBit,
} from "../../src/core/tree/draftTree.ts";

const SPINE_DEPTH = 16;
const NUM_BRANCHES = 6;
const LIMITS = { maxNodes: 60, maxBranches: 32, maxDepth: 32 };
/** Tokens by what they are, at any depth. */
const SPINE_TOKEN = 0;
const branchToken = (rank: number) => 1 + rank;

/** A copied chain, and below each of its nodes the successors that a table has for it, two deep. */
function candidates(): DraftTree {
  const tree = new DraftTreeBuilder(99);
  const spine = sourceBit("suffixMatch");
  const table = sourceBit("recycling");
  let parent: number = ROOT;
  for (let depth = 0; depth < SPINE_DEPTH; depth++) {
    for (let rank = 0; rank < NUM_BRANCHES; rank++) {
      const score = 0.4 / (rank + 1);
      const node = tree.add(parent, branchToken(rank), { score, source: table });
      tree.add(node, branchToken(0), { score: 0.4, source: table });
    }
    parent = tree.add(parent, SPINE_TOKEN, { score: 0.85, source: spine });
  }
  return tree.finish();
}

/** A target that follows the chain with this chance at each token, or else the table with that chance, the best first. */
function trained(followsSpine: number, followsTable: number): AcceptanceTable {
  const random = seededRandom(3);
  const tableToken = () => {
    if (random() > followsTable) return 98;
    let rank = 0;
    while (rank < NUM_BRANCHES - 1 && random() < 0.4) rank++;
    return branchToken(rank);
  };
  const table = new AcceptanceTable();
  for (let step = 0; step < 2000; step++) {
    const committed: number[] = [];
    while (committed.length < SPINE_DEPTH && random() < followsSpine) committed.push(SPINE_TOKEN);
    committed.push(tableToken(), tableToken());
    table.learn(candidates(), Int32Array.from(committed));
  }
  return table;
}

/** What is verified where a row beyond the first costs this share of a pass. */
function chosenTree(table: AcceptanceTable, rowShare: number): DraftTree {
  const ranked = rankNodes(table.calibrate(candidates()), LIMITS);
  const cost = { passMs: (rows: number) => 1 + rowShare * (rows - 1), treeMs: 0, tokensPerMs: 1 };
  return treeOfRanked(ranked, chooseNumNodes(ranked.survival, cost).numNodes);
}

function shapeOf(tree: DraftTree) {
  const bySource = (source: number) =>
    Array.from(tree.depths.keys()).filter((node) => node > ROOT && tree.sources[node] === source);
  const spine = bySource(sourceBit("suffixMatch"));
  const branches = bySource(sourceBit("recycling"));
  const startDepths = branches
    .filter((node) => !branches.includes(tree.parents[node]!))
    .map((node) => tree.depths[node]!);
  return { spineDepth: spine.length, numBranchNodes: branches.length, startDepths };
}

describe("a deep reliable source beside a wide shallow one", () => {
  test("gives a spine with branches, more of them near the root", () => {
    const { spineDepth, numBranchNodes, startDepths } = shapeOf(
      chosenTree(trained(0.85, 0.7), 0.02),
    );
    expect(spineDepth).toBe(SPINE_DEPTH);
    expect(numBranchNodes).toBeGreaterThan(5);
    const numUpTo = (from: number, to: number) =>
      startDepths.filter((depth) => depth >= from && depth <= to).length;
    expect(numUpTo(1, 4)).toBeGreaterThan(numUpTo(5, 8));
    expect(numUpTo(5, 8)).toBeGreaterThanOrEqual(numUpTo(9, 16));
  });

  test("gives the spine alone where it is almost always right", () => {
    const { spineDepth, numBranchNodes } = shapeOf(chosenTree(trained(0.99, 0.7), 0.02));
    expect(spineDepth).toBe(SPINE_DEPTH);
    expect(numBranchNodes).toBeLessThan(4);
  });

  test("gives branches and a stump where the deep source is mostly wrong", () => {
    const { spineDepth, numBranchNodes, startDepths } = shapeOf(
      chosenTree(trained(0.2, 0.8), 0.02),
    );
    expect(spineDepth).toBeLessThan(4);
    expect(numBranchNodes).toBeGreaterThan(spineDepth);
    expect(startDepths.filter((depth) => depth === 1).length).toBeGreaterThan(2);
  });

  test("loses its branches before its spine where rows are dear", () => {
    const table = trained(0.85, 0.7);
    let last = shapeOf(chosenTree(table, 0.01));
    for (const rowShare of [0.02, 0.05, 0.1, 0.2, 0.4]) {
      const shape = shapeOf(chosenTree(table, rowShare));
      expect(shape.spineDepth).toBeLessThanOrEqual(last.spineDepth);
      expect(shape.numBranchNodes).toBeLessThanOrEqual(last.numBranchNodes);
      last = shape;
    }
    expect(last.numBranchNodes).toBe(0);
    expect(last.spineDepth).toBeGreaterThan(2);
  });
});
