import { describe, expect, test } from "vitest";
import { flatPace, PacedTarget } from "../../src/bench/decoders/pacedTarget.ts";
import { measurePassCost } from "../../src/core/budget/measurePassCost.ts";
import type { AcceptedPath } from "../../src/core/tree/verifyGreedy.ts";
import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { describeBranchContract } from "../support/branchContract.ts";
import { NEVER } from "../support/never.ts";
import { describeTargetContract } from "../support/targetContract.ts";
import { treeOf } from "../support/trees.ts";

const VOCAB_SIZE = 29;
const FLAT_ROWS = 4;
const FLAT_MS = 50;

/** Passes take 10 ms a row, and stand still otherwise. */
function open() {
  let nowMs = 0;
  const inner = new FakeBranchedTarget({
    vocabSize: VOCAB_SIZE,
    logitsOf: hashedLogits(VOCAB_SIZE, 5),
    contextSize: 128,
  });
  const takes = (numRows: number) => {
    nowMs += 10 * numRows;
  };
  const evaluateTree = inner.evaluateTree.bind(inner);
  inner.evaluateTree = (tree, signal) => {
    takes(tree.size);
    return evaluateTree(tree, signal);
  };
  const openBranches = inner.openBranches.bind(inner);
  inner.openBranches = (prefixLengths) => {
    const branches = openBranches(prefixLengths);
    const evaluateTrees = branches.evaluateTrees.bind(branches);
    branches.evaluateTrees = (trees, signal) => {
      takes(trees.reduce((sum, tree) => sum + (tree?.size ?? 0), 0));
      return evaluateTrees(trees, signal);
    };
    return branches;
  };
  const wait = async (ms: number) => {
    nowMs += ms;
  };
  const now = () => nowMs;
  const target = Object.assign(
    new PacedTarget(inner, flatPace(FLAT_ROWS, FLAT_MS, { now, wait })),
    { [Symbol.dispose]: () => inner[Symbol.dispose]() },
  );
  return { target, now };
}

const contract = {
  name: "PacedTarget",
  isSlow: false,
  tolerance: 0,
  toleranceAfterCommit: 0,
  prompt: Int32Array.from({ length: 32 }, (_, index) => (index * 7) % VOCAB_SIZE),
  async open() {
    const { target } = open();
    return { target, checkCache() {}, [Symbol.dispose]: () => target[Symbol.dispose]() };
  },
};

describeTargetContract(contract);
describeBranchContract(contract);

describe("PacedTarget", () => {
  test("small passes take the same time, larger ones what they take", async () => {
    const { target, now } = open();
    const { points } = await measurePassCost(target, { now, budgetMs: 1e6 }, NEVER);
    const msOf = Object.fromEntries(points.map(({ numRows, ms }) => [numRows, ms]));
    expect(msOf).toMatchObject({ 1: FLAT_MS, 2: FLAT_MS, 4: FLAT_MS, 6: 60, 16: 160 });
  });

  test("so do those of branches, by the rows of all their trees", async () => {
    const { target, now } = open();
    await target.prefill(contract.prompt.subarray(0, 8), NEVER);
    using branches = target.openBranches(Int32Array.of(8, 8));
    const nothing: AcceptedPath = { nodes: new Int32Array(0), bonusToken: 1 };
    const timed = async (...sizes: number[]) => {
      const start = now();
      const trees = sizes.map((size) =>
        treeOf(
          1,
          Array.from({ length: size - 1 }, (_, node) => [node, node] as const),
        ),
      );
      await branches.evaluateTrees(trees, NEVER);
      branches.commit(sizes.map(() => nothing));
      return now() - start;
    };
    expect(await timed(1, 1)).toBe(FLAT_MS);
    expect(await timed(2, 2)).toBe(FLAT_MS);
    expect(await timed(4, 4)).toBe(80);
  });
});
