import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkDraftTree,
  copyDraftTree,
  DraftTreeBuilder,
  sourceBit,
  sourcesOf,
  survivals,
} from "../../src/core/tree/draftTree.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

describe("DraftTreeBuilder", () => {
  test("builds valid trees from any proposals", () => {
    fc.assert(
      fc.property(arbitraryTree(5, 40), (tree) => {
        expect(checkDraftTree(tree)).toBeUndefined();
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("merges equal siblings: sources united, estimates combined", () => {
    const builder = new DraftTreeBuilder(0);
    const first = builder.add(0, 7, { score: 0.5, source: 1 });
    const second = builder.add(0, 7, { score: 0.5, source: 2 });
    expect(second).toBe(first);
    const tree = builder.finish();
    expect(tree.size).toBe(2);
    expect(tree.scores[1]).toBeCloseTo(0.75);
    expect(tree.sources[1]).toBe(3);
  });

  test("takes a draft model's estimate as it is, whoever comes first", () => {
    const model = { score: 0.1, source: sourceBit("draftModel") };
    const copy = { score: 0.9, source: sourceBit("workspace") };
    for (const proposals of [
      [model, copy],
      [copy, model],
    ]) {
      const builder = new DraftTreeBuilder(0);
      for (const proposal of proposals) builder.add(0, 7, proposal);
      expect(builder.finish().scores[1]).toBeCloseTo(0.1);
    }
  });

  test("merged scores stay in (0, 1], however small or large", () => {
    const score = fc.double({ min: Number.MIN_VALUE, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(score, { minLength: 1, maxLength: 5 }), (scores) => {
        const builder = new DraftTreeBuilder(0);
        // In single precision, as scores are kept.
        for (const value of scores) {
          builder.add(0, 1, { score: Math.fround(value) || 1e-45, source: 1 });
        }
        expect(checkDraftTree(builder.finish())).toBeUndefined();
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("keeps equal tokens below different parents apart", () => {
    const tree = treeOf(0, [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
    ]);
    expect(tree.size).toBe(5);
    expect(Array.from(tree.depths)).toEqual([0, 1, 1, 2, 2]);
  });

  test("refuses parents that are no nodes and scores outside (0, 1]", () => {
    const builder = new DraftTreeBuilder(0);
    for (const parent of [-1, 1, Number.NaN]) {
      expect(() => builder.add(parent, 1, { score: 1, source: 1 })).toThrow(RangeError);
    }
    for (const score of [0, -1, 1.01, Number.NaN]) {
      expect(() => builder.add(0, 1, { score, source: 1 })).toThrow(RangeError);
    }
    expect(builder.size).toBe(1);
  });

  test("finds a child by its token", () => {
    const builder = new DraftTreeBuilder(0);
    const node = builder.add(0, 4, { score: 1, source: 1 });
    expect(builder.child(0, 4)).toBe(node);
    expect(builder.child(0, 5)).toBe(-1);
    expect(builder.child(node, 4)).toBe(-1);
  });
});

describe("checkDraftTree", () => {
  const tree = treeOf(0, [
    [0, 1],
    [1, 2],
    [0, 3],
  ]);

  test.each([
    ["size", { size: 0 }, "size 0"],
    ["a fractional size", { size: 1.5 }, "size 1.5"],
    ["a short column", { scores: tree.scores.subarray(1) }, "scores has 3 rows"],
    ["the root's parent", { parents: Int32Array.of(0, 0, 1, 0) }, "root has parent 0"],
    ["the root's depth", { depths: Int32Array.of(1, 1, 2, 1) }, "root has depth 1"],
    ["a parent that comes later", { parents: Int32Array.of(-1, 0, 3, 0) }, "node 2 has parent 3"],
    ["a negative parent", { parents: Int32Array.of(-1, -1, 1, 0) }, "node 1 has parent -1"],
    ["a depth", { depths: Int32Array.of(0, 1, 1, 1) }, "node 2 has depth 1"],
    ["a score of 0", { scores: Float32Array.of(1, 0, 1, 1) }, "node 1 has score 0"],
    ["a NaN score", { scores: Float32Array.of(1, 1, 1, Number.NaN) }, "node 3 has score NaN"],
    ["equal siblings", { tokens: Int32Array.of(0, 1, 2, 1) }, "node 3 repeats token 1 below 0"],
  ])("names %s as broken", (_name, broken, message) => {
    expect(checkDraftTree(tree)).toBeUndefined();
    expect(checkDraftTree({ ...tree, ...broken })).toContain(message);
  });
});

describe("survivals", () => {
  test("is the product of the scores on the path, and never rises along it", () => {
    fc.assert(
      fc.property(arbitraryTree(5, 30), (tree) => {
        const survival = survivals(tree);
        for (let node = 1; node < tree.size; node++) {
          let product = 1;
          for (let at = node; at > 0; at = tree.parents[at]!) product *= tree.scores[at]!;
          expect(survival[node]).toBeCloseTo(product, 5);
          expect(survival[node]).toBeLessThanOrEqual(survival[tree.parents[node]!]!);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("copyDraftTree", () => {
  test("equals the tree and shares no array with it", () => {
    const tree = treeOf(0, [[0, 1]]);
    const copy = copyDraftTree(tree);
    expect(copy).toEqual(tree);
    tree.tokens.fill(9);
    expect(copy.tokens[1]).toBe(1);
  });
});

describe("sourcesOf", () => {
  test("names the sources whose bits are set", () => {
    expect(sourcesOf(0)).toEqual([]);
    expect(sourcesOf(sourceBit("recycling") | sourceBit("draftModel"))).toEqual([
      "recycling",
      "draftModel",
    ]);
  });
});
