/** What several suggestions may cost together, and what they have cost. Pure: in ms of a table of passes, not of a clock. */

/** Passes of n rows are nearly flat up to this factor over one row; n suggestions may then cost the second one. */
export const FLAT_FACTOR = 1.2;
export const FLAT_PRICE = 1.5;
/** Elsewhere n suggestions may cost this factor over a pass of n rows. */
export const STEEP_PRICE = 1.15;
/**
 * Of what the first leaves of the price, the share after which branches end with a line: the line must still be finished,
 * and the host takes time, too. In 192 prompts of the bundled target, simulated with the t(n) of a CPU and a nearly flat
 * one, a third suggestion was good in 79 and 83 %, and the median price was 0.73 and 0.88 of the bound; 0.5 has 82 and
 * 80 %, and 0.78 and 0.91.
 */
const CUT_SHARE = 0.4;
/**
 * Beside those that are missing others are begun while a pass of all takes this factor at most: whichever are good are
 * offered. Without, and with branches cut at three quarters of the whole price, a third was good in 67 and 69 %.
 */
const SPARE_FACTOR = 1.5;
/** Passes that a branch in another's place must be able to have. */
const MIN_PASSES = 2;
/** Prices are those of a first suggestion of so many tokens at least: for less no other one is to be had. */
const MIN_PRICED_TOKENS = 8;
/** What n suggestions may cost, over one that is decoded plainly. @param rowsFactor - t(n) / t(1). */
export function priceBound(rowsFactor: number): number {
  return rowsFactor <= FLAT_FACTOR ? FLAT_PRICE : STEEP_PRICE * rowsFactor;
}

/** The account of one decode. `numTokens`: of the first suggestion, or what they are expected to be. */
export class BranchPrice {
  readonly #numSuggestions: number;
  readonly #firstMs: number;
  readonly #passMs: ((numRows: number) => number) | undefined;
  #spentMs: number;

  /**
   * @param numSuggestions - the first included.
   * @param firstMs - what the first has cost already.
   * @param passMs - absent: no rows are spared for more than are wanted, and prices are counted in passes.
   */
  constructor(numSuggestions: number, firstMs: number, passMs?: (numRows: number) => number) {
    this.#numSuggestions = numSuggestions;
    this.#firstMs = firstMs;
    this.#spentMs = firstMs;
    this.#passMs = passMs;
  }

  /** Reports a pass over all branches. */
  note(numRows: number): void {
    this.#spentMs += this.#msOf(numRows);
  }

  isSpent(numTokens: number): boolean {
    return this.#spentMs >= this.#maxMs(numTokens);
  }

  /** Whether branches end with a line from now on. */
  endsLines(numTokens: number): boolean {
    const leftMs = this.#maxMs(numTokens) - this.#firstMs;
    return this.#spentMs >= this.#firstMs + CUT_SHARE * leftMs;
  }

  /** Whether a branch in another's place is within the price. @param numActive - rows without it. */
  affordsAnother(numActive: number, numTokens: number): boolean {
    return this.#spentMs + MIN_PASSES * this.#msOf(numActive + 1) <= this.#maxMs(numTokens);
  }

  /**
   * Branches that a pass has rows for: those missing, and what is little more than their price.
   * @param maxCount - branches that there are.
   */
  numSideBySide(numMissing: number, maxCount: number): number {
    if (numMissing < 1 || this.#passMs === undefined) return numMissing;
    const maxMs = SPARE_FACTOR * this.#msOf(numMissing);
    let count = numMissing;
    while (count < maxCount && this.#msOf(count + 1) <= maxMs) count++;
    return count;
  }

  #maxMs(numTokens: number): number {
    const oneMs = this.#msOf(1);
    const factor = priceBound(this.#msOf(this.#numSuggestions) / oneMs);
    return factor * oneMs * Math.max(MIN_PRICED_TOKENS, numTokens);
  }

  #msOf(numRows: number): number {
    return this.#passMs?.(numRows) ?? 1;
  }
}
