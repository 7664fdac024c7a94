import { describe, expect, test } from "vitest";
import { othersShare } from "../../src/bench/busyMeter.ts";

const at = (atMs: number, busyMs: number, ownMs: number) => ({ atMs, busyMs, ownMs, numCores: 4 });

describe("othersShare", () => {
  test("is what others had of all cores", () => {
    expect(othersShare(at(0, 0, 0), at(100, 300, 100))).toBe(0.5);
    expect(othersShare(at(50, 900, 70), at(150, 1000, 170))).toBe(0);
  });

  test("is never outside 0 … 1, as clocks do not tick alike", () => {
    expect(othersShare(at(0, 0, 0), at(100, 90, 100))).toBe(0);
    expect(othersShare(at(0, 0, 0), at(100, 900, 0))).toBe(1);
    expect(othersShare(at(0, 0, 0), at(0, 10, 0))).toBe(0);
  });
});
