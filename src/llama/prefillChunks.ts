/** How many prompt tokens to evaluate between two looks at the abort signal. */

/** A chunk should take this long, in ms: half of what a cancel may wait. */
const TARGET_MS = 50;
/** The first chunk, before anything is measured: short even on a machine that takes 10 ms per token. */
const MIN_CHUNK = 8;

/** Follows the measured cost of a prompt token; chunk sizes are powers of two. */
export class PrefillChunks {
  readonly #maxSize: number;
  #size: number;

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
    while (this.#size > MIN_CHUNK && (elapsedMs * this.#size) / numTokens > TARGET_MS) {
      this.#size /= 2;
    }
    if (elapsedMs < TARGET_MS / 2) this.#size = Math.min(this.#maxSize, this.#size * 2);
  }
}
