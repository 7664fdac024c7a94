import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  chooseNumNodes,
  limitDraftTree,
  rankNodes,
  treeOfRanked,
  type VerifyLimits,
} from "../../src/core/budget/draftBudget.ts";
import { checkDraftTree, type DraftTree, survivals } from "../../src/core/tree/draftTree.ts";
import { layOutTree } from "../../src/core/tree/treeBatch.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, pathTokens, treeOf } from "../support/trees.ts";

const arbitraryLimits: fc.Arbitrary<VerifyLimits> = fc.record({
  maxNodes: fc.nat(20),
  maxBranches: fc.integer({ min: 1, max: 8 }),
  maxDepth: fc.nat(8),
});
const UNLIMITED: VerifyLimits = { maxNodes: 1000, maxBranches: 1000, maxDepth: 1000 };

const pathsOf = (tree: DraftTree) =>
  Array.from(tree.tokens.keys(), (node) => pathTokens(tree, node).join());
/** Expected accepted tokens: the sum of survivals below the root. */
const expectedAccepted = (tree: DraftTree) =>
  survivals(tree).reduce((sum, survival) => sum + survival, -1);

function forAll(check: (tree: DraftTree, limits: VerifyLimits, limited: DraftTree) => void): void {
  fc.assert(
    fc.property(arbitraryTree(5, 30), arbitraryLimits, (tree, limits) =>
      check(tree, limits, limitDraftTree(tree, limits)),
    ),
    { numRuns: NUM_RUNS },
  );
}

describe("limitDraftTree", () => {
  test("returns a valid tree within every limit", () => {
    forAll((_tree, limits, limited) => {
      expect(checkDraftTree(limited)).toBeUndefined();
      expect(limited.size - 1).toBeLessThanOrEqual(limits.maxNodes);
      expect(layOutTree(limited).numBranches).toBeLessThanOrEqual(limits.maxBranches);
      expect(Math.max(...limited.depths)).toBeLessThanOrEqual(limits.maxDepth);
    });
  });

  test("chooses paths of the tree, closed under ancestors, with their columns", () => {
    forAll((tree, _limits, limited) => {
      const paths = pathsOf(tree);
      pathsOf(limited).forEach((path, node) => {
        const origin = paths.indexOf(path);
        expect(origin).not.toBe(-1);
        for (const column of ["scores", "sources"] as const) {
          expect(limited[column][node]).toBe(tree[column][origin]);
        }
      });
    });
  });

  test("keeps the whole tree where nothing limits", () => {
    forAll((tree) => {
      const limited = limitDraftTree(tree, UNLIMITED);
      expect(new Set(pathsOf(limited))).toEqual(new Set(pathsOf(tree)));
    });
  });

  test("chooses the nodes of highest survival where only their number limits", () => {
    forAll((tree, { maxNodes }) => {
      const best = Array.from(survivals(tree))
        .slice(1)
        .sort((a, b) => b - a)
        .slice(0, maxNodes);
      const limited = limitDraftTree(tree, { ...UNLIMITED, maxNodes });
      expect(expectedAccepted(limited)).toBeCloseTo(
        best.reduce((sum, value) => sum + value, 0),
        4,
      );
    });
  });

  test("a larger node budget keeps all that a smaller one chose, so that the expected gain never falls", () => {
    forAll((tree, limits, limited) => {
      const larger = limitDraftTree(tree, { ...limits, maxNodes: limits.maxNodes + 1 });
      const largerPaths = new Set(pathsOf(larger));
      for (const path of pathsOf(limited)) expect(largerPaths.has(path)).toBe(true);
      expect(expectedAccepted(larger)).toBeGreaterThanOrEqual(expectedAccepted(limited) - 1e-5);
    });
  });

  test("leaves out a node that would open one branch too many, never the tree", () => {
    const tree = treeOf(0, [
      [0, 1, 0.5],
      [0, 2, 0.3],
      [0, 3, 0.1],
      [1, 4, 0.1],
      [3, 5, 0.9],
    ]);
    const limited = limitDraftTree(tree, { ...UNLIMITED, maxBranches: 2 });
    expect(pathsOf(limited)).toEqual(["", "1", "1,4", "2"]);
  });

  test("stands depth-first, best child first", () => {
    forAll((_tree, _limits, limited) => {
      const survival = survivals(limited);
      let last = 0;
      for (let node = 1; node < limited.size; node++) {
        // Depth-first: the parent is on the path that ends at the row before.
        const parent = limited.parents[node]!;
        while (last !== parent && last > 0) last = limited.parents[last]!;
        expect(last).toBe(parent);
        last = node;
        const elder = limited.parents.subarray(0, node).lastIndexOf(parent);
        if (elder > 0) expect(survival[node]).toBeLessThanOrEqual(survival[elder]!);
      }
    });
  });
});

