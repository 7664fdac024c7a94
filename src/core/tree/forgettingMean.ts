/** What a thing takes or brings, as it is seen again and again. */
import { LEAST_CHANCE, MAX_SURPRISE, MEMORY_STEPS, PRIOR_STEPS } from "./policyConstants.ts";

/** The weight of one more observation beside so many: that of a mean, until it begins to forget. */
export function newestWeight(numBefore: number, memory = MEMORY_STEPS): number {
  return Math.max(1 / memory, 1 / (numBefore + 1));
}

/** A time, as far as it is believed where another one was expected. */
export function believed(time: number, expected: number): number {
  return Math.min(MAX_SURPRISE * expected, Math.max(expected / MAX_SURPRISE, time));
}

/** A mean in which what was seen long ago counts less and less. */
export class ForgettingMean {
  #value: number | undefined;
  #count: number;
  #least = Number.POSITIVE_INFINITY;

  /** @param expected - where nothing was seen yet; counts as so many observations. */
  constructor(expected?: number, count = 0) {
    this.#value = expected;
    this.#count = count;
    this.#least = expected ?? this.#least;
  }

  /** Undefined where nothing was seen or expected. */
  get value(): number | undefined {
    return this.#value;
  }

  add(value: number, memory = MEMORY_STEPS): void {
    const known = this.#value ?? value;
    this.#value = known + newestWeight(this.#count++, memory) * (value - known);
    this.#least = Math.min(this.#least, this.#value);
  }

  /** Adds a time, as far as it is believed; the machine's pace is that of the last few steps. */
  addTime(time: number, expected = this.#value ?? time): void {
    this.add(believed(time, expected), 2 * PRIOR_STEPS);
  }

  /** Nothing was seen for a step: it is less and less known, and may be the least that it was. */
  fade(to = this.#least): void {
    if (this.#value !== undefined) this.#value += LEAST_CHANCE * (to - this.#value);
  }
}
