/**
 * How slow the machine is now, told from two kinds of passes: those of plain decoding, and those between which the host
 * drafts, which find colder caches and sleeping threads (on the tiny target 1.4 times as slow). Reads no clock.
 */

/** Variances of logarithms, relative to that of one pass. Of the median of some, which leaves out the hiccups: */
const MEDIAN_NOISE = 0.05;
/** What moves in a step: the machine's pace, and what drafting adds to a pass. */
const PLAIN_DRIFT = 0.003;
const DRAFTING_DRIFT = 0.0001;
/** How unsure either is at the start. */
const FIRST_DOUBT = 0.25;

/**
 * A Kalman filter over two logarithms, as factors multiply. A pass with drafts moves both, the more the longer none
 * without was seen; plain ones then say which of them it was.
 *
 * @see Welch & Bishop, An Introduction to the Kalman Filter (2006), §1.
 */
export class PassLevel {
  #plain = 0;
  #drafting = 0;
  #plainDoubt = FIRST_DOUBT;
  #draftingDoubt = FIRST_DOUBT;
  /** Covariance. */
  #shared = 0;

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
    this.#note(ratio, 1, 1);
  }

  /** Reports the median of some passes while nothing is. */
  notePlain(ratio: number): void {
    this.#note(ratio, 0, MEDIAN_NOISE);
  }

  /** @param share - how much of what drafting adds is in the ratio. */
  #note(ratio: number, share: 0 | 1, noise: number): void {
    const surprise = Math.log(ratio) - this.#plain - share * this.#drafting;
    const plainCovariance = this.#plainDoubt + share * this.#shared;
    const draftingCovariance = this.#shared + share * this.#draftingDoubt;
    const doubt = plainCovariance + share * draftingCovariance + noise;
    const plainGain = plainCovariance / doubt;
    const draftingGain = draftingCovariance / doubt;
    this.#plain += plainGain * surprise;
    this.#drafting += draftingGain * surprise;
    this.#plainDoubt += PLAIN_DRIFT - plainGain * plainCovariance;
    this.#draftingDoubt += DRAFTING_DRIFT - draftingGain * draftingCovariance;
    this.#shared -= plainGain * draftingCovariance;
  }
}
