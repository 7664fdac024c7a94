/**
 * How long a question waits for the next key. Pure: times come in as numbers.
 *
 * A wait pays only while the engine is slower than the typist, as then most of what it computes is for a text that
 * has changed meanwhile. So the wait is the engine's lag behind the typing, bounded by what tells a pause from a key.
 */

/** A longer gap between two keys is a pause and says nothing about typing speed, in ms (Tabby's slowest interval). */
export const PAUSE_MS = 400;
/** The longest wait, in ms (Cody promotes a throttled request after as long). */
export const MAX_DEBOUNCE_MS = 250;
/** A key that is this many typing intervals late is not coming (Tabby's lowest rate). */
const LATE_INTERVALS = 1.5;
/** Weight of the newest sample. */
const SMOOTHING = 0.3;

/** Follows one typist and one engine. All times in ms; undefined where nothing was measured yet. */
export class DebouncePolicy {
  #lastKeyAt: number | undefined;
  /** Between the last key and the one before. */
  #sinceLastKeyMs: number | undefined;
  /** Between keys, smoothed. */
  #typingIntervalMs: number | undefined;
  #engineLatencyMs: number | undefined;

  keyPressed(now: number): void {
    this.#sinceLastKeyMs = this.#lastKeyAt === undefined ? undefined : now - this.#lastKeyAt;
    this.#lastKeyAt = now;
    if (this.#sinceLastKeyMs === undefined || this.#sinceLastKeyMs > PAUSE_MS) return;
    this.#typingIntervalMs = smooth(this.#typingIntervalMs, this.#sinceLastKeyMs);
  }

  answered(latencyMs: number): void {
    this.#engineLatencyMs = smooth(this.#engineLatencyMs, latencyMs);
  }

  /** A generation was cancelled after this long; it would have taken longer. */
  cancelled(elapsedMs: number): void {
    if (elapsedMs > (this.#engineLatencyMs ?? 0)) this.answered(elapsedMs);
  }

  /** Smoothed time from a request to its answer. */
  get engineLatencyMs(): number | undefined {
    return this.#engineLatencyMs;
  }

  /** The wait before the key that was pressed last becomes a request: 0 after a pause, and where the engine keeps up. */
  get delayMs(): number {
    const [sinceLastKeyMs, intervalMs] = [this.#sinceLastKeyMs, this.#typingIntervalMs];
    if (sinceLastKeyMs === undefined || sinceLastKeyMs > PAUSE_MS) return 0;
    if (intervalMs === undefined || this.#engineLatencyMs === undefined) return 0;
    const lag = this.#engineLatencyMs - intervalMs;
    return Math.max(0, Math.min(lag, LATE_INTERVALS * intervalMs, MAX_DEBOUNCE_MS));
  }
}

function smooth(average: number | undefined, sample: number): number {
  return average === undefined ? sample : average + SMOOTHING * (sample - average);
}
