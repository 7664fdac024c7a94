import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  MIN_BOUNDED_VALUES,
  median,
  medianInterval,
  quantile,
} from "../../src/bench/base/statistics.ts";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";

describe("median", () => {
  test("is the middle value, or the mean of the two in the middle", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe("quantile", () => {
  test("is a measured value", () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1);
    expect([0, 0.5, 0.95, 1].map((share) => quantile(values, share))).toEqual([1, 50, 95, 100]);
    expect(quantile([], 0.5)).toBeNull();
  });
});

describe("medianInterval", () => {
  test("holds the median, lies in the range, and is the same for the same seed", () => {
    const values = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.nat(), (ratios, seed) => {
        const interval = medianInterval(ratios, seed);
        expect(interval).toEqual(medianInterval(ratios, seed));
        expect(interval.median).toBe(median(ratios));
        expect(interval.low).toBeGreaterThanOrEqual(Math.min(...ratios));
        expect(interval.low).toBeLessThanOrEqual(interval.median);
        expect(interval.high).toBeGreaterThanOrEqual(interval.median);
        expect(interval.high).toBeLessThanOrEqual(Math.max(...ratios));
      }),
      { numRuns: 40 },
    );
  });

  test("covers the true median in about 95 of 100 samples", () => {
    const random = seededRandom(7);
    const numSamples = 300;
    let numCovered = 0;
    for (let sample = 0; sample < numSamples; sample++) {
      // The median of a uniform draw is 0.5.
      const { low, high } = medianInterval(Array.from({ length: 15 }, random), sample);
      if (low <= 0.5 && high >= 0.5) numCovered++;
    }
    expect(numCovered / numSamples).toBeGreaterThan(0.9);
    expect(numCovered / numSamples).toBeLessThan(0.99);
  });

  test("is the range where there are too few values for bounds", () => {
    const few = Array.from({ length: MIN_BOUNDED_VALUES - 1 }, (_, index) => index);
    expect(medianInterval(few, 1)).toEqual({ median: 2, low: 0, high: 4 });
    expect(() => medianInterval([], 1)).toThrow(RangeError);
  });
});
