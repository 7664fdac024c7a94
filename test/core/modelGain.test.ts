import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModelGain, missRateOf, numFollowed } from "../../src/core/budget/modelGain.ts";
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
