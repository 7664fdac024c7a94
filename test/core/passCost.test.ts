import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { measurePassCost } from "../../src/core/budget/measurePassCost.ts";
import { FlatPassCost, PassCostTable } from "../../src/core/budget/passCost.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { NEVER } from "../support/never.ts";

const POINTS = [
  { numRows: 1, ms: 10 },
  { numRows: 4, ms: 16 },
  { numRows: 8, ms: 16 },
  { numRows: 16, ms: 32 },
];

describe("PassCostTable", () => {
  test("reads between measured sizes by straight lines, and no row beyond is free", () => {
    const table = new PassCostTable(POINTS, 24);
    expect([1, 2, 3, 4, 6, 8, 12, 16, 18, 32].map((n) => table.ms(n))).toEqual([
      10, 12, 14, 16, 16, 16, 24, 32, 36, 64,
    ]);
    const flat = POINTS.slice(0, 1).concat({ numRows: 2, ms: 10 });
    expect([2, 8, 16, 64].map((n) => new PassCostTable(flat, 64).ms(n))).toEqual([10, 10, 20, 80]);
  });

  test("goes on as it rose where only two sizes were measured: a slow target is no wide machine", () => {
    const slow = new PassCostTable(
      [
        { numRows: 1, ms: 80 },
        { numRows: 2, ms: 152 },
      ],
      64,
    );
    expect([4, 8, 16].map((n) => slow.ms(n))).toEqual([296, 584, 1160]);
    expect(slow.rowMs(16)).toBeCloseTo(72);
    const jump = new PassCostTable(
      [
        { numRows: 1, ms: 10 },
        { numRows: 2, ms: 40 },
      ],
      64,
    );
    // In proportion to its rows at most.
    expect(jump.ms(8)).toBe(160);
  });

  test.each([
    ["no single row", [{ numRows: 2, ms: 1 }]],
    [
      "sizes out of order",
      [
        { numRows: 1, ms: 1 },
        { numRows: 1, ms: 2 },
      ],
    ],
    ["a time that is none", [{ numRows: 1, ms: Number.NaN }]],
    ["nothing", []],
  ])("refuses %s", (_name, points) => {
    expect(() => new PassCostTable(points, 8)).toThrow(RangeError);
  });

  test("a machine that became slower moves every size, the ratios stay", () => {
    const table = new PassCostTable(POINTS, 16);
    for (let i = 0; i < 200; i++) table.record(1, 20);
    expect(table.ms(1)).toBeCloseTo(20, 0);
    expect(table.ms(16) / table.ms(8)).toBeCloseTo(2, 5);
  });

  test("a size that costs more than was measured is found out", () => {
    const table = new PassCostTable(POINTS, 16);
    for (let i = 0; i < 400; i++) {
      table.recordPlain(10);
      table.record(1, 10);
      table.record(4, 24);
    }
    expect(table.ms(4) / table.ms(1)).toBeCloseTo(2.4, 1);
  });

  test("a size that was far off is found out, too", () => {
    const table = new PassCostTable(POINTS, 16);
    for (let i = 0; i < 300; i++) {
      table.recordPlain(10);
      table.record(1, 10);
      table.record(16, 200);
    }
    expect(table.ms(16) / table.ms(1)).toBeGreaterThan(15);
  });

  test("knows what plain decoding takes apart, and how it stands to the others", () => {
    const table = new PassCostTable(POINTS, 16);
    expect(table.plainMs).toBe(10);
    for (let run = 0; run < 20; run++) {
      for (let pass = 0; pass < 16; pass++) table.record(4, 24);
      table.recordPlain(9);
    }
    expect(table.plainMs).toBeCloseTo(9, 0);
    expect(table.ms(4)).toBeCloseTo(24, 0);
    for (const ms of [Number.NaN, 0, -1]) table.recordPlain(ms);
    expect(table.plainMs).toBeCloseTo(9, 0);
  });

  test("noise moves no size against another, nor against plain decoding", () => {
    const random = seededRandom(3);
    const noise = () => Math.exp(0.2 * (random() + random() + random() + random() - 2) * 1.7);
    const table = new PassCostTable(POINTS, 16);
    for (let pass = 0; pass < 2500; pass++) {
      table.record(4, 16 * noise());
      if (pass % 256 === 255) table.recordPlain(10 * noise());
    }
    expect(Math.abs(table.ms(4) / 16 - 1)).toBeLessThan(0.15);
    expect(Math.abs(table.ms(16) / 32 - 1)).toBeLessThan(0.25);
    expect(Math.abs(table.plainMs / 10 - 1)).toBeLessThan(0.25);
  });

  test("tells what a row costs once something is drafted", () => {
    const points = [1, 2, 4, 5, 8].map((numRows) => ({
      numRows,
      ms: numRows < 2 ? 10 : numRows < 5 ? 20 : 50,
    }));
    const steps = new PassCostTable(points, 16);
    expect(steps.rowMs(5)).toBeCloseTo((50 - 20) / 3);
    expect(steps.rowMs(4)).toBe(0);
    expect(steps.rowMs(1)).toBe(0);
  });

  test("single hiccups hardly matter, whatever they are", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (ms) => {
        const table = new PassCostTable(POINTS, 16);
        table.record(4, ms);
        expect(Math.abs(table.ms(1) / 10 - 1)).toBeLessThan(0.15);
        expect(Math.abs(table.ms(4) / 16 - 1)).toBeLessThan(0.33);
      }),
    );
    const table = new PassCostTable(POINTS, 16);
    for (const ms of [Number.NaN, -1, 0, Number.POSITIVE_INFINITY]) table.record(4, ms);
    table.record(99, 5);
    for (let numRows = 1; numRows <= 16; numRows++) {
      expect(table.ms(numRows) > 0 && Number.isFinite(table.ms(numRows))).toBe(true);
    }
  });
});

