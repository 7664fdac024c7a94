/** Token ids and runs of them. Text never appears here. */

/** A token id of the target's vocabulary, 0-based. */
export type Token = number;

/** Length of the longest common prefix of two runs of tokens. */
export function commonPrefixLength(a: Int32Array, b: Int32Array): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length++;
  return length;
}

/** Of the longest common end of what follows their first `numSkipped` tokens. */
export function commonSuffixLength(a: Int32Array, b: Int32Array, numSkipped: number): number {
  const limit = Math.min(a.length, b.length) - numSkipped;
  let length = 0;
  while (length < limit && a[a.length - 1 - length] === b[b.length - 1 - length]) length++;
  return length;
}

/** The runs one after the other, in an array of its own. */
export function concatTokens(...runs: readonly Int32Array[]): Int32Array {
  const joined = new Int32Array(runs.reduce((length, run) => length + run.length, 0));
  let end = 0;
  for (const run of runs) {
    joined.set(run, end);
    end += run.length;
  }
  return joined;
}

/** A run of tokens that grows at the end and shrinks from it; storage doubles as needed. */
export class TokenBuffer {
  #tokens: Int32Array;
  #length = 0;

  constructor(initial: Int32Array = new Int32Array(0)) {
    this.#tokens = new Int32Array(Math.max(64, initial.length * 2));
    this.append(initial);
  }

  get length(): number {
    return this.#length;
  }

  /** The token at `index`, or -1 outside the run. */
  at(index: number): Token {
    return index >= 0 && index < this.#length ? this.#tokens[index]! : -1;
  }

  append(tokens: ArrayLike<Token>): void {
    const needed = this.#length + tokens.length;
    if (needed > this.#tokens.length) {
      const grown = new Int32Array(Math.max(needed, this.#tokens.length * 2));
      grown.set(this.#tokens.subarray(0, this.#length));
      this.#tokens = grown;
    }
    this.#tokens.set(tokens, this.#length);
    this.#length = needed;
  }

  /** Drops everything from `length` on; a longer `length` changes nothing. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, Math.max(0, length));
  }

  /** The run as it stands; valid until the next append. */
  view(): Int32Array {
    return this.#tokens.subarray(0, this.#length);
  }
}
