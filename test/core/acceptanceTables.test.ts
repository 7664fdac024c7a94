import { describe, expect, test } from "vitest";
import { AcceptanceTables } from "../../src/core/calibration/acceptanceTables.ts";
import { sourceBit } from "../../src/core/tree/draftTree.ts";
import { treeOf } from "../support/trees.ts";

const ALONE = sourceBit("recycling");
const TOGETHER = ALONE | sourceBit("draftModel");
const tree = treeOf(9, [[0, 1, 0.5, ALONE]]);
const scoreIn = (tables: AcceptanceTables, sources: number) =>
  tables.of(sources).calibrate(tree).scores[1]!;

describe("AcceptanceTables", () => {
  test("the same node is worth something else where another source drafted, too", () => {
    const tables = new AcceptanceTables();
    for (let step = 0; step < 300; step++) {
      tables.of(ALONE).learn(tree, Int32Array.of(1));
      // The draft model left it out, and was right.
      tables.of(TOGETHER).learn(tree, Int32Array.of(2));
    }
    expect(scoreIn(tables, ALONE)).toBeGreaterThan(0.9);
    expect(scoreIn(tables, TOGETHER)).toBeLessThan(0.1);
  });

  test("a new set starts from what the last one learned, and is soon of its own mind", () => {
    const tables = new AcceptanceTables();
    for (let step = 0; step < 900; step++) tables.of(ALONE).learn(tree, Int32Array.of(1));
    expect(scoreIn(tables, TOGETHER)).toBeGreaterThan(0.8);
    for (let step = 0; step < 30; step++) tables.of(TOGETHER).learn(tree, Int32Array.of(2));
    expect(scoreIn(tables, TOGETHER)).toBeLessThan(0.3);
    expect(scoreIn(tables, ALONE)).toBeGreaterThan(0.9);
  });

  test("doubt about a source concerns the sets that it is in", () => {
    const tables = new AcceptanceTables();
    const own = treeOf(9, [[0, 1, 0.5, sourceBit("draftModel")]]);
    for (let step = 0; step < 300; step++) tables.of(TOGETHER).learn(own, Int32Array.of(1));
    tables.doubt("draftModel");
    for (let step = 0; step < 30; step++) tables.of(TOGETHER).learn(own, Int32Array.of(2));
    expect(tables.of(TOGETHER).calibrate(own).scores[1]).toBeLessThan(0.35);
  });
});
