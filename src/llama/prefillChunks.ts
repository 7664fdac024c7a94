/** How many prompt tokens to evaluate between two looks at the abort signal. */

/** A chunk may take this long, in ms: what a cancel waits at most (DESIGN §3). */
const LIMIT_MS = 100;
/** A chunk twice as long is tried where one takes less than this share: longer chunks cost less per token. */
const TRY_SHARE = 0.55;
/** The first chunk, before anything is measured: short even on a machine that takes 10 ms per token. */
const MIN_CHUNK = 8;
/** Chunks until a size that took too long is tried again: the machine may have been busy. */
const RETRY_AFTER = 64;

/** Follows the measured cost of a prompt; chunk sizes are powers of two. */
export class PrefillChunks {
  readonly #maxSize: number;
  #size: number;
  /** The smallest size that took too long, and how many chunks ago. */
  #tooLong = Number.POSITIVE_INFINITY;
  #sinceTooLong = 0;

  /** @param maxSize - rows of the largest batch. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
    this.#size = Math.min(MIN_CHUNK, maxSize);
  }

  /** Tokens of the next chunk. */
  get size(): number {
    return this.#size;
  }

  /** Reports a chunk that took `elapsedMs`. Only full chunks say what a full chunk costs. */
  record(numTokens: number, elapsedMs: number): void {
    if (numTokens < this.#size) return;
    if (++this.#sinceTooLong > RETRY_AFTER) this.#tooLong = Number.POSITIVE_INFINITY;
    if (elapsedMs > LIMIT_MS && this.#size > MIN_CHUNK) {
      this.#tooLong = this.#size;
      this.#sinceTooLong = 0;
      while (this.#size > MIN_CHUNK && (elapsedMs * this.#size) / numTokens > LIMIT_MS) {
        this.#size /= 2;
      }
      return;
    }
    const next = Math.min(this.#maxSize, this.#size * 2);
    if (elapsedMs < TRY_SHARE * LIMIT_MS && next < this.#tooLong) this.#size = next;
  }
}
