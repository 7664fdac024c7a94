/**
 * How slow the machine is now, told from two kinds of passes: those of plain decoding, and those between which the host
 * drafts, which find colder caches and sleeping threads (on the tiny target 1.4 times as slow). Reads no clock.
 */

/** Variances of logarithms, that of one pass being 1. */
const NOISE = {
  pass: 1,
  /** Of a few passes, which leaves out the hiccups. */
  median: 0.05,
} as const;
/** What a report adds to the variance of the machine's pace, and to that of what drafting adds to a pass. */
const PLAIN_DRIFT = 0.003;
const DRAFTING_DRIFT = 0.0001;
/** The same while nothing is drafted. */
const UNSEEN_DRIFT = 0.003;
const FIRST_VARIANCE = 0.25;

/**
 * A Kalman filter over two logarithms, as factors multiply. A pass with drafts moves both, the more the longer none
 * without was seen; plain ones then say which of them it was.
 *
 * @see Welch & Bishop, An Introduction to the Kalman Filter (2006), §1.
 */
export class PassLevel {
  #plain = 0;
  #drafting = 0;
  #plainVariance = FIRST_VARIANCE;
  #draftingVariance = FIRST_VARIANCE;
  #covariance = 0;

  /** Of a pass while nothing is drafted, over what was measured at the start. */
  get plain(): number {
    return Math.exp(this.#plain);
  }

  /** Of a pass while something is: no faster, whatever noise says, or drafts that bring nothing would seem to pay. */
  get drafting(): number {
    return Math.exp(this.#plain + Math.max(0, this.#drafting));
  }

  /** Reports a pass while something is drafted. @param ratio - its ms over those that were measured; above 0. */
  noteDrafting(ratio: number): void {
    this.#correct(ratio, 1, NOISE.pass);
    this.#draftingVariance += DRAFTING_DRIFT;
  }

  /** Reports the median of some passes while nothing is. */
  notePlain(ratio: number): void {
    this.#correct(ratio, 0, NOISE.median);
    this.#draftingVariance = Math.min(FIRST_VARIANCE, this.#draftingVariance + UNSEEN_DRIFT);
  }

  /** @param share - how much of what drafting adds is in the ratio: the second entry of H, whose first is 1. */
  #correct(ratio: number, share: 0 | 1, noise: number): void {
    const innovation = Math.log(ratio) - this.#plain - share * this.#drafting;
    // P Hᵀ and H P Hᵀ + R.
    const plainCovariance = this.#plainVariance + share * this.#covariance;
    const draftingCovariance = this.#covariance + share * this.#draftingVariance;
    const innovationVariance = plainCovariance + share * draftingCovariance + noise;
    const plainGain = plainCovariance / innovationVariance;
    const draftingGain = draftingCovariance / innovationVariance;
    this.#plain += plainGain * innovation;
    this.#drafting += draftingGain * innovation;
    this.#plainVariance += PLAIN_DRIFT - plainGain * plainCovariance;
    this.#draftingVariance -= draftingGain * draftingCovariance;
    this.#covariance -= plainGain * draftingCovariance;
  }
}
