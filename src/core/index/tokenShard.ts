/**
 * A stretch of the workspace index: whole files' tokens behind one another, each followed by a separator, and the
 * chains of their n-grams. A removed file leaves separators; packing into a new shard frees them.
 */
import { CHAIN_END, NgramChains } from "./ngramChains.ts";
import { MAX_MATCH_LENGTH, SEPARATOR } from "./suffixMatch.ts";

/**
 * Runs that are looked up by hash, longest first. The long one finds the longest match where common short runs occur
 * more often than a walk may have steps. The short one is the fallback: in TypeScript sources it brought a third more
 * accepted tokens than 3 tokens would. Of one token, recycling knows what follows.
 */
export const NGRAM_SIZES = [5, 2] as const;
/** Long runs differ nearly everywhere; with a bucket for each, a lookup passes through a shard that has none of its own. */
const BUCKETS_PER_POSITION = [1, 1 / 4] as const;

/** Where a file lies in its shard. */
export interface Segment<File> {
  /** Position of the file's first token. */
  readonly start: number;
  length: number;
  /** Undefined where the file was removed. */
  file: File | undefined;
}

/** Occurrences of a context's end, in the order of the walk. Filled by {@link TokenShard.collect}. */
export interface Occurrences<File> {
  size: number;
  readonly shards: TokenShard<File>[];
  /** Position of the last token that agrees. */
  readonly ends: Int32Array;
  /** Tokens that agree. */
  readonly lengths: Int32Array;
}

/**
 * 8 bytes per token of capacity and 2.5 for the chains' heads; 12 and 5 above 65,536 tokens.
 * @typeParam File - what the owner keeps about a file.
 */
export class TokenShard<File> {
  #tokens: Int32Array;
  readonly #chains: readonly NgramChains[];
  readonly #segments: Segment<File>[] = [];
  /** The next free position; the one before holds a separator. */
  #used = 1;
  #numDead = 0;

