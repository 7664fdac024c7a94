/** What a target says comes next, as the recycling store keeps it: a few tokens with probabilities. */
import type { TopK } from "../tree/targetModel.ts";

/** Tokens read per row of logits. */
export const MAX_SUCCESSORS = 10;
/** No token: what unused places of a row hold. */
export const NO_TOKEN = -1;
/** Ten values of 32 bits may round up. */
const MAX_SUM = 1 + 1e-5;

/** Tokens that may follow, the likeliest first, all different. */
export interface Successors {
  /** [<= {@link MAX_SUCCESSORS}] */
  readonly tokens: Int32Array;
  /** [tokens.length] in (0, 1], falling; they add up to 1 at most. */
  readonly probs: Float32Array;
}

/**
 * The softmax over a row's best logits alone: what all others have would cost a second scan of the row, and a code
 * model leaves them little. So the probabilities are a bit high, and calibration (`acceptanceTable.ts`) brings them
 * down. Undefined where nothing is likely.
 */
export function successorsOf({ tokens, logits }: TopK): Successors | undefined {
  const best = logits[0];
  if (best === undefined || !Number.isFinite(best)) return undefined;
  const length = Math.min(MAX_SUCCESSORS, logits.length);
  const probs = new Float32Array(length);
  let sum = 0;
  let size = 0;
  while (size < length) {
    const prob = Math.fround(Math.exp(logits[size]! - best));
    if (!(prob > 0)) break;
    probs[size++] = prob;
    sum += prob;
  }
  for (let rank = 0; rank < size; rank++) probs[rank]! /= sum;
  // A logit far below the best has no probability that 32 bits can hold.
  while (probs[size - 1] === 0) size--;
  return size === length && length === tokens.length
    ? { tokens, probs }
    : { tokens: tokens.subarray(0, size), probs: probs.subarray(0, size) };
}

/** A row inside larger arrays. Views would cost more than what is done with them. */
export interface SuccessorSlot {
  readonly tokens: Int32Array;
  readonly probs: Float32Array;
  readonly start: number;
  readonly length: number;
}

/** Room to average two rows in, used again and again: every harvested row is merged three times. */
export class MergedSuccessors implements SuccessorSlot {
  readonly tokens = new Int32Array(2 * MAX_SUCCESSORS);
  readonly probs = new Float32Array(2 * MAX_SUCCESSORS);
  readonly start = 0;
  length = 0;

  /**
   * Becomes the average of `count` observations and a fresh one: {Bob .7, Mary .2, Tom .05} after one observation and
   * {Bob .3, Mary .6, Sue .05} give {Bob .5, Mary .4, Tom .025, Sue .025}.
   */
  average(old: SuccessorSlot, fresh: Successors, count: number): void {
    const { tokens, probs } = this;
    const share = 1 / (count + 1);
    const numOld = old.length;
    let size = numOld;
    for (let i = 0; i < numOld; i++) {
      tokens[i] = old.tokens[old.start + i]!;
      probs[i] = old.probs[old.start + i]! * count * share;
    }
    for (let i = 0; i < fresh.tokens.length; i++) {
      const token = fresh.tokens[i]!;
      let at = 0;
      while (at < numOld && tokens[at] !== token) at++;
      if (at === numOld) {
        at = size++;
        tokens[at] = token;
        probs[at] = 0;
      }
      probs[at]! += fresh.probs[i]! * share;
    }
    // By insertion: stable, and quick, as both halves are nearly sorted.
    for (let i = 1; i < size; i++) {
      const token = tokens[i]!;
      const prob = probs[i]!;
      let at = i;
      for (; at > 0 && probs[at - 1]! < prob; at--) {
        tokens[at] = tokens[at - 1]!;
        probs[at] = probs[at - 1]!;
      }
      tokens[at] = token;
      probs[at] = prob;
    }
    // What 32 bits cannot hold is forgotten.
    while (size > MAX_SUCCESSORS || (size > 0 && probs[size - 1] === 0)) size--;
    this.length = size;
  }
}

/** Whether a row is what {@link Successors} promises, of a vocabulary of this size. */
export function areSuccessors({ tokens, probs }: Successors, vocabSize: number): boolean {
  let sum = 0;
  for (let rank = 0; rank < probs.length; rank++) {
    const prob = probs[rank]!;
    if (!(prob > 0 && prob <= (probs[rank - 1] ?? 1))) return false;
    sum += prob;
  }
  return sum <= MAX_SUM && areDistinctTokens(tokens, vocabSize);
}

/** Whether all are ids of a vocabulary of this size, none twice; for a few. */
export function areDistinctTokens(tokens: Int32Array, vocabSize: number): boolean {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (!(token >= 0 && token < vocabSize)) return false;
    for (let j = 0; j < i; j++) if (tokens[j] === token) return false;
  }
  return true;
}
