/** How the report of the suite `accuracy` writes its figures. */

import { formatTable, NONE } from "../base/markdownTable.ts";
import type { Bounded, PairedFigures } from "./accuracyFigures.ts";

export function pairTable(title: string, pairs: readonly PairedFigures[]): string {
  return formatTable(
    [title, "places", "difference", "at least", "better", "worse"],
    pairs.map(({ name, numPlaces, difference, least, numBetter, numWorse }) => [
      name,
      String(numPlaces),
      points(difference),
      least === null ? NONE : signed(least),
      String(numBetter),
      String(numWorse),
    ]),
  );
}

export function bounded(share: Bounded): string {
  if (share === null) return NONE;
  const percents = (value: number) => (100 * value).toFixed(0);
  return `${percents(share.mean)} % (${percents(share.low)}-${percents(share.high)})`;
}

export function points(difference: Bounded): string {
  if (difference === null) return NONE;
  const { mean, low, high } = difference;
  return `${signed(mean)} points (${signed(low)} to ${signed(high)})`;
}

export function number(value: Bounded): string {
  if (value === null) return NONE;
  return `${value.mean.toFixed(2)} (${value.low.toFixed(2)}-${value.high.toFixed(2)})`;
}

/** In points, with its sign. */
export function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(1)}`;
}
