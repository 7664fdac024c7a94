/**
 * When to decode plainly for a few steps though drafts seem to pay. What plain decoding takes is what they are weighed
 * against, and only plain decoding shows it: passes between which the host drafts are slower. Counts steps, reads no clock.
 */
import { lowerMedian } from "../base/lowerMedian.ts";

/** Steps of a run that count; one before them has its drafts to get over. */
const RUN_STEPS = 3;
/** Steps with drafts before the first run, and how many times as many before the next: more where drafts clearly pay. */
const FIRST_EVERY = 16;
const GROWTH = { clear: 4, unclear: 2 } as const;
const MAX_EVERY = { clear: 512, unclear: 128 } as const;
/** Speed over plain decoding that is clearly a gain. */
const CLEAR_SPEED = 1.25;

export class ControlRuns {
  /** Steps with drafts since plain ones told their time. */
  #numDrafting = 0;
  #hasMeasured = false;
  #every = FIRST_EVERY;
  #isRunning = false;
  /** Of plain steps behind a plain step, in ms; at most {@link RUN_STEPS} of them. */
  #times: number[] = [];
  #isWarm = false;

  /** Whether the next step is one of a run. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether plain decoding was measured just now. */
  get isFresh(): boolean {
    return this.#hasMeasured && this.#numDrafting <= FIRST_EVERY;
  }

  /** A run is wanted now. */
  begin(): void {
    this.#isRunning = true;
  }

  /** A generation begins: its first pass comes after a prompt's. */
  started(): void {
    this.#isWarm = false;
  }

  /**
   * A step without drafts was made, in a run or not.
   * @param passMs - of its pass.
   * @returns what such a pass takes, in ms, where enough of them followed each other: the median, as some have hiccups.
   */
  plain(passMs: number): number | undefined {
    if (this.#isWarm) this.#times.push(passMs);
    this.#isWarm = true;
    if (this.#times.length < RUN_STEPS) return undefined;
    const median = lowerMedian(this.#times);
    this.#times = [];
    this.#isRunning = false;
    this.#hasMeasured = true;
    this.#numDrafting = 0;
    return median;
  }

  /** A step that drafted was made. @param speed - of decoding as it goes, over plain decoding. */
  drafted(speed: number): void {
    this.#isWarm = false;
    this.#times = [];
    this.#numDrafting++;
    if (this.#numDrafting < this.#every) return;
    this.#isRunning = true;
    const gain = speed > CLEAR_SPEED ? "clear" : "unclear";
    this.#every = Math.min(MAX_EVERY[gain], GROWTH[gain] * this.#every);
  }
}
