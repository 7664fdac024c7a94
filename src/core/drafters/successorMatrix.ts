/**
 * Token Recycling's adjacency matrix: for every token its likeliest successors, from the target's own top-k where the
 * token was read last, until then from text.
 * @see Luo et al., Token Recycling (arXiv 2408.08696).
 */

import type { Token } from "../base/tokens.ts";
import { areDistinctTokens, areSuccessors, type Successors } from "./successors.ts";

/** Successors kept per token (k in the paper). */
export const NUM_SUCCESSORS = 8;

/** Where a row is from. Text counts are kept apart from probabilities: only the target's word overwrites them. */
export const ROW_KINDS = ["empty", "text", "target"] as const;
export type RowKind = (typeof ROW_KINDS)[number];
const EMPTY = 0;
const TEXT = 1;
const TARGET = 2;

/** Counts of a row are halved when one reaches this: what stands in newer text counts for more. */
const MAX_TEXT_COUNT = 1024;
/** Evidence for "something else" in a row of text counts: once seen is little proof. */
const TEXT_DOUBT = 1;

/** A row in use. */
export interface MatrixRow {
  readonly token: Token;
  readonly kind: Exclude<RowKind, "empty">;
  /** [1 … {@link NUM_SUCCESSORS}] best first. */
  readonly tokens: Int32Array;
  /** [tokens.length] falling: probabilities of the target, or how often the text had each. */
  readonly values: Float32Array;
}

/** A row's tokens and values lie side by side: one line of the processor's cache. */
const ROW_LENGTH = 2 * NUM_SUCCESSORS;

/**
 * 66 bytes per token of the vocabulary (0.5 MB at 8k tokens, 10.0 MB at 152k); pages without a row in use stay untouched.
 *
 * Departs from the paper in two points. Unused places are known as such and do not draft token 0. Probabilities are kept
 * beside the tokens, so that a budget can compare them with other sources.
 */
export class SuccessorMatrix {
  readonly vocabSize: number;
  /** [vocabSize] index into {@link ROW_KINDS}. */
  readonly #kinds: Uint8Array;
  /** [vocabSize] successors in use. */
  readonly #lengths: Uint8Array;
  /** [vocabSize × 16] eight tokens of a row, then the room of its values. */
  readonly #tokens: Int32Array;
  /** The same memory: see {@link MatrixRow.values}. */
  readonly #values: Float32Array;

  constructor(vocabSize: number) {
    this.vocabSize = vocabSize;
    this.#kinds = new Uint8Array(vocabSize);
    this.#lengths = new Uint8Array(vocabSize);
    this.#tokens = new Int32Array(vocabSize * ROW_LENGTH);
    this.#values = new Float32Array(this.#tokens.buffer);
  }

  /** Rows in use. */
  get numRows(): number {
    return this.#kinds.reduce((sum, kind) => sum + (kind === EMPTY ? 0 : 1), 0);
  }

  /** Of all rows together. */
  get numSuccessors(): number {
    return this.#lengths.reduce((sum, length) => sum + length, 0);
  }

  get numBytes(): number {
    return this.#kinds.byteLength + this.#lengths.byteLength + this.#tokens.byteLength;
  }

  /** What followed a token: what the target said, or the text's own shares. Undefined where nothing is known. */
  find(token: Token): Successors | undefined {
    const row = this.#rowOf(token);
    if (row === undefined) return undefined;
    const { kind, tokens, values } = row;
    if (kind === "target") return { tokens, probs: values };
    const total = values.reduce((sum, count) => sum + count, TEXT_DOUBT);
    return { tokens, probs: values.map((count) => count / total) };
  }

