/** What a confidence gate would have shown at the places of an accuracy run. Pure. */
import { signed } from "../../src/bench/accuracy/accuracyTables.ts";
import { judge, type PlaceResult } from "../../src/bench/accuracy/placeResult.ts";
import { percent } from "../../src/bench/base/doubts.ts";
import { percentileBounds } from "../../src/bench/base/statistics.ts";
import {
  confidence,
  firstLineFeatures,
  type GateWeights,
} from "../../src/core/suggestions/confidence.ts";
import { fitLogistic } from "./logistic.ts";

const SEED = 1;
const BINS = [0, 0.1, 0.25, 0.5, 0.75, 1] as const;

/** A place at which something is offered. */
export interface GatedPlace {
  readonly path: string;
  readonly features: readonly number[];
  readonly isRight: boolean;
  /** UTF-16 code units that stand in the real text. */
  readonly numKept: number;
}

/** Places that offer something and say how likely their tokens were. */
export function gatedPlaces(places: readonly PlaceResult[]): GatedPlace[] {
  return places.flatMap((place) => {
    const { pieces, logProbs, offeredText, path } = place;
    if (pieces === undefined || logProbs === undefined || offeredText === "") return [];
    const scored = pieces.map((text, index) => ({ text, logProb: logProbs[index]! }));
    const features = firstLineFeatures(scored);
    if (features === undefined) return [];
    const { isLineExact, numKept } = judge(offeredText, place);
    return [{ path, features, isRight: isLineExact, numKept }];
  });
}

export function fitGate(places: readonly GatedPlace[]): GateWeights {
  return fitLogistic(
    places.map(({ features }) => features),
    places.map(({ isRight }) => isRight),
  );
}

/** The largest threshold at which this share of the right ones is shown. */
export function thresholdAt(
  recall: number,
  places: readonly GatedPlace[],
  weights: GateWeights,
): number {
  const right = places
    .filter(({ isRight }) => isRight)
    .map(({ features }) => confidence(features, weights))
    .sort((a, b) => a - b);
  return right[right.length - Math.ceil(recall * right.length)] ?? 0;
}

/** A report in Markdown. */
export function formatGate(
  places: readonly GatedPlace[],
  weights: GateWeights,
  thresholds: readonly number[],
): string {
  const all = shareRight(places);
  const lines = [
    `${places.length} places that offer something, ${percent(all)} right; weights ${weights.map((w) => w.toFixed(3)).join(", ")}; ` +
      `area under the ROC curve ${rocArea(places, weights).toFixed(2)}.`,
    "",
    "| shown at | share shown | of the right ones | right of those shown | over showing all | at least | characters kept |",
    "|--:|--:|--:|--:|--:|--:|--:|",
  ];
  const isShown = (place: GatedPlace, threshold: number) =>
    confidence(place.features, weights) >= threshold;
  for (const threshold of thresholds) {
    const shown = places.filter((place) => isShown(place, threshold));
    const gain = (some: readonly GatedPlace[]) =>
      shareRight(some.filter((place) => isShown(place, threshold))) - shareRight(some);
    const { low, high } = boundsByFile(places, gain, 0.025);
    const least = boundsByFile(places, gain, 0.05).low;
    const kept = (some: readonly GatedPlace[]) =>
      some.reduce((sum, { numKept }) => sum + numKept, 0);
    lines.push(
      `| ${threshold.toFixed(2)} | ${percent(shown.length / places.length)} | ` +
        `${percent(shown.filter(({ isRight }) => isRight).length / places.filter(({ isRight }) => isRight).length)} | ` +
        `${percent(shareRight(shown))} | ${signed(gain(places))} (${signed(low)} to ${signed(high)}) | ${signed(least)} | ` +
        `${percent(kept(shown) / kept(places))} |`,
    );
  }
  lines.push("", "| confidence | places | right |", "|---|--:|--:|");
  for (const [index, from] of BINS.slice(0, -1).entries()) {
    const to = BINS[index + 1]!;
    const some = places.filter(({ features }) => {
      const p = confidence(features, weights);
      return p >= from && (p < to || to === 1);
    });
    lines.push(
      `| ${from} to ${to} | ${some.length} | ${some.length === 0 ? "" : percent(shareRight(some))} |`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function shareRight(places: readonly GatedPlace[]): number {
  return places.filter(({ isRight }) => isRight).length / Math.max(1, places.length);
}

/** Places of one file are alike. */
function boundsByFile(
  places: readonly GatedPlace[],
  statistic: (places: readonly GatedPlace[]) => number,
  tail: number,
) {
  const paths = new Set(places.map(({ path }) => path));
  const files = [...paths].map((path) => places.filter((place) => place.path === path));
  return percentileBounds(files, (resample) => statistic(resample.flat()), SEED, tail);
}

/** The chance that a right place has more confidence than a wrong one. */
function rocArea(places: readonly GatedPlace[], weights: GateWeights): number {
  const of = (wanted: boolean) =>
    places
      .filter(({ isRight }) => isRight === wanted)
      .map(({ features }) => confidence(features, weights));
  const [right, wrong] = [of(true), of(false)];
  let sum = 0;
  for (const a of right) for (const b of wrong) sum += a > b ? 1 : a === b ? 0.5 : 0;
  return sum / Math.max(1, right.length * wrong.length);
}
