import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logSumExp } from "../../src/core/base/logSumExp.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

describe("logSumExp", () => {
  test("is the sum's logarithm, and moves with the values however large they are", () => {
    const values = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.constantFrom(-5000, 0, 5000), (list, shift) => {
        const direct = Math.log(list.reduce((sum, value) => sum + Math.exp(value), 0));
        expect(logSumExp(list)).toBeCloseTo(direct, 9);
        expect(logSumExp(list.map((value) => value + shift)) - shift).toBeCloseTo(direct, 6);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("of nothing, and of what is impossible, is -Infinity", () => {
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY);
    expect(logSumExp(Float64Array.of(-Infinity, -Infinity))).toBe(Number.NEGATIVE_INFINITY);
    expect(logSumExp([-Infinity, 2])).toBe(2);
  });
});
