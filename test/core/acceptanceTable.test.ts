import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AcceptanceTable } from "../../src/core/calibration/acceptanceTable.ts";
import { checkDraftTree, type DraftTree, ROOT } from "../../src/core/tree/draftTree.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

describe("AcceptanceTable", () => {
  test("believes the drafters until it has seen something", () => {
    const tree = treeOf(9, [[0, 3, 0.4]]);
    expect(new AcceptanceTable().calibrate(tree).scores[1]).toBeCloseTo(0.4, 5);
  });

  test("finds out what scores are worth, per kind of node", () => {
    const table = new AcceptanceTable();
    const tree = treeOf(9, [
      [0, 1, 0.9, 1],
      [0, 2, 0.1, 2],
    ]);
    // The first is right in 1 of 5 steps, the second in 3 of 5.
    for (let step = 0; step < 500; step++) {
      const chosen = step % 5 === 0 ? 1 : step % 5 < 4 ? 2 : 7;
      table.learn(tree, Int32Array.of(chosen));
    }
    const { scores } = table.calibrate(tree);
    expect(scores[1]).toBeCloseTo(0.2, 1);
    expect(scores[2]).toBeCloseTo(0.6, 1);
  });

  test("a node that nobody proposed has an estimate, too", () => {
    const table = new AcceptanceTable();
    const tree = treeOf(9, [[0, 3, 0.4, 0]]);
    table.learn(tree, Int32Array.of(3));
    expect(table.calibrate(tree).scores[1]).toBeGreaterThan(0);
  });

  test("learns below accepted nodes only, verified or not, and no further than is known", () => {
    const table = new AcceptanceTable();
    const tree = treeOf(9, [
      [0, 1, 0.5, 1],
      [1, 2, 0.3, 2],
      [0, 3, 0.25, 4],
      [3, 2, 0.15, 2],
    ]);
    for (let step = 0; step < 300; step++) table.learn(tree, Int32Array.of(1));
    const { scores } = table.calibrate(tree);
    expect(scores[1]).toBeGreaterThan(0.9);
    expect(scores[3]).toBeLessThan(0.05);
    // What the target chooses after the one committed token, nobody knows.
    expect(scores[2]).toBeCloseTo(0.3, 5);
    expect(scores[4]).toBeCloseTo(0.15, 5);
  });

  test("forgets what was true long ago", () => {
    const table = new AcceptanceTable();
    const tree = treeOf(9, [[0, 1, 0.5, 1]]);
    for (let step = 0; step < 5000; step++) table.learn(tree, Int32Array.of(1));
    for (let step = 0; step < 3000; step++) table.learn(tree, Int32Array.of(2));
    expect(table.calibrate(tree).scores[1]).toBeLessThan(0.1);
  });

  test("keeps the tree valid, siblings at 0.98 together and everything else as it was", () => {
    fc.assert(
      fc.property(
        arbitraryTree(5, 30),
        fc.array(fc.tuple(arbitraryTree(5, 10), fc.array(fc.nat(5), { maxLength: 4 }))),
        (tree, steps) => {
          const table = new AcceptanceTable();
          for (const [seen, committed] of steps) table.learn(seen, Int32Array.from(committed));
          const calibrated = table.calibrate(tree);
          expect(checkDraftTree(calibrated)).toBeUndefined();
          expect({ ...calibrated, scores: tree.scores }).toEqual(tree);
          for (const sum of siblingSums(calibrated)) expect(sum).toBeLessThanOrEqual(0.98001);
        },
      ),
    );
  });
});

function siblingSums(tree: DraftTree): number[] {
  const sums = new Array<number>(tree.size).fill(0);
  for (let node = ROOT + 1; node < tree.size; node++) {
    sums[tree.parents[node]!]! += tree.scores[node]!;
  }
  return sums;
}