describe("rankNodes", () => {
  test("every start of the order is a tree, by falling survival", () => {
    fc.assert(
      fc.property(arbitraryTree(5, 30), arbitraryLimits, fc.nat(30), (tree, limits, count) => {
        const ranked = rankNodes(tree, limits);
        for (const [index, survival] of ranked.survival.entries()) {
          if (index > 0) expect(survival).toBeLessThanOrEqual(ranked.survival[index - 1]!);
        }
        const numNodes = Math.min(count, ranked.nodes.length);
        const limited = treeOfRanked(ranked, numNodes);
        expect(checkDraftTree(limited)).toBeUndefined();
        expect(limited.size - 1).toBe(numNodes);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("chooseNumNodes", () => {
  const plain = { treeMs: 0, tokensPerMs: 1 };
  const survival = Float32Array.of(0.9, 0.6, 0.3, 0.1, 0.05);

  test("takes everything where rows are free", () => {
    const choice = chooseNumNodes(survival, { ...plain, passMs: () => 1 });
    expect(choice.numNodes).toBe(5);
    expect(choice.expectedAccepted).toBeCloseTo(1.95, 5);
  });

  test("takes nothing where each row costs more than its token is worth", () => {
    expect(chooseNumNodes(survival, { ...plain, passMs: (n) => n }).numNodes).toBe(0);
    expect(chooseNumNodes(Float32Array.of(), { ...plain, passMs: () => 1 }).numNodes).toBe(0);
  });

  test("takes what is worth its row, and no more", () => {
    expect(chooseNumNodes(survival, { ...plain, passMs: (n) => 0.5 * n }).numNodes).toBe(2);
  });

  test("fills a plateau, and opens the next one only if that pays", () => {
    const step = (ms: number) => (numRows: number) => (numRows <= 3 ? 1 : 1 + ms);
    expect(chooseNumNodes(survival, { ...plain, passMs: step(0.4) }).numNodes).toBe(5);
    expect(chooseNumNodes(survival, { ...plain, passMs: step(0.5) }).numNodes).toBe(2);
  });

  test("takes no tree whose handling costs more than it brings", () => {
    const passMs = (numRows: number) => 0.5 * numRows;
    expect(chooseNumNodes(survival, { ...plain, passMs, treeMs: 0.4 }).numNodes).toBe(2);
    expect(chooseNumNodes(survival, { ...plain, passMs, treeMs: 0.6 }).numNodes).toBe(0);
  });

  test("is the best of all numbers, whatever t(n) is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }),
        fc.array(fc.double({ min: 0.1, max: 9, noNaN: true }), { minLength: 21, maxLength: 21 }),
        (scores, ms) => {
          const sorted = Float32Array.from(scores).sort().reverse();
          const cost = { ...plain, passMs: (numRows: number) => ms[numRows - 1]! };
          const { numNodes, gain } = chooseNumNodes(sorted, cost);
          let expected = 0;
          for (let n = 0; n <= sorted.length; n++) {
            if (n > 0) expected += sorted[n - 1]!;
            const other = n === 0 ? 0 : expected - (ms[n]! - ms[0]!);
            expect(gain).toBeGreaterThanOrEqual(other - 1e-9);
            if (n === numNodes) expect(gain).toBeCloseTo(other, 9);
          }
        },
      ),
    );
  });
});