  /** Replaces a row by the target's first successors there. */
  learnRow(token: Token, { tokens, probs }: Successors): void {
    if (!this.#isToken(token) || tokens.length === 0) return;
    this.#write(token, TARGET, tokens, probs);
  }

  /**
   * Counts which token follows which, in rows that the target has not filled, newest first among equals. Of a row's
   * rarer successors only the newest are kept; a new one takes the last place and its count, so that the counts add up
   * to what was seen and a frequent successor ends up in front however late it comes.
   * @param weight - what one occurrence counts; an integer, 1 … {@link MAX_TEXT_COUNT}.
   * @see Metwally et al., Space-Saving (ICDT 2005).
   */
  learnText(tokens: Int32Array, weight: number): void {
    for (let i = 1; i < tokens.length; i++) {
      const token = tokens[i - 1]!;
      const next = tokens[i]!;
      if (!this.#isToken(token) || !this.#isToken(next) || this.#kinds[token] === TARGET) continue;
      this.#count(token, next, weight);
    }
  }

  /** Takes over a row of another matrix. */
  restore({ token, kind, tokens, values }: MatrixRow): void {
    this.#write(token, ROW_KINDS.indexOf(kind), tokens, values);
  }

  /** Every row in use, by token. */
  *rows(): Generator<MatrixRow> {
    for (let token = 0; token < this.vocabSize; token++) {
      const row = this.#rowOf(token);
      if (row !== undefined) yield row;
    }
  }

  #rowOf(token: Token): MatrixRow | undefined {
    const kind = ROW_KINDS[this.#kinds[token] ?? EMPTY]!;
    if (kind === "empty") return undefined;
    const start = token * ROW_LENGTH;
    const valuesAt = start + NUM_SUCCESSORS;
    const length = this.#lengths[token]!;
    const tokens = this.#tokens.subarray(start, start + length);
    return { token, kind, tokens, values: this.#values.subarray(valuesAt, valuesAt + length) };
  }

  /** The first of them: a row has no more places. */
  #write(token: Token, kind: number, tokens: Int32Array, values: Float32Array): void {
    const length = Math.min(tokens.length, NUM_SUCCESSORS);
    const start = token * ROW_LENGTH;
    this.#kinds[token] = kind;
    this.#lengths[token] = length;
    for (let rank = 0; rank < length; rank++) {
      this.#tokens[start + rank] = tokens[rank]!;
      this.#values[start + NUM_SUCCESSORS + rank] = values[rank]!;
    }
  }

  #count(token: Token, next: Token, weight: number): void {
    const tokens = this.#tokens;
    const counts = this.#values;
    const start = token * ROW_LENGTH;
    const length = this.#lengths[token]!;
    this.#kinds[token] = TEXT;
    let rank = 0;
    while (rank < length && tokens[start + rank] !== next) rank++;
    let count = weight;
    if (rank < length) count += counts[start + NUM_SUCCESSORS + rank]!;
    else if (length < NUM_SUCCESSORS) this.#lengths[token] = length + 1;
    else count += counts[start + NUM_SUCCESSORS + --rank]!;
    for (; rank > 0; rank--) {
      const before = counts[start + NUM_SUCCESSORS + rank - 1]!;
      if (before > count) break;
      tokens[start + rank] = tokens[start + rank - 1]!;
      counts[start + NUM_SUCCESSORS + rank] = before;
    }
    tokens[start + rank] = next;
    counts[start + NUM_SUCCESSORS + rank] = count;
    if (count >= MAX_TEXT_COUNT) this.#halve(token);
  }

  #halve(token: Token): void {
    const values = this.#rowOf(token)!.values;
    for (let rank = 0; rank < values.length; rank++) values[rank] = Math.ceil(values[rank]! / 2);
  }

  #isToken(token: Token): boolean {
    return token >= 0 && token < this.vocabSize;
  }
}

/** Whether a row is what {@link MatrixRow} promises, of a vocabulary of this size. */
export function isMatrixRow(
  row: Omit<MatrixRow, "kind"> & { readonly kind: RowKind | undefined },
  vocabSize: number,
): row is MatrixRow {
  const { token, kind, tokens, values } = row;
  if (kind === undefined || kind === "empty") return false;
  if (!(token >= 0 && token < vocabSize)) return false;
  if (!(tokens.length >= 1 && tokens.length <= NUM_SUCCESSORS)) return false;
  if (kind === "target") return areSuccessors({ tokens, probs: values }, vocabSize);
  const areCounts = values.every(
    (count, rank) =>
      Number.isInteger(count) && count >= 1 && count <= (values[rank - 1] ?? MAX_TEXT_COUNT),
  );
  return areCounts && areDistinctTokens(tokens, vocabSize);
}
