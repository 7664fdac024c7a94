import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { meanInterval } from "../support/meanInterval.ts";

describe("meanInterval", () => {
  test("covers the true mean in about 95 of 100 samples", () => {
    const random = seededRandom(11);
    const numSamples = 150;
    let numCovered = 0;
    for (let sample = 0; sample < numSamples; sample++) {
      const values = Array.from({ length: 30 }, () => Math.floor(3 * random()));
      const { low, high } = meanInterval(values, sample);
      if (low <= 1 && high >= 1) numCovered++;
    }
    expect(numCovered / numSamples).toBeGreaterThan(0.9);
    expect(numCovered / numSamples).toBeLessThan(0.99);
  });

  test("is the range where there are too few values for bounds", () => {
    expect(meanInterval([0, 1, 5], 1)).toEqual({ mean: 2, low: 0, high: 5 });
    expect(() => meanInterval([], 1)).toThrow(RangeError);
  });
});
