/**
 * How long a prompt may be where somebody waits for it: as long as what of it has yet to be read fits the time until the first
 * line, at the speed that was measured. A longer one is read ahead while nobody waits, and is used from then on.
 *
 * No source: published systems fix the length (1,024 to 8,192 tokens), as a server's GPU reads it in no time.
 */
import { ReadingPace } from "../tree/promptReading.ts";

/** When the editor wants the first line unless a user says otherwise, in ms. */
export const FIRST_LINE_MS = 1_000;
/** Tokens around the cursor that are read however long that takes, where nothing longer is at hand: less says too little. */
export const FLOOR_TOKENS = 256;
/** Lengths as shares of the longest, the longest first: a prompt keeps its start as long as it keeps its length. */
const LENGTH_SHARES = [1, 0.75, 0.5, 0.375];
/** Tokens of a line, decoded one by one. */
const LINE_TOKENS = 12;
/** Fewer tokens tell nothing of the speed: a pass has its own costs. */
const MIN_TIMED_TOKENS = 32;

/** Lengths to be tried, in tokens, the longest first; the floor at the end. */
export function promptLengths(longest: number): number[] {
  const lengths = LENGTH_SHARES.map((share) => Math.floor(share * longest));
  return [...lengths.filter((length) => length > FLOOR_TOKENS), Math.min(FLOOR_TOKENS, longest)];
}

export class PromptSpeed {
  readonly #pace = new ReadingPace();
  readonly #passMs: number;

  /** @param passMs - t(1), in ms; 0 where it was not measured. */
  constructor(passMs = 0) {
    this.#passMs = passMs;
  }

  /** Reports what was read of a prompt. */
  record(numTokens: number, ms: number): void {
    if (numTokens >= MIN_TIMED_TOKENS) this.#pace.record(numTokens, ms);
  }

  /** Tokens that may be read before a line that is to be there within this time; none before anything was read. */
  tokensWithin(firstLineMs: number): number {
    const { tokenMs = Number.POSITIVE_INFINITY } = this.#pace;
    const readMs = firstLineMs - LINE_TOKENS * this.#passMs;
    return Math.max(0, Math.floor(readMs / tokenMs));
  }
}

/**
 * The first prompt that fits; of those that do not, the one that takes least.
 * @param choices - the best first; at least one. The others are not asked for once one fits. `numUnread`: tokens that no cache has.
 */
export function firstWithin<T extends { readonly numUnread: number }>(
  choices: Iterable<T>,
  numTokens: number,
): T {
  let least: T | undefined;
  for (const choice of choices) {
    if (choice.numUnread <= numTokens) return choice;
    if (least === undefined || choice.numUnread < least.numUnread) least = choice;
  }
  if (least === undefined) throw new RangeError("no prompt to choose");
  return least;
}
