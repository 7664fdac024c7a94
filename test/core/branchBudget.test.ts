import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shareNodes } from "../../src/core/suggestions/branchBudget.ts";
import { checkDraftTree, survivals } from "../../src/core/tree/draftTree.ts";
import { layOutTree } from "../../src/core/tree/treeBatch.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, pathTokens, treeOf } from "../support/trees.ts";

const trees = fc.array(arbitraryTree(5, 12), { minLength: 1, maxLength: 5 });

describe("shareNodes", () => {
  test("never exceeds its limits, and keeps valid parts of each tree", () => {
    fc.assert(
      fc.property(
        trees,
        fc.nat(20),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(5),
        fc.option(fc.double({ min: 0, max: 2, noNaN: true }), { nil: undefined }),
        (candidates, maxNodes, maxLeaves, maxDepth, rowMs) => {
          const shared = shareNodes(candidates, {
            maxNodes,
            maxLeaves,
            numFixedRows: candidates.length,
            maxDepths: candidates.map(() => maxDepth),
            ...(rowMs === undefined ? {} : { passMs: (numRows: number) => 1 + rowMs * numRows }),
          });
          expect(shared).toHaveLength(candidates.length);
          const numNodes = shared.reduce((sum, { size }) => sum + size - 1, 0);
          expect(numNodes).toBeLessThanOrEqual(maxNodes);
          shared.forEach((tree, branch) => {
            expect(checkDraftTree(tree)).toBeUndefined();
            expect(tree.tokens[0]).toBe(candidates[branch]!.tokens[0]);
            expect(layOutTree(tree).numBranches).toBeLessThanOrEqual(maxLeaves);
            expect(Math.max(...tree.depths)).toBeLessThanOrEqual(maxDepth);
            const paths = new Set(
              Array.from({ length: candidates[branch]!.size }, (_, node) =>
                pathTokens(candidates[branch]!, node).join(),
              ),
            );
            for (let node = 1; node < tree.size; node++) {
              expect(paths).toContain(pathTokens(tree, node).join());
            }
          });
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("takes the nodes of the largest chance, whosever they are", () => {
    fc.assert(
      fc.property(trees, fc.nat(12), (candidates, maxNodes) => {
        const shared = shareNodes(candidates, {
          maxNodes,
          maxLeaves: 64,
          numFixedRows: candidates.length,
          maxDepths: candidates.map(() => 64),
        });
        const chancesOf = (tree: (typeof candidates)[number]) => [...survivals(tree).subarray(1)];
        const all = candidates.flatMap(chancesOf).sort((a, b) => b - a);
        const taken = shared.flatMap(chancesOf).sort((a, b) => b - a);
        expect(taken).toEqual(all.slice(0, maxNodes));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a row is taken while it brings more than its time would bring elsewhere", () => {
    const sure = treeOf(1, [
      [0, 2, 0.9],
      [1, 3, 0.9],
    ]);
    const unsure = treeOf(1, [[0, 2, 0.3]]);
    const limits = { maxNodes: 9, maxLeaves: 9, numFixedRows: 2, maxDepths: [9, 9] };
    const sizes = (passMs: (numRows: number) => number) =>
      shareNodes([unsure, sure], { ...limits, passMs }).map(({ size }) => size);
    // Two roots bring two tokens in passMs(2); a row more costs so many tokens' time.
    expect(sizes((numRows) => 8 + numRows)).toEqual([2, 3]);
    expect(sizes((numRows) => 2 + numRows)).toEqual([1, 3]);
    expect(sizes((numRows) => numRows)).toEqual([1, 1]);
  });
});
