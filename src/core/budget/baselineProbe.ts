/**
 * When to decode plainly though drafts seem to pay: what plain decoding takes is what they are weighed against, and only
 * plain decoding shows it. Counts steps, reads no clock.
 */

/** Steps of a probe; the first has its drafts to get over. */
const PROBE_STEPS = 4;
/** Steps with drafts before the first probe, how many times as many before the next, and at most. */
const FIRST_EVERY = 8;
const GROWTH = 4;
const MAX_EVERY = 256;

export class BaselineProbe {
  #numDrafted = 0;
  #numPlain = 0;
  #every = FIRST_EVERY;

  /** Whether the next step is to be plain. */
  get isDue(): boolean {
    return this.#numDrafted >= this.#every;
  }

  /** A generation begins: its first pass comes behind a prompt's. */
  started(): void {
    this.#numPlain = 0;
  }

  drafted(): void {
    this.#numPlain = 0;
    this.#numDrafted++;
  }

  /** A step without drafts was made. @returns whether it was behind another one. */
  plain(): boolean {
    this.#numPlain++;
    if (this.#numPlain < PROBE_STEPS) return false;
    if (this.isDue) this.#every = Math.min(MAX_EVERY, GROWTH * this.#every);
    this.#numDrafted = 0;
    return true;
  }
}
