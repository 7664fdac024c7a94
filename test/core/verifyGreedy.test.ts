import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import { committedTokens, verifyGreedy } from "../../src/core/tree/verifyGreedy.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

const VOCAB_SIZE = 4;
/** A tree and the target's choice after each of its nodes. */
const arbitraryCase = fc.tuple(
  arbitraryTree(VOCAB_SIZE, 40),
  fc.array(fc.nat(VOCAB_SIZE - 1), { minLength: 40, maxLength: 40 }),
);

/** The same, by recursion. */
function walk(tree: DraftTree, choices: readonly number[], node: number): number[] {
  const children = Array.from(tree.parents.keys()).filter((child) => tree.parents[child] === node);
  const next = children.find((child) => tree.tokens[child] === choices[node]);
  return next === undefined ? [] : [next, ...walk(tree, choices, next)];
}

describe("verifyGreedy", () => {
  test("walks as a recursive walk does", () => {
    fc.assert(
      fc.property(arbitraryCase, ([tree, choices]) => {
        const path = verifyGreedy(tree, (node) => choices[node]!);
        expect(Array.from(path.nodes)).toEqual(walk(tree, choices, 0));
        expect(path.bonusToken).toBe(choices[path.nodes.at(-1) ?? 0]);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("accepts a real path of the target's choices, as far as the tree goes", () => {
    fc.assert(
      fc.property(arbitraryCase, ([tree, choices]) => {
        const { nodes, bonusToken } = verifyGreedy(tree, (node) => choices[node]!);
        let parent = 0;
        for (const node of nodes) {
          expect(tree.parents[node]).toBe(parent);
          expect(tree.tokens[node]).toBe(choices[parent]);
          parent = node;
        }
        for (let node = 1; node < tree.size; node++) {
          if (tree.parents[node] === parent) expect(tree.tokens[node]).not.toBe(bonusToken);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("asks once for each walked node and for no other", () => {
    fc.assert(
      fc.property(arbitraryCase, ([tree, choices]) => {
        const asked: number[] = [];
        const { nodes } = verifyGreedy(tree, (node) => {
          asked.push(node);
          return choices[node]!;
        });
        expect(asked).toEqual([0, ...nodes]);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("keeps the root alone when every child is rejected", () => {
    const tree = treeOf(0, [
      [0, 1],
      [0, 2],
    ]);
    expect(verifyGreedy(tree, () => 3)).toEqual({ nodes: new Int32Array(0), bonusToken: 3 });
  });
});

describe("committedTokens", () => {
  test("lists the accepted tokens, then the bonus token", () => {
    const tree = treeOf(0, [
      [0, 5],
      [0, 6],
      [2, 7],
    ]);
    const path = { nodes: Int32Array.of(2, 3), bonusToken: 8 };
    expect(Array.from(committedTokens(tree, path))).toEqual([6, 7, 8]);
  });
});
