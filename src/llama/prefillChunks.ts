/** How many prompt tokens to evaluate in one pass, as an abort waits for it, or loses it. */

/** A chunk may take this long, in ms, where a cancel waits for its end (DESIGN §3). */
const WAITING_LIMIT_MS = 100;
/**
 * And where a cancel stops it: what it did is lost, but chunks of more rows cost less. A prompt of 257 tokens takes, in
 * chunks of 16, 32, 64, 128 and 256, 1,100, 975, 895, 860 and 850 ms (0.3 B Q8_0, two cores).
 */
const STOPPED_LIMIT_MS = 300;
/** A chunk twice as long is tried where one takes less than this share. */
const TRY_SHARE = 0.55;
/** The first chunk, before anything is measured: short even on a machine that takes 10 ms per token. */
const MIN_CHUNK = 8;
/** Chunks until a size that took too long is tried again: the machine may have been busy. */
const RETRY_AFTER = 64;

/** Follows the measured cost of a prompt; chunk sizes are powers of two. */
export class PrefillChunks {
  readonly #maxSize: number;
  readonly #limitMs: number;
  #size: number;
  /** The smallest size that took too long, and how many chunks ago. */
  #tooLong = Number.POSITIVE_INFINITY;
  #sinceTooLong = 0;

  /**
   * @param maxSize - rows of the largest batch.
   * @param stopsInPass - whether an abort stops a chunk in its middle.
   */
  constructor(maxSize: number, stopsInPass: boolean) {
    this.#maxSize = maxSize;
    this.#limitMs = stopsInPass ? STOPPED_LIMIT_MS : WAITING_LIMIT_MS;
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
    if (elapsedMs > this.#limitMs && this.#size > MIN_CHUNK) {
      this.#tooLong = this.#size;
      this.#sinceTooLong = 0;
      while (this.#size > MIN_CHUNK && (elapsedMs * this.#size) / numTokens > this.#limitMs) {
        this.#size /= 2;
      }
      return;
    }
    const next = Math.min(this.#maxSize, this.#size * 2);
    if (elapsedMs < TRY_SHARE * this.#limitMs && next < this.#tooLong) this.#size = next;
  }

  /** Whether a chunk is so short that no shorter one is made of it. */
  isShortest(numTokens: number): boolean {
    return numTokens <= MIN_CHUNK;
  }

  /**
   * Reports a chunk that an abort stopped. The next is half as long: aborts may follow each other, as keys do, and what
   * is stopped is lost.
   */
  recordStopped(numTokens: number): void {
    while (this.#size > MIN_CHUNK && this.#size > numTokens / 2) this.#size /= 2;
  }
}
