/** Order statistics and their bounds. Pure. */
import { seededRandom } from "../spots/sourceSpots.ts";

/** A median with its 95 % bounds (bootstrap); of fewer than six values the bounds are the range. */
export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const NUM_RESAMPLES = 2000;
/** Fewer values have no 95 % bounds for their median, whatever the method: all of 5 lie on one side in 6 % of cases. */
export const MIN_BOUNDED_VALUES = 6;

/** Middle value; the mean of the two in the middle of an even number. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

/** The smallest value that at least this share of the values does not exceed; null for none. */
export function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/**
 * The median with its 95 % bounds: percentiles of the medians of resamples, the same for the same seed. Of fewer than
 * {@link MIN_BOUNDED_VALUES} values it is their range.
 * @throws RangeError without values.
 * @see Efron, Bootstrap methods (1979), the percentile interval.
 */
export function medianInterval(values: readonly number[], seed: number): Interval {
  if (values.length === 0) throw new RangeError("the median of nothing");
  return { median: median(values), ...percentileBounds(values, median, seed) };
}

/** A mean with its bounds. */
export interface MeanInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** What lies beyond a bound, on each side: of two-sided 95 % bounds, ... */
export const TWO_SIDED_TAIL = 0.025;
/** ... and where only one of them is asked for. */
export const ONE_SIDED_TAIL = 0.05;

/**
 * Bounds of a statistic: percentiles of what it is for resamples of the values, the same for the same seed; of fewer than
 * {@link MIN_BOUNDED_VALUES} values the range of what it is for each. Values that come in clusters are given as clusters.
 */
export function percentileBounds<T>(
  values: readonly T[],
  statistic: (resample: readonly T[]) => number,
  seed: number,
  tail = TWO_SIDED_TAIL,
): { readonly low: number; readonly high: number } {
  if (values.length < MIN_BOUNDED_VALUES) {
    const single = values.map((value) => statistic([value]));
    return { low: Math.min(...single), high: Math.max(...single) };
  }
  const random = seededRandom(seed);
  const resamples = Array.from({ length: NUM_RESAMPLES }, () =>
    statistic(Array.from(values, () => values[Math.floor(random() * values.length)]!)),
  ).sort((a, b) => a - b);
  return { low: quantile(resamples, tail)!, high: quantile(resamples, 1 - tail)! };
}
