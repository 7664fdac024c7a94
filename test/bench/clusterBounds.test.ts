import { describe, expect, test } from "vitest";
import {
  clusteredDifference,
  clusteredMean,
  clusteredShare,
} from "../../src/bench/base/clusterBounds.ts";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";

/** Files of five places each: a file's own rate is 0.1 or 0.7, so places of one file are alike. */
function drawPlaces(random: () => number, numFiles: number) {
  return Array.from({ length: numFiles }, (_, file) => {
    const rate = random() < 0.5 ? 0.1 : 0.7;
    return Array.from({ length: 5 }, () => ({
      cluster: String(file),
      isSo: random() < rate,
    }));
  }).flat();
}
const TRUE_SHARE = 0.4;

describe("clusteredShare", () => {
  test("covers the true share in about 95 of 100 samples of alike places, and bounds by places do not", () => {
    const random = seededRandom(3);
    const numSamples = 200;
    let numCovered = 0;
    let numCoveredApart = 0;
    const covers = (interval: { low: number; high: number }) =>
      interval.low <= TRUE_SHARE && interval.high >= TRUE_SHARE;
    for (let sample = 0; sample < numSamples; sample++) {
      const places = drawPlaces(random, 20);
      if (covers(clusteredShare(places, sample)!)) numCovered++;
      const apart = places.map((place, index) => ({ ...place, cluster: String(index) }));
      if (covers(clusteredShare(apart, sample)!)) numCoveredApart++;
    }
    expect(numCovered / numSamples).toBeGreaterThan(0.9);
    expect(numCoveredApart / numSamples).toBeLessThan(0.9);
  });

  test("promises no certainty where all places are alike", () => {
    const none = Array.from({ length: 30 }, (_, index) => ({
      cluster: String(index % 10),
      isSo: false,
    }));
    const { mean, low, high } = clusteredShare(none, 1)!;
    expect([mean, low]).toEqual([0, 0]);
    // Wilson's bound of 0 of 30.
    expect(high).toBeCloseTo(0.114, 3);
    expect(clusteredShare([], 1)).toBeNull();
  });
});

describe("clusteredMean", () => {
  test("weighs values, and is null where there is nothing to weigh", () => {
    const values = [
      { cluster: "a", value: 1, weight: 3 },
      { cluster: "b", value: 0, weight: 1 },
    ];
    expect(clusteredMean(values, 1)).toEqual({ mean: 0.75, low: 0, high: 1 });
    expect(clusteredMean([{ cluster: "a", value: 1, weight: 0 }], 1)).toBeNull();
    expect(clusteredMean([], 1)).toBeNull();
  });
});

describe("clusteredDifference", () => {
  test("of pairs that never differ is bounded by what could have gone unseen", () => {
    const pairs = Array.from({ length: 100 }, (_, index) => ({ cluster: String(index), value: 0 }));
    const { mean, low, high } = clusteredDifference(pairs, 1)!;
    expect(mean).toBe(0);
    expect(high).toBeCloseTo(0.0362, 4);
    expect(low).toBe(-high);
  });

  test("of pairs that all favor one side has bounds on that side", () => {
    const pairs = Array.from({ length: 60 }, (_, index) => ({
      cluster: String(index % 20),
      value: index % 3 === 0 ? 1 : 0,
    }));
    expect(clusteredDifference(pairs, 1)!.low).toBeGreaterThan(0);
  });
});
