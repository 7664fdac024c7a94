/**
 * When to decode plainly though drafts seem to pay: what plain decoding takes is what they are weighed against, and only
 * plain decoding shows it. Counts steps, reads no clock.
 */
import { lowerMedian } from "../base/lowerMedian.ts";

/** Steps of a probe that count, each behind a plain one: behind drafts caches are cold. */
const PROBE_STEPS = 3;
/** Steps with drafts before the first probe, how many times as many before the next, and at most. */
const FIRST_EVERY = 8;
const GROWTH = 4;
const MAX_EVERY = 256;

export class BaselineProbe {
  #numDrafted = 0;
  #every = FIRST_EVERY;
  #isWarm = false;
  /** Of steps behind a plain one, since the last that drafted; at most {@link PROBE_STEPS} of them, in ms. */
  #times: number[] = [];

  /** Whether the next step is to be plain. */
  get isDue(): boolean {
    return this.#numDrafted >= this.#every;
  }

  /** Whether the last step was plain, in this generation. */
  get isWarm(): boolean {
    return this.#isWarm;
  }

  /** A generation begins: its first pass comes behind a prompt's. What was timed before it still counts. */
  started(): void {
    this.#isWarm = false;
  }

  drafted(): void {
    this.#isWarm = false;
    this.#times = [];
    this.#numDrafted++;
  }

  /**
   * A step without drafts was made.
   * @returns what such a pass takes, in ms, once enough followed each other: the median, as some have hiccups.
   */
  plain(passMs: number): number | undefined {
    if (this.#isWarm) this.#times.push(passMs);
    this.#isWarm = true;
    if (this.#times.length < PROBE_STEPS) return undefined;
    const median = lowerMedian(this.#times);
    if (this.isDue) this.#every = Math.min(MAX_EVERY, GROWTH * this.#every);
    this.#numDrafted = 0;
    this.#times = [];
    return median;
  }
}
