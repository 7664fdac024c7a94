/**
 * Token healing's constraint: a prompt ends before its last few tokens, as text behind them may change how they are cut,
 * and the output begins with their text instead. Bytes, not characters: a token may end inside one.
 * @see Lundberg, "The Art of Prompt Design: Prompt Boundaries and Token Healing" (2023).
 */

import type { Token } from "../base/tokens.ts";
import type { TokenConstraint } from "../tree/tokenConstraint.ts";
import type { SortedVocabulary } from "./sortedVocabulary.ts";

/** A text that has to be written, whatever of it is written already. */
interface Spelling {
  readonly vocabulary: SortedVocabulary;
  readonly text: Uint8Array;
  /** [text.length] by what is written: each is made once, however many paths lead to it. */
  readonly states: (PendingText | undefined)[];
  /** [text.length] whether tokens write the rest; absent where they write everything. */
  readonly canFinish: readonly boolean[] | undefined;
}

/** What an output has to begin with and does not yet. At least one byte. */
export class PendingText implements TokenConstraint {
  readonly #spelling: Spelling;
  readonly #offset: number;
  #covers: Int32Array | undefined;
  #parts: Int32Array | undefined;
  #next: Int32Array | undefined;

  private constructor(spelling: Spelling, offset: number) {
    this.#spelling = spelling;
    this.#offset = offset;
  }

  /**
   * @returns undefined where nothing is pending.
   * @throws RangeError if no tokens of the vocabulary write the text; those with a token for each byte write every one.
   */
  static of(vocabulary: SortedVocabulary, text: Uint8Array): PendingText | undefined {
    if (text.length === 0) return undefined;
    const canFinish = vocabulary.hasAllBytes ? undefined : findEnds(vocabulary, text);
    if (canFinish?.[0] === false) {
      throw new RangeError(`no tokens of the vocabulary write the ${text.length} pending bytes`);
    }
    const states = new Array<PendingText | undefined>(text.length);
    states[0] = new PendingText({ vocabulary, text: text.slice(), states, canFinish }, 0);
    return states[0];
  }

  /** What is left, a view. */
  get bytes(): Uint8Array {
    return this.#spelling.text.subarray(this.#offset);
  }

  get next(): Int32Array {
    this.#next ??= insertTokens(this.covers, this.parts);
    return this.#next;
  }

  /** Tokens that complete it; ascending. */
  get covers(): Int32Array {
    this.#covers ??= this.#spelling.vocabulary.startingWith(this.bytes);
    return this.#covers;
  }

  /** Tokens that begin it and leave a rest that can be written, the shortest first. */
  get parts(): Int32Array {
    const { vocabulary, canFinish } = this.#spelling;
    this.#parts ??= vocabulary
      .beginningsOf(this.bytes)
      .filter((token) => canFinish?.[this.#offset + vocabulary.piece(token).length] !== false);
    return this.#parts;
  }

  /** Bytes that a token has behind the pending ones, a view; none where it leaves some. */
  addedBy(token: Token): Uint8Array {
    return this.#spelling.vocabulary.piece(token).subarray(this.bytes.length);
  }

  after(token: Token): PendingText | undefined {
    const { bytes } = this;
    const { vocabulary, states, canFinish } = this.#spelling;
    const piece = vocabulary.piece(token);
    const isPart = piece.length < bytes.length && piece.every((byte, at) => byte === bytes[at]);
    const end = this.#offset + piece.length;
    // One that may not come promises nothing.
    if (!isPart || canFinish?.[end] === false) return undefined;
    states[end] ??= new PendingText(this.#spelling, end);
    return states[end];
  }
}

/** Some tokens more among perhaps a third of the vocabulary: ascending again, without sorting all. */
function insertTokens(ascending: Int32Array, others: Int32Array): Int32Array {
  const merged = new Int32Array(ascending.length + others.length);
  let taken = 0;
  let length = 0;
  for (const other of others.slice().sort()) {
    while (taken < ascending.length && ascending[taken]! < other)
      merged[length++] = ascending[taken++]!;
    merged[length++] = other;
  }
  merged.set(ascending.subarray(taken), length);
  return merged;
}

function findEnds(vocabulary: SortedVocabulary, text: Uint8Array): boolean[] {
  const canFinish = new Array<boolean>(text.length).fill(false);
  for (let offset = text.length - 1; offset >= 0; offset--) {
    const rest = text.subarray(offset);
    canFinish[offset] =
      vocabulary.hasStartingWith(rest) ||
      vocabulary
        .beginningsOf(rest)
        .some((token) => canFinish[offset + vocabulary.piece(token).length]);
  }
  return canFinish;
}