  /** @param capacity - positions, separators included. */
  constructor(capacity: number) {
    this.#tokens = new Int32Array(capacity);
    this.#tokens[CHAIN_END] = SEPARATOR;
    this.#chains = NGRAM_SIZES.map(
      (n, level) => new NgramChains(n, capacity, capacity * BUCKETS_PER_POSITION[level]!),
    );
  }

  /** A shard of these files' tokens, in this order; the files' old places are left as they are. */
  static pack<File>(
    sources: readonly { readonly shard: TokenShard<File>; readonly segment: Segment<File> }[],
    capacity: number,
  ): TokenShard<File> {
    const packed = new TokenShard<File>(capacity);
    for (const { shard, segment } of sources) {
      if (segment.file !== undefined) packed.append(shard.tokensOf(segment)).file = segment.file;
    }
    return packed;
  }

  get capacity(): number {
    return this.#tokens.length;
  }

  /** Positions in use, the first separator not counted. */
  get numUsed(): number {
    return this.#used - 1;
  }

  /** Positions that packing would free. */
  get numDead(): number {
    return this.#numDead;
  }

  get numLive(): number {
    return this.numUsed - this.#numDead;
  }

  get segments(): readonly Segment<File>[] {
    return this.#segments;
  }

  get chains(): readonly NgramChains[] {
    return this.#chains;
  }

  /** Memory of its arrays. */
  get numBytes(): number {
    return this.#chains.reduce((sum, chains) => sum + chains.numBytes, this.#tokens.byteLength);
  }

  /** Whether a file of so many tokens fits behind the others. */
  hasRoomFor(numTokens: number): boolean {
    return this.#used + numTokens + 1 <= this.capacity;
  }

  /** [capacity] the tokens by position, a separator between files; valid until the shard changes. */
  get tokens(): Int32Array {
    return this.#tokens;
  }

  /** The tokens of a file; valid until the shard changes. */
  tokensOf({ start, length }: Segment<File>): Int32Array {
    return this.#tokens.subarray(start, start + length);
  }

  /** Adds tokens behind the others, for a file that the caller enters; there must be room. */
  append(tokens: Int32Array): Segment<File> {
    const segment: Segment<File> = { start: this.#used, length: 0, file: undefined };
    this.#segments.push(segment);
    this.#tokens[this.#used++] = SEPARATOR;
    this.#extend(segment, tokens);
    return segment;
  }

  isLast(segment: Segment<File>): boolean {
    return this.#segments.at(-1) === segment;
  }

  /** Replaces the last file's tokens from the `kept`-th on; there must be room. Leaves nothing dead. */
  rewriteLast(segment: Segment<File>, kept: number, tokens: Int32Array): void {
    const { start, length } = segment;
    for (const chains of this.#chains) {
      chains.unlink(this.#tokens, start, start + kept, start + length);
    }
    segment.length = kept;
    this.#used = start + kept + 1;
    this.#tokens[this.#used - 1] = SEPARATOR;
    this.#extend(segment, tokens.subarray(kept));
  }

  /** Whether the last file could be of this length. */
  fitsLast(segment: Segment<File>, length: number): boolean {
    return this.isLast(segment) && segment.start + length + 1 <= this.capacity;
  }

  /** Removes a file: its tokens become separators, which end every comparison that its positions are left in. */
  remove(segment: Segment<File>): void {
    segment.file = undefined;
    if (this.isLast(segment)) {
      this.rewriteLast(segment, 0, this.#tokens.subarray(0, 0));
      this.#segments.pop();
      this.#used = segment.start;
      return;
    }
    this.tokensOf(segment).fill(SEPARATOR);
    this.#numDead += segment.length + 1;
  }

  /** Gives back the memory that no file uses; the last file can still be rewritten, if it grows no longer. */
  trim(): void {
    if (this.#used === this.capacity) return;
    this.#tokens = this.#tokens.slice(0, this.#used);
    for (const chains of this.#chains) chains.trim(this.#used);
  }

  /** The segment that a position lies in. */
  segmentAt(position: number): Segment<File> {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#segments[middle]!.start <= position) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low]!;
  }

  /**
   * Appends the occurrences of the context's end that a token follows, newest first, and returns the steps it took. Those
   * that the longer n-grams find as well are theirs.
   * @param level - index into {@link NGRAM_SIZES}; the context has at least so many tokens, none of them negative.
   * @param hash - of the context's last n tokens.
   */
  collect(
    level: number,
    hash: number,
    context: Int32Array,
    maxSteps: number,
    found: Occurrences<File>,
  ): number {
    const chains = this.#chains[level]!;
    const tokens = this.#tokens;
    const last = context.length - 1;
    const limit = Math.min(MAX_MATCH_LENGTH, context.length);
    const tooLong = NGRAM_SIZES[level - 1] ?? Number.POSITIVE_INFINITY;
    let numSteps = 0;
    for (
      let end = chains.newest(hash);
      end !== CHAIN_END && numSteps < maxSteps;
      end = chains.before(end)
    ) {
      numSteps++;
      let length = 0;
      while (length < limit && tokens[end - length] === context[last - length]) length++;
      if (length < chains.n || length >= tooLong || tokens[end + 1] === SEPARATOR) continue;
      found.shards[found.size] = this;
      found.ends[found.size] = end;
      found.lengths[found.size] = length;
      found.size++;
    }
    return numSteps;
  }

  #extend(segment: Segment<File>, tokens: Int32Array): void {
    // The separator behind the last file is where this one's tokens go on.
    const from = this.#used - 1;
    const to = from + tokens.length;
    this.#tokens.set(tokens, from);
    this.#tokens[to] = SEPARATOR;
    this.#used = to + 1;
    for (const chains of this.#chains) chains.link(this.#tokens, segment.start, from, to);
    segment.length += tokens.length;
  }
}
