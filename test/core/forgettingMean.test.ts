import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ForgettingMean } from "../../src/core/tree/forgettingMean.ts";
import { MAX_SURPRISE, MEMORY_STEPS } from "../../src/core/tree/policyConstants.ts";

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe("ForgettingMean", () => {
  test("is the mean as long as nothing is forgotten, and within what was seen ever after", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 120 }), (values) => {
        const mean = new ForgettingMean();
        expect(mean.value).toBeUndefined();
        for (const [index, each] of values.entries()) {
          mean.add(each);
          if (index >= MEMORY_STEPS) continue;
          const sum = values.slice(0, index + 1).reduce((a, b) => a + b, 0);
          expect(mean.value).toBeCloseTo(sum / (index + 1), 4);
        }
        expect(mean.value).toBeGreaterThanOrEqual(Math.min(...values) - 1e-6);
        expect(mean.value).toBeLessThanOrEqual(Math.max(...values) + 1e-6);
      }),
    );
  });

  test("an expectation counts as so many observations", () => {
    const mean = new ForgettingMean(10, 3);
    // Nothing was less than what was expected.
    mean.fade();
    expect(mean.value).toBe(10);
    mean.add(2);
    expect(mean.value).toBeCloseTo(8);
  });

  test("a time is believed as far as it may be one, and fades to the least that it was", () => {
    const mean = new ForgettingMean();
    mean.addTime(10);
    mean.addTime(1e9);
    expect(mean.value).toBeCloseTo((10 + MAX_SURPRISE * 10) / 2);
    for (let step = 0; step < 20_000; step++) mean.fade();
    expect(mean.value).toBeCloseTo(10);
  });
});
