import { MEMORY_STEPS } from "../tree/policyConstants.ts";

/**
 * What speculation may cost: a share of plain decoding's time, and so many ms at the start. While there is credit, steps
 * may draft; plain steps, and drafts that pay, earn it back. So against what plain decoding takes, by the cost model's
 * estimate of a step of it,
 *
 *   time ≤ (1 + maxLossShare) · plain + maxLossMs + one step,
 *
 * whatever drafters and passes do; and from any later moment on the same with {@link MEMORY_STEPS} plain steps for maxLossMs, where
 * those are more. Pure: times come in as numbers, in ms.
 *
 * @see Wu et al., Conservative Bandits (ICML 2016, arXiv 1602.04282), whose budget grows with the baseline's reward as
 *   this one grows with plain decoding's time.
 */
export class LossBudget {
  /** Of plain decoding's time; from 0. */
  maxLossShare: number;
  readonly #maxLossMs: number;
  #creditMs: number;

  /**
   * @param maxLossShare - may be changed.
   * @param maxLossMs - on top of that, from 0.
   */
  constructor(maxLossShare: number, maxLossMs: number) {
    this.maxLossShare = maxLossShare;
    this.#maxLossMs = maxLossMs;
    this.#creditMs = maxLossMs;
  }

  /** What may be lost now; below 0 after a step that lost more than was left. */
  get creditMs(): number {
    return this.#creditMs;
  }

  /** A step brought so many tokens in so long. @param plainMs - of a step of plain decoding. */
  book(numTokens: number, ms: number, plainMs: number): void {
    const earnedMs = (1 + this.maxLossShare) * numTokens * plainMs - ms;
    this.#creditMs = Math.min(this.#maxCreditMs(plainMs), this.#creditMs + earnedMs);
  }

  /** How much of what may be lost at most is left; to 1, below 0 as the credit is. @param plainMs - of a step of plain decoding. */
  shareLeft(plainMs: number): number {
    return Math.min(1, this.#creditMs / this.#maxCreditMs(plainMs));
  }

  /** Time that plain decoding does not take. */
  spend(ms: number): void {
    this.#creditMs -= ms;
  }

  /** What drafts brought long ago may not be lost again. */
  #maxCreditMs(plainMs: number): number {
    return Math.max(this.#maxLossMs, MEMORY_STEPS * plainMs);
  }
}
