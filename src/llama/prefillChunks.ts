/** How many prompt tokens to evaluate between two looks at the abort signal. */

/** A chunk should take this long, in ms: half of what a cancel may wait. */
const TARGET_MS = 50;
const FIRST_CHUNK = 64;
const MIN_CHUNK = 8;

/** Follows the measured cost of a prompt token; chunk sizes are powers of two. */
export class PrefillChunks {
  readonly #maxSize: number;
  #size: number;

  /** @param maxSize - rows of the largest batch. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
    this.#size = Math.min(FIRST_CHUNK, maxSize);
  }

  /** Tokens of the next chunk. */
  get size(): number {
    return this.#size;
  }

  /** Reports a chunk that took `elapsedMs`. Only full chunks say what a full chunk costs. */
  record(numTokens: number, elapsedMs: number): void {
    if (numTokens < this.#size) return;
    if (elapsedMs > TARGET_MS) this.#size = Math.max(MIN_CHUNK, this.#size / 2);
    else if (elapsedMs < TARGET_MS / 2) this.#size = Math.min(this.#maxSize, this.#size * 2);
  }
}
