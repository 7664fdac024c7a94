/** How the report of the suite `accuracy` writes its figures. */

import { formatColumns, NONE } from "../base/markdownTable.ts";
import type { Bounded, PairedFigures } from "./accuracyFigures.ts";

export function pairTable(title: string, pairs: readonly PairedFigures[]): string {
  return formatColumns(pairs, [
    [title, ({ name }) => name],
    ["places", ({ numPlaces }) => String(numPlaces)],
    ["difference", ({ difference }) => points(difference)],
    ["at least", ({ least }) => (least === null ? NONE : signed(least))],
    ["better", ({ numBetter }) => String(numBetter)],
    ["worse", ({ numWorse }) => String(numWorse)],
  ]);
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
