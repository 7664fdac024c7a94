import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import { layOutTree, type TreeBatch } from "../../src/core/tree/treeBatch.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

const branchesOf = (batch: TreeBatch, node: number) =>
  Array.from(
    { length: batch.endBranches[node]! - batch.firstBranches[node]! },
    (_, index) => batch.firstBranches[node]! + index,
  );
const childrenOf = (tree: DraftTree, node: number) =>
  Array.from(tree.parents.keys()).filter((child) => tree.parents[child] === node);

function forAllTrees(check: (tree: DraftTree, batch: TreeBatch) => void): void {
  fc.assert(
    fc.property(arbitraryTree(6, 60), (tree) => check(tree, layOutTree(tree))),
    { numRuns: NUM_RUNS },
  );
}

describe("layOutTree", () => {
  test("gives the root every branch", () => {
    forAllTrees((_tree, batch) => {
      expect(batch.firstBranches[0]).toBe(0);
      expect(batch.endBranches[0]).toBe(batch.numBranches);
      expect(batch.leaves.length).toBe(batch.numBranches);
    });
  });

  test("gives a parent the union of its children's branches, each branch to one child", () => {
    forAllTrees((tree, batch) => {
      for (let node = 0; node < tree.size; node++) {
        const children = childrenOf(tree, node);
        if (children.length === 0) continue;
        // In order and without a gap: disjoint, and the union is the parent's interval.
        const ofChildren = children.flatMap((child) => branchesOf(batch, child));
        expect(ofChildren).toEqual(branchesOf(batch, node));
      }
    });
  });

  test("gives every leaf one branch of its own, and names it as that branch's end", () => {
    forAllTrees((tree, batch) => {
      for (let node = 0; node < tree.size; node++) {
        if (childrenOf(tree, node).length > 0) continue;
        const branches = branchesOf(batch, node);
        expect(branches.length).toBe(1);
        expect(batch.leaves[branches[0]!]).toBe(node);
      }
    });
  });

  test("lets branch 0 follow the first children", () => {
    forAllTrees((tree, batch) => {
      let node = 0;
      for (
        let [first] = childrenOf(tree, 0);
        first !== undefined;
        [first] = childrenOf(tree, node)
      ) {
        node = first;
        expect(batch.firstBranches[node]).toBe(0);
      }
      expect(batch.leaves[0]).toBe(node);
    });
  });

  test("lays out a worked example", () => {
    const tree = treeOf(9, [
      [0, 1],
      [0, 2],
      [1, 3],
      [1, 4],
    ]);
    expect(layOutTree(tree)).toEqual({
      numBranches: 3,
      firstBranches: Int32Array.of(0, 0, 2, 0, 1),
      endBranches: Int32Array.of(3, 2, 3, 1, 2),
      leaves: Int32Array.of(3, 4, 2),
    });
  });
});