/** A clock that each pass of a target moves on. */
function timedTarget(msOf: (numRows: number, pass: number) => number, contextSize = 4096) {
  let now = 0;
  let numPasses = 0;
  const target = new FakeTarget({ vocabSize: 8, logitsOf: hashedLogits(8, 2), contextSize });
  const evaluateTree = target.evaluateTree.bind(target);
  target.evaluateTree = (tree, signal) => {
    now += msOf(tree.size, numPasses++);
    return evaluateTree(tree, signal);
  };
  return { target, now: () => now, numPasses: () => numPasses };
}

describe("measurePassCost", () => {
  test("finds the plateaus of a step function", async () => {
    const { target, now } = timedTarget((numRows) => 4 * Math.ceil(numRows / 8));
    const { points } = await measurePassCost(target, { now, budgetMs: 1000 }, NEVER);
    const table = new PassCostTable(points, 64);
    expect([1, 8, 9, 16, 17].map((n) => table.ms(n))).toEqual([4, 4, 8, 8, 12]);
    expect(points.at(-1)?.numRows).toBe(64);
  });

  test("takes medians, so that some slow passes do no harm", async () => {
    const { target, now } = timedTarget((_rows, pass) => (pass % 8 === 0 ? 50 : 1));
    const { points } = await measurePassCost(target, { now, budgetMs: 1e5 }, NEVER);
    expect(points.every(({ ms }) => ms === 1)).toBe(true);
  });

  test("a hiccup in a single row is found out in the least of rounds", async () => {
    let numSingle = 0;
    const { target, now } = timedTarget((numRows) => {
      const isHiccup = numRows === 1 && ++numSingle % 4 === 0;
      return isHiccup ? 500 : 90 + 10 * numRows;
    });
    const { points } = await measurePassCost(target, { now, budgetMs: 500 }, NEVER);
    expect(points[0]).toEqual({ numRows: 1, ms: 100 });
  });

  test("takes single rows as they are behind each other, not behind the round's largest pass", async () => {
    let rowsBefore = 1;
    const { target, now } = timedTarget((numRows) => {
      const isSlow = numRows === 1 && rowsBefore > 1;
      rowsBefore = numRows;
      return isSlow ? 14 : 10;
    });
    const { points } = await measurePassCost(target, { now, budgetMs: 1e5 }, NEVER);
    expect(points[0]).toEqual({ numRows: 1, ms: 10 });
  });

  test("never says that a larger pass is cheaper", async () => {
    const { target, now } = timedTarget((numRows) => (numRows === 3 ? 9 : numRows));
    const { points } = await measurePassCost(target, { now, budgetMs: 1000 }, NEVER);
    for (const [index, { ms }] of points.entries()) {
      if (index > 0) expect(ms).toBeGreaterThanOrEqual(points[index - 1]!.ms);
    }
  });

  test.each([
    ["slow", 50, 8],
    ["very slow", 200, 4],
    ["hardly bearable", 2000, 2],
  ])(
    "where a pass is %s measures small ones only, and no longer than was allowed and one more",
    async (_, rowMs, largest) => {
      const { target, now } = timedTarget((numRows) => rowMs * numRows);
      const { points } = await measurePassCost(target, { now, budgetMs: 800 }, NEVER);
      expect(points.at(-1)?.numRows).toBe(largest);
      // One and two rows are measured whatever that takes, the single row behind another one.
      expect(now()).toBeLessThanOrEqual(Math.max(4 * rowMs, 800 + largest * rowMs));
    },
  );

  test("keeps to a small context, and leaves a target that can be used", async () => {
    const { target, now } = timedTarget(() => 1, 20);
    const { points } = await measurePassCost(target, { now, budgetMs: 100 }, NEVER);
    expect(points.at(-1)!.numRows).toBeLessThanOrEqual(20);
    await target.prefill(Int32Array.of(1, 2, 3), NEVER);
    expect(target.kvLength).toBe(3);
  });

  test("ends with the signal", async () => {
    const { target, now } = timedTarget(() => 1);
    await expect(
      measurePassCost(target, { now, budgetMs: 100 }, AbortSignal.abort()),
    ).rejects.toMatchObject({ name: "AbortError" });
  });
});

test("FlatPassCost is flat up to a size, rises by its share beyond, and learns nothing", () => {
  const table = new FlatPassCost(10, 8, 32);
  table.record(8, 500);
  table.recordPlain(500);
  expect(table.plainMs).toBe(10);
  expect([1, 4, 8, 16, 32].map((numRows) => table.ms(numRows))).toEqual([10, 10, 10, 20, 40]);
});
