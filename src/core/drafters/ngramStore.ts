/**
 * STAND's n-gram store: after each run of 2 to 4 tokens that the target has read, its next-token distribution there.
 * A hash table of flat arrays; the whole key is kept and compared, so a collision never gives another run's row.
 * @see STAND (arXiv 2506.04708).
 */

import type { Token } from "../base/tokens.ts";
import {
  areSuccessors,
  MAX_SUCCESSORS,
  MergedSuccessors,
  NO_TOKEN,
  type SuccessorSlot,
  type Successors,
} from "./successors.ts";

/** Lengths of the keys; of one token the successor matrix knows more (`successorMatrix.ts`). */
export const MIN_NGRAM = 2;
export const MAX_NGRAM = 4;
/** About 400 completions' worth. */
export const DEFAULT_MAX_NGRAMS = 65_536;
/**
 * Observations that a row remembers: from then on each further one counts 1/256. The paper counts on for ever; here a
 * store outlives sessions, and the files change.
 */
export const MAX_COUNT = 255;

/** No entry. */
const NONE = -1;
const HASH_FACTOR = 0x2c1b3c6d;
const MIX_FACTOR = 0x297a2d39;

/** An n-gram and what is known of it. */
export interface NgramEntry {
  /** [2 … 4] oldest token first. */
  readonly key: Int32Array;
  /** Observations, 1 … {@link MAX_COUNT}. */
  readonly count: number;
  readonly row: Successors;
}

/**
 * 111 bytes per n-gram, 7.3 MB for the default 65,536, taken at once: a process that grows for hours of typing cannot be
 * told from one that leaks. A full store overwrites an entry that
 * was not looked up or observed since a hand last passed it (the CLOCK approximation of LRU): each step of the hand takes
 * back a mark that some use has set, so uses pay for the steps.
 */
export class NgramStore {
  readonly maxEntries: number;
  #size = 0;
  /** Next entry to be overwritten, if nobody needs it; moves only while the store is full. */
  #hand = 0;
  /** [maxEntries × 4] newest token first; {@link NO_TOKEN} beyond the n-gram. */
  readonly #keys: Int32Array;
  /** [maxEntries] */
  readonly #hashes: Int32Array;
  readonly #counts: Uint8Array;
  readonly #lengths: Uint8Array;
  readonly #isRecent: Uint8Array;
  /** [maxEntries × 10] */
  readonly #tokens: Int32Array;
  readonly #probs: Float32Array;
  readonly #merged = new MergedSuccessors();
  /** [2^bits >= 2 × maxEntries] entry + 1, 0 where free; linear probing. */
  readonly #table: Int32Array;

