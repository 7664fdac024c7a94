/**
 * Times that are known in part: what had not happened when nobody could wait any longer took longer than that. Pure.
 *
 * Leaving such times out keeps the short ones only; counting each as infinite, or as its cut, is wrong by as much as was cut.
 * The product-limit estimate uses each for as long as it was watched, and is right where the cut does not depend on the time:
 * pauses are drawn before anything is measured.
 * @see Kaplan and Meier, Nonparametric estimation from incomplete observations (1958).
 */

export interface CensoredTime {
  /** Until it happened, or until it was cut off, in ms. */
  readonly ms: number;
  readonly isCut: boolean;
}

/** A time, or, beyond what was watched, a time that it is longer than; in ms. */
export interface CensoredQuantile {
  readonly ms: number;
  readonly isBeyond: boolean;
}

/** Of products of fractions that are exact in no other way. */
const ROUNDING = 1e-9;

/**
 * The smallest time that at least this share of the times does not exceed, as estimated. Without cuts the plain quantile.
 * Beyond the longest time that was watched nothing is known.
 * @param share - above 0, at most 1.
 * @returns null without times.
 */
export function censoredQuantile(
  times: readonly CensoredTime[],
  share: number,
): CensoredQuantile | null {
  // What happened at the very moment of a cut happened before it.
  const sorted = times.toSorted((a, b) => a.ms - b.ms || Number(a.isCut) - Number(b.isCut));
  let survival = 1;
  for (const [index, { ms, isCut }] of sorted.entries()) {
    if (isCut) continue;
    const numWatched = sorted.length - index;
    survival *= (numWatched - 1) / numWatched;
    if (survival <= 1 - share + ROUNDING) return { ms, isBeyond: false };
  }
  const longest = sorted.at(-1);
  return longest === undefined ? null : { ms: longest.ms, isBeyond: true };
}
