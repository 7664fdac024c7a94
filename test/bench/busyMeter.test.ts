import { describe, expect, test } from "vitest";
import { disturbance, OthersMeter, othersShare } from "../../src/bench/base/busyMeter.ts";

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

test("OthersMeter notes what others had in each part, and not between parts", () => {
  const samples = [at(0, 0, 0), at(100, 400, 400), at(200, 600, 400), at(300, 800, 400)].values();
  const meter = new OthersMeter(() => samples.next().value!);
  meter.end();
  meter.begin();
  meter.end();
  expect(meter.shares).toEqual([0, 0.5]);
});

test("disturbance counts the parts that are doubtful", () => {
  expect(disturbance([0, 0.1, 0.3, 0.2])).toEqual({ numBusy: 2, maxShare: 0.3 });
  expect(disturbance([])).toEqual({ numBusy: 0, maxShare: 0 });
});
