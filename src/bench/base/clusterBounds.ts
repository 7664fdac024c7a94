/** Shares and means over places that come in clusters: places of one file are alike, so whole files are drawn again. Pure. */
import { type MeanInterval, percentileBounds, sum, TWO_SIDED_TAIL } from "./statistics.ts";

/** One place's part of a mean: `value` of `weight`. A share of characters has their number as its weight. */
export interface ClusteredValue {
  /** The file. */
  readonly cluster: string;
  readonly value: number;
  /** 1 if absent. */
  readonly weight?: number;
}

/** Normal quantile of two-sided 95 % bounds. */
const Z = 1.96;

/**
 * The weighted mean with its 95 % bounds: percentiles of the means of resamples of clusters, the same for the same seed. Of
 * few clusters it is the range of their means.
 * @returns null without values, or where all weights are 0.
 * @see Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8.
 */
export function clusteredMean(
  values: readonly ClusteredValue[],
  seed: number,
  tail = TWO_SIDED_TAIL,
): MeanInterval | null {
  const clusters = [...clustersOf(values).values()].filter(({ weight }) => weight > 0);
  if (clusters.length === 0) return null;
  return { mean: ratioOf(clusters), ...percentileBounds(clusters, ratioOf, seed, tail) };
}

/**
 * The share of places where something is so. Its bounds are never narrower than Wilson's for as many independent places:
 * where all places are alike, resamples are, too, and would promise certainty.
 * @returns null without places.
 */
export function clusteredShare(
  places: readonly { readonly cluster: string; readonly isSo: boolean }[],
  seed: number,
): MeanInterval | null {
  const values = places.map(({ cluster, isSo }) => ({ cluster, value: isSo ? 1 : 0 }));
  const interval = clusteredMean(values, seed);
  if (interval === null) return null;
  const wilson = wilsonBounds(interval.mean, places.length);
  return {
    mean: interval.mean,
    low: Math.min(interval.low, wilson.low),
    high: Math.max(interval.high, wilson.high),
  };
}

/**
 * The mean of paired differences, each of -1 to 1. Where no pair differs, its bounds are those of a share of which none was
 * seen among as many pairs.
 * @returns null without pairs.
 */
export function clusteredDifference(
  pairs: readonly ClusteredValue[],
  seed: number,
  tail = TWO_SIDED_TAIL,
): MeanInterval | null {
  const interval = clusteredMean(pairs, seed, tail);
  if (interval === null || pairs.some(({ value }) => value !== 0)) return interval;
  const unseen = 1 - tail ** (1 / pairs.length);
  return { mean: 0, low: -unseen, high: unseen };
}

/** @see Wilson, Probable inference (1927). */
function wilsonBounds(share: number, count: number): { low: number; high: number } {
  const scale = 1 + Z ** 2 / count;
  const center = (share + Z ** 2 / (2 * count)) / scale;
  const half = (Z / scale) * Math.sqrt((share * (1 - share)) / count + Z ** 2 / (4 * count ** 2));
  return { low: Math.max(0, center - half), high: Math.min(1, center + half) };
}

interface Cluster {
  total: number;
  weight: number;
}

function clustersOf(values: readonly ClusteredValue[]): Map<string, Cluster> {
  const clusters = new Map<string, Cluster>();
  for (const { cluster, value, weight = 1 } of values) {
    const own = clusters.get(cluster) ?? { total: 0, weight: 0 };
    own.total += value * weight;
    own.weight += weight;
    clusters.set(cluster, own);
  }
  return clusters;
}

function ratioOf(clusters: readonly Cluster[]): number {
  return sum(clusters.map(({ total }) => total)) / sum(clusters.map(({ weight }) => weight));
}
