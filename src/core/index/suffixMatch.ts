/**
 * Where the end of a growing text occurred before: longest matches first. Backs the live suffix-match drafter.
 *
 * A hash of the last two tokens chains earlier occurrences, newest first; candidates are compared backwards. This finds
 * the same longest match as SAM-Decoding's suffix automaton (arXiv 2411.10666) among the newest
 * {@link MAX_CANDIDATES} occurrences, keeps recency, which an automaton of first occurrences loses, and needs two
 * integers per token instead of a transition map per state.
 */
import { TokenBuffer } from "../base/tokens.ts";

/** Never equals a token: no match crosses it. */
export const SEPARATOR = -1;
/** Occurrences compared per lookup. */
export const MAX_CANDIDATES = 256;
/** Tokens compared backwards; a longer match is reported as this long. */
export const MAX_MATCH_LENGTH = 64;

/** An earlier occurrence of the text's end. */
export interface SuffixMatch {
  /** Index of the token that followed the occurrence. */
  readonly next: number;
  /** Tokens that agree, 1 … {@link MAX_MATCH_LENGTH}. */
  readonly length: number;
}

/** An append-only run of tokens with its own occurrence chains; 12 bytes per token and a hash entry per bigram. */
export class SuffixMatcher {
  readonly #text = new TokenBuffer();
  /** previousBigram[i]: the last j < i with the same tokens at j-1, j; -1 if none. */
  readonly #previousBigram: number[] = [];
  readonly #previousToken: number[] = [];
  readonly #lastBigram = new Map<number, number>();
  readonly #lastToken = new Map<number, number>();

  get length(): number {
    return this.#text.length;
  }

  /** The token at an index, or {@link SEPARATOR} outside the text. */
  at(index: number): number {
    return this.#text.at(index);
  }

  /** The tokens from an index on, at most so many, up to a separator. */
  continuation(from: number, maxTokens: number): Int32Array {
    const tokens = this.#text.view().subarray(from, from + maxTokens);
    const end = tokens.indexOf(SEPARATOR);
    return end === -1 ? tokens : tokens.subarray(0, end);
  }

  append(tokens: ArrayLike<number>): void {
    const start = this.#text.length;
    this.#text.append(tokens);
    for (let i = start; i < this.#text.length; i++) {
      const token = this.#text.at(i);
      const before = this.#text.at(i - 1);
      this.#previousToken.push(this.#lastToken.get(token) ?? -1);
      if (token !== SEPARATOR) this.#lastToken.set(token, i);
      const key = bigramKey(before, token);
      this.#previousBigram.push(this.#lastBigram.get(key) ?? -1);
      if (token !== SEPARATOR && before !== SEPARATOR) this.#lastBigram.set(key, i);
    }
  }

  /**
   * Earlier occurrences of the text's end that have a token after them, longest first, newest first among equals.
   * Single tokens are looked up only where no pair occurred.
   */
  matches(maxMatches: number): SuffixMatch[] {
    const end = this.#text.length - 1;
    if (end < 0) return [];
    const byBigram = this.#collect(this.#previousBigram, end);
    const found = byBigram.length > 0 ? byBigram : this.#collect(this.#previousToken, end);
    return found.sort((a, b) => b.length - a.length || b.next - a.next).slice(0, maxMatches);
  }

  #collect(previous: readonly number[], end: number): SuffixMatch[] {
    const found: SuffixMatch[] = [];
    let at = previous[end]!;
    for (let n = 0; at !== -1 && n < MAX_CANDIDATES; n++, at = previous[at]!) {
      if (this.#text.at(at + 1) !== SEPARATOR) {
        found.push({ next: at + 1, length: this.#matchLength(at, end) });
      }
    }
    return found;
  }

  #matchLength(at: number, end: number): number {
    let length = 0;
    while (length < MAX_MATCH_LENGTH && at - length >= 0) {
      const token = this.#text.at(at - length);
      if (token === SEPARATOR || token !== this.#text.at(end - length)) break;
      length++;
    }
    return length;
  }
}

/** Ids stay below 2^26, so a pair is exact in a double. */
function bigramKey(before: number, token: number): number {
  return (before + 1) * 0x4000000 + token + 1;
}
