/** Means of small counts, whose median is mostly 0 or 1. */
import { type MeanInterval, percentileBounds, sum } from "../../src/bench/base/statistics.ts";

/**
 * The mean with its 95 % bounds, made as `medianInterval` makes those of the median.
 * @throws RangeError without values.
 */
export function meanInterval(values: readonly number[], seed: number): MeanInterval {
  if (values.length === 0) throw new RangeError("the mean of nothing");
  return { mean: meanOf(values), ...percentileBounds(values, meanOf, seed) };
}

function meanOf(values: readonly number[]): number {
  return sum(values) / values.length;
}
