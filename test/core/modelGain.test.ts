import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { ModelGain, missRateOf, numFollowed } from "../../src/core/budget/modelGain.ts";
import { PassCostTable } from "../../src/core/budget/passCost.ts";
import { DraftTreeBuilder, ROOT, rootOnlyTree, sourceBit } from "../../src/core/tree/draftTree.ts";
import { arbitraryTree, pathTokens, treeOf } from "../support/trees.ts";

describe("ModelGain", () => {
  test("is what was expected until it was tried, then what tries brought", () => {
    const gain = new ModelGain();
    expect(gain.expectedMs(0.5, 7, 10)).toBe(7);
    for (let step = 0; step < 60; step++) gain.record(0.5, 2, 15);
    expect(gain.expectedMs(0.5, 7, 10)).toBeCloseTo(5, 0);
    for (let step = 0; step < 400; step++) gain.record(0.5, 0, 15);
    expect(gain.expectedMs(0.5, 7, 10)).toBeLessThan(-10);
  });

  test("tells steps apart in which the others are sure", () => {
    const gain = new ModelGain();
    for (let step = 0; step < 40; step++) gain.record(0.9, 3, 10);
    for (let step = 0; step < 40; step++) gain.record(0.1, 0, 10);
    expect(gain.expectedMs(0.8, 0, 10)).toBeGreaterThan(10);
    expect(gain.expectedMs(0.05, 0, 10)).toBeLessThan(-5);
    expect(gain.expectedMs(0.4, 1, 10)).toBe(1);
  });

  test("fades to what is expected while nobody tries", () => {
    const gain = new ModelGain();
    for (let step = 0; step < 100; step++) gain.record(1, 0, 10);
    for (let step = 0; step < 20_000; step++) gain.fade();
    expect(gain.expectedMs(1, 4, 10)).toBeCloseTo(4, 1);
  });

  test("fades where nobody tries, though it is tried where the others are less sure", () => {
    const gain = new ModelGain();
    for (let step = 0; step < 100; step++) gain.record(0.1, 0, 10);
    for (let step = 0; step < 20_000; step++) gain.record(1, 2, 10);
    expect(gain.expectedMs(0.1, 4, 10)).toBeCloseTo(4, 1);
    expect(gain.expectedMs(1, 4, 10)).toBeGreaterThan(8);
  });
});

describe("a draft model that was refused", () => {
  const LIMITS = { maxNodes: 8, maxBranches: 8, maxDepth: 60 };
  /** A token that the others have drafted, so sure, or none. */
  function othersOf(score: number) {
    if (score === 0) return rootOnlyTree(1);
    const others = new DraftTreeBuilder(1);
    others.add(ROOT, 2, { score, source: sourceBit("suffixMatch") });
    return others.finish();
  }

  /** Steps in which the model is weighed, and brings `numTokens` in `modelMs` where it is asked. */
  class Steps {
    readonly policy = new MeasuredPolicy(
      new PassCostTable(
        [1, 16].map((numRows) => ({ numRows, ms: 40 })),
        16,
      ),
    );

    /** @returns whether it was asked. */
    step(score: number, numTokens: number, modelMs: number, isAborted = false): boolean {
      const { policy } = this;
      const others = othersOf(score);
      const { maxNodes, worth } = policy.budgetFor("draftModel", LIMITS, others);
      const isAsked = maxNodes > 0;
      if (isAsked) worth!.pace.recordPass(1, modelMs);
      if (isAborted) policy.started();
      const tree = new DraftTreeBuilder(1);
      for (let depth = 0; depth < 4; depth++) {
        tree.add(depth, depth + 3, { score: 0.9, source: sourceBit("draftModel") });
      }
      const drafted = isAsked ? tree.finish() : others;
      const committed = [3, 4, 5, 6].slice(0, isAsked ? numTokens : 0);
      policy.learn({
        plan: { tree: drafted, expectedAccepted: 0 },
        committed: Int32Array.of(...committed, 9),
        numKept: committed.length + 1,
        evaluateMs: 40,
        hostMs: 0,
        hasDrafted: true,
        draftingMs: isAsked ? modelMs : 0,
      });
      return isAsked;
    }

    /** A bad moment. */
    untilRefused(score: number): void {
      for (let step = 0; step < 500; step++) if (!this.step(score, 0, 20)) return;
      expect.unreachable("asked though it brings nothing");
    }

    /** Within so many steps. */
    isAskedAgain(score: number, isAborted = false): boolean {
      for (let step = 0; step < 10_000; step++) if (this.step(score, 4, 5, isAborted)) return true;
      return false;
    }
  }

  test("is asked again after a while, though every step weighs it anew, aborted ones, too", () => {
    for (const isAborted of [false, true]) {
      const steps = new Steps();
      steps.untilRefused(0);
      expect(steps.isAskedAgain(0, isAborted), `aborted: ${isAborted}`).toBe(true);
    }
  });

  test("is asked again where the others are sure, though it is asked where they are not", () => {
    const steps = new Steps();
    steps.untilRefused(0.95);
    let numAsked = 0;
    let isAskedAgain = false;
    for (let step = 0; step < 10_000 && !isAskedAgain; step++) {
      if (steps.step(0, 4, 5)) numAsked++;
      isAskedAgain = steps.step(0.95, 4, 5);
    }
    expect(numAsked).toBeGreaterThan(100);
    expect(isAskedAgain).toBe(true);
  });
});

test("numFollowed counts the nodes on the target's path", () => {
  const tree = treeOf(1, [
    [0, 5],
    [1, 6],
    [0, 7],
  ]);
  expect(numFollowed(tree, Int32Array.of(5, 6, 9))).toBe(2);
  expect(numFollowed(tree, Int32Array.of(7, 6))).toBe(1);
  expect(numFollowed(tree, Int32Array.of(8))).toBe(0);
  fc.assert(
    fc.property(arbitraryTree(4, 12), fc.nat(11), (any, node) => {
      const path = pathTokens(any, node % any.size);
      expect(numFollowed(any, Int32Array.from(path))).toBe(path.length);
    }),
  );
});

test("missRateOf is what the root's children leave", () => {
  const scores = Float32Array.of(1, 0.5, 0.9, 0.3);
  const tree = treeOf(1, [
    [0, 5],
    [1, 6],
    [0, 7],
  ]);
  expect(missRateOf({ ...tree, scores })).toBeCloseTo(0.2);
});
