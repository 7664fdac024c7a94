/** Sitting out: each time longer than the time before, until it has paid again. Counts steps, reads no clock. */

/** Steps of the first pause, and how often that is doubled at most. */
const FIRST_STEPS = 64;
const MAX_DOUBLINGS = 5;

export class Pauses {
  #endsAt = 0;
  #count = 0;

  isOver(step: number): boolean {
    return this.#endsAt <= step;
  }

  /** @param isSure - whether the next pause is four times as long, not twice: so large a loss is no noise. */
  begin(step: number, isSure = false): void {
    this.#endsAt = step + FIRST_STEPS * 2 ** this.#count;
    this.#count = Math.min(MAX_DOUBLINGS, this.#count + (isSure ? 2 : 1));
  }

  /** It pays: the next pause is a first one. */
  forget(): void {
    this.#count = 0;
  }

  copy(): Pauses {
    const copy = new Pauses();
    copy.#endsAt = this.#endsAt;
    copy.#count = this.#count;
    return copy;
  }
}
