/**
 * When to decode plainly though drafts seem to pay: what plain decoding takes is what they are weighed against, and only
 * plain decoding shows it. Counts steps, reads no clock.
 */
import { lowerMedian } from "../base/lowerMedian.ts";
import { DEFAULT_MAX_LOSS, PRIOR_STEPS, PROBE_STEPS } from "../tree/policyConstants.ts";

/** Steps with drafts between probes at most: then half of what speculation may cost is plain steps. */
const MAX_EVERY = (2 * PROBE_STEPS) / DEFAULT_MAX_LOSS.share;

export class BaselineProbe {
  #numDrafted = 0;
  /** Steps with drafts before the next probe; each time as many times as many as a probe has steps. */
  #every = PRIOR_STEPS;
  #isWarm = false;
  /** Of steps behind a plain one, since the last that drafted; in ms. */
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
    // Behind drafts caches are cold.
    if (this.#isWarm) this.#times.push(passMs);
    this.#isWarm = true;
    if (this.#times.length < PROBE_STEPS - 1) return undefined;
    const median = lowerMedian(this.#times);
    if (this.isDue) this.#every = Math.min(MAX_EVERY, PROBE_STEPS * this.#every);
    this.#numDrafted = 0;
    this.#times = [];
    return median;
  }
}
