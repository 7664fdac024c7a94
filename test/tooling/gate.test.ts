import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { confidence, firstLineFeatures } from "../../src/core/suggestions/confidence.ts";
import { fitGate, formatGate, gatedPlaces, thresholdAt } from "../../tooling/gate/gateReport.ts";
import { fitLogistic } from "../../tooling/gate/logistic.ts";
import { placeResult } from "../support/placeResults.ts";

describe("fitLogistic", () => {
  test("finds the weights that rows were drawn with", () => {
    const random = seededRandom(7);
    const truth = [-0.5, 2, -1];
    const rows = Array.from({ length: 4000 }, () => [2 * random() - 1, 4 * random() - 2]);
    const labels = rows.map((row) => random() < confidence(row, truth));
    const weights = fitLogistic(rows, labels);
    for (const [index, weight] of truth.entries()) {
      expect(Math.abs(weights[index]! - weight)).toBeLessThan(0.2);
    }
  });

  test("stays finite where one feature tells all", () => {
    const rows = [[-2], [-1], [1], [2]];
    const weights = fitLogistic(rows, [false, false, true, true]);
    expect(weights.every(Number.isFinite)).toBe(true);
    expect(confidence([-1], weights)).toBeLessThan(0.5);
    expect(confidence([1], weights)).toBeGreaterThan(0.5);
  });

  test("says the share of right ones where nothing tells them apart", () => {
    const rows = Array.from({ length: 40 }, () => [0]);
    const weights = fitLogistic(
      rows,
      rows.map((_, index) => index % 4 === 0),
    );
    expect(confidence([0], weights)).toBeCloseTo(0.25, 6);
  });
});

describe("firstLineFeatures", () => {
  const features = (...pieces: [string, number][]) =>
    firstLineFeatures(pieces.map(([text, logProb]) => ({ text, logProb })));

  test("are of the tokens up to the first line's end, the one with the line break included", () => {
    expect(features(["a", -1], [" b", -3], [";\n", -2], ["c", -9])).toEqual([
      ...[-2, -3, -1],
      Math.log(3),
    ]);
    expect(features(["a", -1])).toEqual([-1, -1, -1, 0]);
  });

  test("go on through empty lines before the text", () => {
    expect(features(["\n", -1], ["  ", 0], ["x", -2], ["\n", -3], ["y", -9])).toEqual([
      ...[-1.5, -3, -1],
      Math.log(4),
    ]);
  });

  test("are none without text", () => {
    expect(features()).toBeUndefined();
    expect(features(["\n ", -1])).toBeUndefined();
  });
});

describe("a gate", () => {
  /** Sure tokens are right ones, but for every tenth. */
  const places = Array.from({ length: 60 }, (_, index) => {
    const isSure = index % 2 === 0;
    const isRight = index % 10 === 0 ? !isSure : isSure;
    const offeredText = isRight ? "b;" : "c;";
    return placeResult(index, {
      offeredText,
      pieces: ["b", ";"],
      logProbs: [isSure ? -0.1 : -3, 0],
    });
  });

  test("shows what it is sure of, and reports what that costs", () => {
    const gated = gatedPlaces([...places, placeResult(99, { offeredText: "" }), placeResult(100)]);
    expect(gated).toHaveLength(60);
    const weights = fitGate(gated);
    const threshold = thresholdAt(1, gated, weights);
    expect(threshold).toBeGreaterThan(0.5);
    // Of twenty right ones two may be hidden; 1 - 0.9 of them is a little less in floating point.
    const right = gated.filter(({ isRight }) => isRight).slice(0, 20);
    const sure = right.map(({ features }) => confidence(features, weights)).sort((a, b) => a - b);
    expect(thresholdAt(0.9, right, weights)).toBe(sure[2]);
    const report = formatGate(gated, weights, [threshold, 0]);
    expect(report).toContain(
      "| 0.00 | 100 % | 100 % | 40 % | +0.0 (+0.0 to +0.0) | +0.0 | 100 % |",
    );
    expect(report).toMatch(/\| 50 % \| 100 % \| 80 % \| \+40\.0 /);
  });
});