  /** @throws RangeError if there is no room for one entry. */
  constructor(maxEntries = DEFAULT_MAX_NGRAMS) {
    if (!(maxEntries >= 1)) throw new RangeError(`maxEntries is ${maxEntries}, expected 1 or more`);
    this.maxEntries = maxEntries;
    // Filled, or the system would give the pages only one by one as entries come.
    this.#keys = new Int32Array(maxEntries * MAX_NGRAM).fill(NO_TOKEN);
    this.#hashes = new Int32Array(maxEntries).fill(0);
    this.#counts = new Uint8Array(maxEntries).fill(0);
    this.#lengths = new Uint8Array(maxEntries).fill(0);
    this.#isRecent = new Uint8Array(maxEntries).fill(0);
    this.#tokens = new Int32Array(maxEntries * MAX_SUCCESSORS).fill(NO_TOKEN);
    this.#probs = new Float32Array(maxEntries * MAX_SUCCESSORS).fill(0);
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(2 * maxEntries))).fill(0);
  }

  get size(): number {
    return this.#size;
  }

  /** Of all rows together. */
  get numSuccessors(): number {
    return this.#lengths.subarray(0, this.#size).reduce((sum, length) => sum + length, 0);
  }

  get numBytes(): number {
    const wide = [this.#keys, this.#hashes, this.#tokens, this.#probs, this.#table];
    const narrow = 3 * this.#counts.length;
    return wide.reduce((sum, array) => sum + array.byteLength, narrow);
  }

  /**
   * What followed the last n tokens of `recent`; a view that stands until the next change. Undefined where unknown.
   * @param recent - at least n tokens, none negative.
   */
  find(recent: ArrayLike<Token>, n: number): Successors | undefined {
    const entry = this.#entryOf(recent, n, hashOf(recent, n));
    if (entry === NONE) return undefined;
    this.#isRecent[entry] = 1;
    return this.#rowOf(entry);
  }

  /**
   * Averages a row into what is known: the (c+1)-th observation counts 1/(c+1), a token that one side lacks counts 0
   * there, the ten largest stay, older ones first among equals.
   */
  observe(recent: ArrayLike<Token>, n: number, row: Successors): void {
    const hash = hashOf(recent, n);
    const entry = this.#entryOf(recent, n, hash);
    if (entry === NONE) {
      this.#write(this.#insert(recent, n, hash), slotOf(row), 1);
      return;
    }
    const count = this.#counts[entry]!;
    this.#merged.average(this.#slotOf(entry), row, count);
    this.#write(entry, this.#merged, Math.min(MAX_COUNT, count + 1));
    this.#isRecent[entry] = 1;
  }

  /** Takes over an entry of another store, as it is; replaces the row of an equal key. */
  restore({ key, count, row }: NgramEntry): void {
    const hash = hashOf(key, key.length);
    const known = this.#entryOf(key, key.length, hash);
    this.#write(known === NONE ? this.#insert(key, key.length, hash) : known, slotOf(row), count);
  }

  /** Every entry, the first to be overwritten first; rows are views that stand until the next change. */
  *entries(): Generator<NgramEntry> {
    for (let i = 0; i < this.#size; i++) {
      const entry = (this.#hand + i) % this.#size;
      yield { key: this.#keyOf(entry), count: this.#counts[entry]!, row: this.#rowOf(entry) };
    }
  }

  /** The first broken invariant, for tests. */
  checkIntegrity(): string | undefined {
    if (this.#size > this.maxEntries) return `${this.#size} entries of ${this.maxEntries}`;
    const numLinked = this.#table.reduce((sum, link) => sum + (link === 0 ? 0 : 1), 0);
    if (numLinked !== this.#size) return `${numLinked} links to ${this.#size} entries`;
    for (const { key } of this.entries()) {
      const entry = this.#entryOf(key, key.length, hashOf(key, key.length));
      if (entry === NONE) return `${key} cannot be found`;
    }
    return undefined;
  }

  /** [n] oldest token first; a copy. */
  #keyOf(entry: number): Int32Array {
    const start = entry * MAX_NGRAM;
    let n = MIN_NGRAM;
    while (n < MAX_NGRAM && this.#keys[start + n] !== NO_TOKEN) n++;
    return this.#keys.slice(start, start + n).reverse();
  }

  #rowOf(entry: number): Successors {
    const start = entry * MAX_SUCCESSORS;
    const end = start + this.#lengths[entry]!;
    return { tokens: this.#tokens.subarray(start, end), probs: this.#probs.subarray(start, end) };
  }

  #slotOf(entry: number): SuccessorSlot {
    const start = entry * MAX_SUCCESSORS;
    return { tokens: this.#tokens, probs: this.#probs, start, length: this.#lengths[entry]! };
  }

  #write(entry: number, { tokens, probs, start, length }: SuccessorSlot, count: number): void {
    const at = entry * MAX_SUCCESSORS;
    for (let rank = 0; rank < length; rank++) {
      this.#tokens[at + rank] = tokens[start + rank]!;
      this.#probs[at + rank] = probs[start + rank]!;
    }
    this.#lengths[entry] = length;
    this.#counts[entry] = count;
  }

  #entryOf(recent: ArrayLike<Token>, n: number, hash: number): number {
    const mask = this.#table.length - 1;
    for (let bucket = hash & mask; ; bucket = (bucket + 1) & mask) {
      const entry = this.#table[bucket]! - 1;
      if (entry === NONE) return NONE;
      if (this.#hashes[entry] === hash && this.#hasKey(entry, recent, n)) return entry;
    }
  }

  #hasKey(entry: number, recent: ArrayLike<Token>, n: number): boolean {
    const start = entry * MAX_NGRAM;
    for (let i = 0; i < n; i++) {
      if (this.#keys[start + i] !== recent[recent.length - 1 - i]) return false;
    }
    return n === MAX_NGRAM || this.#keys[start + n] === NO_TOKEN;
  }

  /** A place for a new key, in the table already; its row is the caller's to write. */
  #insert(recent: ArrayLike<Token>, n: number, hash: number): number {
    const entry = this.#freeEntry();
    for (let i = 0; i < MAX_NGRAM; i++) {
      this.#keys[entry * MAX_NGRAM + i] = i < n ? recent[recent.length - 1 - i]! : NO_TOKEN;
    }
    this.#hashes[entry] = hash;
    this.#isRecent[entry] = 0;
    this.#link(entry);
    return entry;
  }

  #freeEntry(): number {
    if (this.#size < this.maxEntries) return this.#size++;
    while (this.#isRecent[this.#hand] === 1) {
      this.#isRecent[this.#hand] = 0;
      this.#hand = (this.#hand + 1) % this.#size;
    }
    const entry = this.#hand;
    this.#hand = (entry + 1) % this.#size;
    this.#unlink(entry);
    return entry;
  }

  #link(entry: number): void {
    const mask = this.#table.length - 1;
    let bucket = this.#hashes[entry]! & mask;
    while (this.#table[bucket] !== 0) bucket = (bucket + 1) & mask;
    this.#table[bucket] = entry + 1;
  }

  /** Frees an entry's bucket, and closes the gap: whoever was pushed past it moves back. */
  #unlink(entry: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = this.#hashes[entry]! & mask;
    while (table[hole] !== entry + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hashes[table[at]! - 1]! & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[hole] = table[at]!;
      hole = at;
    }
    table[hole] = 0;
  }
}

function slotOf({ tokens, probs }: Successors): SuccessorSlot {
  return { tokens, probs, start: 0, length: tokens.length };
}

/** Whether an entry is what {@link NgramEntry} promises, of a vocabulary of this size. */
export function isNgramEntry({ key, count, row }: NgramEntry, vocabSize: number): boolean {
  if (!(key.length >= MIN_NGRAM && key.length <= MAX_NGRAM)) return false;
  if (!key.every((token) => token >= 0 && token < vocabSize)) return false;
  if (!(count >= 1 && count <= MAX_COUNT)) return false;
  const size = row.tokens.length;
  return size >= 1 && size <= MAX_SUCCESSORS && areSuccessors(row, vocabSize);
}

function hashOf(recent: ArrayLike<Token>, n: number): number {
  let hash = n;
  for (let i = 1; i <= n; i++) {
    hash = Math.imul(hash ^ recent[recent.length - i]!, HASH_FACTOR);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, MIX_FACTOR);
  return hash ^ (hash >>> 13);
}
