/**
 * Earlier occurrences of runs of n tokens: a hash of the run leads to its newest position, and from each position a
 * link to the one before. Other runs may share a bucket, so whoever walks a chain compares tokens.
 */

/** A position that is in no chain, so that it can end them: every shard has a separator there. */
export const CHAIN_END = 0;

/** The narrowest array for positions below `numPositions`. */
type PositionArray = Uint16Array | Uint32Array;

/** Odd, so that multiplying by it loses nothing; large, so that neighboring ids spread. */
const HASH_FACTOR = 0x2c1b3c6d;
const MIX_FACTOR = 0x297a2d39;
const MIN_BUCKET_BITS = 4;

/** The chains of one n over the positions of one shard. */
export class NgramChains {
  readonly n: number;
  /** [2^bits] newest position of a bucket. */
  readonly #heads: PositionArray;
  /** [capacity] the position before in the same bucket. */
  #links: PositionArray;
  readonly #shift: number;
  /** HASH_FACTOR^n: what the oldest token of a run has become when it leaves. */
  readonly #leaving: number;

  /** @param minBuckets - heads; rounded up to a power of two. */
  constructor(n: number, capacity: number, minBuckets: number) {
    this.n = n;
    const bits = Math.max(MIN_BUCKET_BITS, Math.ceil(Math.log2(minBuckets)));
    this.#heads = positionArray(2 ** bits, capacity);
    this.#links = positionArray(capacity, capacity);
    this.#shift = 32 - bits;
    let leaving = 1;
    for (let i = 0; i < n; i++) leaving = Math.imul(leaving, HASH_FACTOR);
    this.#leaving = leaving;
  }

  get numBytes(): number {
    return this.#heads.byteLength + this.#links.byteLength;
  }

  /** The hash of the n tokens that end at `end`; the same in every shard. */
  hashAt(tokens: Int32Array, end: number): number {
    let hash = 0;
    for (let i = end - this.n + 1; i <= end; i++) {
      hash = (Math.imul(hash, HASH_FACTOR) + tokens[i]!) | 0;
    }
    return hash;
  }

  /** The newest position whose run may have this hash, or {@link CHAIN_END}. */
  newest(hash: number): number {
    return this.#heads[this.#bucket(hash)]!;
  }

  /** The position before `position` in its chain, or {@link CHAIN_END}. */
  before(position: number): number {
    return this.#links[position]!;
  }

  /**
   * Puts positions [from, to) in front of their chains; they must be newer than all that are in one.
   * @param fileStart - where the file starts: a run that would reach beyond it is none.
   */
  link(tokens: Int32Array, fileStart: number, from: number, to: number): void {
    const { n } = this;
    const first = Math.max(from, fileStart + n - 1);
    if (first >= to) return;
    const heads = this.#heads;
    const links = this.#links;
    let hash = this.hashAt(tokens, first);
    for (let position = first; ; ) {
      const bucket = this.#bucket(hash);
      links[position] = heads[bucket]!;
      heads[bucket] = position;
      if (++position === to) return;
      const left = Math.imul(this.#leaving, tokens[position - n]!);
      hash = (Math.imul(hash, HASH_FACTOR) + tokens[position]! - left) | 0;
    }
  }

  /** Takes positions [from, to) out again; they must be the newest ones, and their tokens still stand. */
  unlink(tokens: Int32Array, fileStart: number, from: number, to: number): void {
    const first = Math.max(from, fileStart + this.n - 1);
    for (let position = to - 1; position >= first; position--) {
      this.#heads[this.#bucket(this.hashAt(tokens, position))] = this.#links[position]!;
    }
  }

  /** Gives back the memory of positions from `capacity` on. */
  trim(capacity: number): void {
    this.#links = this.#links.slice(0, capacity);
  }

  /** Every chain's newest position, for the integrity check. */
  newestPositions(): Iterable<number> {
    return this.#heads.values();
  }

  #bucket(hash: number): number {
    return Math.imul(hash ^ (hash >>> 15), MIX_FACTOR) >>> this.#shift;
  }
}

function positionArray(length: number, numPositions: number): PositionArray {
  return numPositions <= 2 ** 16 ? new Uint16Array(length) : new Uint32Array(length);
}
