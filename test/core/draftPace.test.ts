import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DraftPace } from "../../src/core/budget/draftPace.ts";

describe("DraftPace", () => {
  test("knows nothing before the first pass, and sizes in between and beyond after it", () => {
    const pace = new DraftPace();
    expect(pace.passMs(1)).toBeUndefined();
    for (let i = 0; i < 50; i++) pace.recordPass(2, 10);
    expect(pace.passMs(1)).toBeCloseTo(10);
    // Free, or more rows would never be tried.
    expect(pace.passMs(4)).toBeCloseTo(10);
    // The first passes of a size count as near to what was expected of it.
    for (let i = 0; i < 50; i++) pace.recordPass(6, 30);
    expect(pace.passMs(6)).toBeCloseTo(30, 0);
    expect(pace.passMs(4)).toBeCloseTo(20, 0);
  });

  test("follows a machine that became slower; single hiccups hardly matter", () => {
    const pace = new DraftPace();
    for (let i = 0; i < 50; i++) pace.recordPass(1, 10);
    pace.recordPass(1, 5000);
    expect(pace.passMs(1)).toBeLessThan(13);
    for (let i = 0; i < 100; i++) pace.recordPass(1, 25);
    expect(pace.passMs(1)).toBeCloseTo(25, 0);
  });

  test("no time that a clock may give does harm", () => {
    const ms = fc.oneof(
      fc.double({ min: 1e-6, max: 1e9 }),
      fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), ms)), (passes) => {
        const pace = new DraftPace();
        for (const [numRows, each] of passes) pace.recordPass(numRows, each);
        for (const numRows of [1, 7, 64]) {
          const expected = pace.passMs(numRows);
          if (expected !== undefined) expect(expected > 0 && expected < 1e12).toBe(true);
        }
      }),
    );
  });

  test("learns hits, and forgets", () => {
    const pace = new DraftPace();
    for (let i = 0; i < 1000; i++) pace.recordHit(true);
    expect(pace.hitRate).toBeGreaterThan(0.95);
    for (let i = 0; i < 500; i++) pace.recordHit(false);
    expect(pace.hitRate).toBeLessThan(0.1);
  });
});
