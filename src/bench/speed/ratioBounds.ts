/**
 * The ratio of two speeds over all prompts, with 95 % bounds that stay right though a runner looks at them while it
 * measures and may stop then. Pure.
 */

import { MIN_BOUNDED_VALUES, sum } from "../base/statistics.ts";
import type { Comparison, RatioInterval } from "./benchReport.ts";

/** What two configurations did at one prompt: amounts of the same kind, and the time they took. */
export interface PromptPair {
  readonly amount: number;
  readonly ms: number;
  readonly baseAmount: number;
  readonly baseMs: number;
}

/** Of the time that there is: when a runner may look at the bounds and stop. Nobody sees them otherwise before the end. */
export const LOOK_SHARES: readonly number[] = [1 / 8, 1 / 4, 1 / 2];

/** When bounds are made; it decides how wide they are. */
export type Look = "early" | "final";

/**
 * Chance that the bounds of a look miss. Together 5 %: 0.25 % for each early look, the rest for the last one.
 * @see Peto et al., Design and analysis of randomized clinical trials (1976), for the idea to spend little early.
 */
const MISS_CHANCE = { early: 0.0025, final: 0.05 - 0.0025 * LOOK_SHARES.length } as const;
/** Standard normal quantiles at half of that. */
const NORMAL_QUANTILE = { early: 3.0233, final: 2.0286 } as const satisfies Record<
  keyof typeof MISS_CHANCE,
  number
>;
/**
 * Drafts may do much at few prompts, and of a few prompts none may be such a one. So the bounds are as wide as if two more had
 * been measured, at which the ratio is this much larger and smaller: ln 1.6. Without them bounds of 95 % held in two of three
 * runs where one prompt in ten gains 2.7 times.
 */
const UNSEEN_LOG_RATIO = 0.47;
/** Bounds within these factors of the ratio are narrow enough to stop. */
const NARROW = 1.05;

export interface BoundsSettings {
  readonly look?: Look;
  /** False for equal configurations, whose ratio is noise at every prompt. */
  readonly mayGain?: boolean;
}

/**
 * The speed of all prompts together over the base's, which is also the base's time over the other one for equal amounts. Bounds:
 * Student's, with the jackknife's error of the ratio's logarithm; of fewer than {@link MIN_BOUNDED_VALUES} prompts it is the
 * range of their own ratios.
 * @returns undefined without a pair.
 * @see Quenouille, Notes on bias in estimation (1956), and Tukey (1958), the jackknife.
 */
export function ratioInterval(
  pairs: readonly PromptPair[],
  { look = "final", mayGain = true }: BoundsSettings = {},
): RatioInterval | undefined {
  if (pairs.length === 0) return undefined;
  const ratio = ratioOf(totals(pairs));
  if (pairs.length < MIN_BOUNDED_VALUES) {
    const ratios = [ratio, ...pairs.map(ratioOf)];
    return { ratio, low: Math.min(...ratios), high: Math.max(...ratios) };
  }
  const count = pairs.length;
  const without = pairs.map((_, index) => Math.log(ratioOf(totals(pairs.toSpliced(index, 1)))));
  const mean = sum(without) / count;
  const seen = ((count - 1) / count) * sum(without.map((value) => (value - mean) ** 2));
  const variance = seen + (mayGain ? (2 * UNSEEN_LOG_RATIO ** 2) / count ** 2 : 0);
  const factor = Math.exp(studentQuantile(NORMAL_QUANTILE[look], count - 1) * Math.sqrt(variance));
  return { ratio, low: ratio / factor, high: ratio * factor };
}

/** Whether the bounds would not tell more if they were narrower. */
export function isNarrow({ low, high }: RatioInterval): boolean {
  return high / low <= NARROW ** 2;
}

/** A difference is one whose bounds lie wholly outside of what equal work differs by. */
export function comparisonOf(ratio: RatioInterval, noise: RatioInterval | undefined): Comparison {
  const spread = noise === undefined ? 1 : Math.max(noise.high, 1 / noise.low);
  if (ratio.low > spread) return "faster";
  return ratio.high < 1 / spread ? "slower" : "same";
}

/**
 * Student's quantile that belongs to a normal one, within 1.5 % from 5 degrees of freedom on.
 * @see Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
 */
export function studentQuantile(normal: number, degrees: number): number {
  const z = normal;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92_160,
  ];
  return z + sum(terms.map((term, index) => term / degrees ** (index + 1)));
}

function ratioOf({ amount, ms, baseAmount, baseMs }: PromptPair): number {
  return (amount * baseMs) / (baseAmount * ms);
}

function totals(pairs: readonly PromptPair[]): PromptPair {
  const of = (key: keyof PromptPair) => sum(pairs.map((pair) => pair[key]));
  return { amount: of("amount"), ms: of("ms"), baseAmount: of("baseAmount"), baseMs: of("baseMs") };
}
