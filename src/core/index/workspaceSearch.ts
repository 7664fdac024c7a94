/**
 * Finds earlier occurrences of a text's end in the workspace's shards, and weighs what followed them. Reads shards and
 * file records; changes neither.
 */

import type { Token } from "../base/tokens.ts";
import { joinedLength, joinFactor, type Nearness, occurrenceWeight } from "./hitWeight.ts";
import { MAX_MATCH_LENGTH, SEPARATOR } from "./suffixMatch.ts";
import { NGRAM_SIZES, type Occurrences, type TokenShard } from "./tokenShard.ts";
import type { WorkspaceFile } from "./workspaceFile.ts";

/** Steps along chains per lookup and n-gram size, in all shards together. */
export const MAX_STEPS = 160;
/** Of these, at most so many in the shard of the edited file, which is searched first: its folder is mostly there. */
export const MAX_OWN_STEPS = 80;
/** Occurrences that are compared with the text after the cursor: the best by the other criteria. */
const MAX_COMPARED = 32;
/** Tokens after an occurrence among which the text after the cursor may begin. */
const MAX_JOIN_DISTANCE = 32;
/** Tokens after an occurrence in the edited file by which it is told to be the cursor's own place, or all up to the end. */
const CURSOR_TOKENS = 8;

/** Where the text that is looked up stands. All of it is optional; what is known makes better weights. */
export interface LookupPlace {
  /** The edited file, if it is in the index. */
  readonly fileId?: number | undefined;
  /** Its folder, also where the file itself is not in the index. */
  readonly folder?: string | undefined;
  /** Files that it imports. */
  readonly importedIds?: ReadonlySet<number> | undefined;
  /**
   * The text after the cursor. In the edited file, as the disk has it or as it was a moment ago, an occurrence that it
   * follows is the cursor itself: it proposes what stands there already.
   */
  readonly suffixTokens?: Int32Array | undefined;
}

export interface LookupLimits {
  readonly maxHits: number;
  /** Tokens copied after an occurrence. */
  readonly maxContinuation: number;
}

/** An earlier occurrence of the text's end. */
export interface WorkspaceHit {
  readonly fileId: number;
  /** Index in the file of the token that followed. */
  readonly offset: number;
  /** Tokens that agree, up to {@link MAX_MATCH_LENGTH}. */
  readonly matchLength: number;
  /** How much it counts against the other hits of the lookup; positive. */
  readonly weight: number;
  /**
   * What followed, at least one token. A copy, so that it outlives changes of the index; a plain array, as sixteen typed
   * ones took a quarter of the lookup.
   */
  readonly continuation: readonly Token[];
}

/** What is searched. */
export interface SearchSpace {
  /** Oldest first. */
  readonly shards: readonly TokenShard<WorkspaceFile>[];
  /** The edited file. */
  readonly current: WorkspaceFile | undefined;
  readonly numTouches: number;
}

const MAX_FOUND = NGRAM_SIZES.length * MAX_STEPS;

/** Looks things up in memory that it keeps; one per index, as lookups do not overlap. */
export class WorkspaceSearch {
  readonly #found: Occurrences<WorkspaceFile> = {
    size: 0,
    shards: [],
    ends: new Int32Array(MAX_FOUND),
    lengths: new Int32Array(MAX_FOUND),
  };
  /** [found] 0 for what is left out. */
  readonly #weights = new Float64Array(MAX_FOUND);

  /**
   * The best hits, by weight. For each n-gram size the first {@link MAX_STEPS} positions of its chains are compared, in
   * the edited file's shard, then newest first; where there are no more, no occurrence is missed.
   */
  lookup(
    space: SearchSpace,
    context: Int32Array,
    place: LookupPlace,
    { maxHits, maxContinuation }: LookupLimits,
  ): WorkspaceHit[] {
    const end = usableEnd(context);
    this.#found.size = 0;
    for (let level = 0; level < NGRAM_SIZES.length; level++) {
      if (end.length >= NGRAM_SIZES[level]!) this.#collect(space, end, level);
    }
    this.#weigh(space, place);
    const best = this.#best(Math.max(MAX_COMPARED, maxHits));
    const { suffixTokens } = place;
    if (suffixTokens !== undefined) {
      for (const index of best) this.#weights[index]! *= this.#joinFactor(index, suffixTokens);
      best.sort((a, b) => this.#weights[b]! - this.#weights[a]!);
    }
    return best.slice(0, maxHits).map((index) => this.#hit(index, maxContinuation));
  }

  #collect({ shards, current }: SearchSpace, context: Int32Array, level: number): void {
    const found = this.#found;
    const first = shards[0];
    if (first === undefined) return;
    const hash = first.chains[level]!.hashAt(context, context.length - 1);
    let numSteps = current?.shard.collect(level, hash, context, MAX_OWN_STEPS, found) ?? 0;
    for (let index = shards.length - 1; index >= 0 && numSteps < MAX_STEPS; index--) {
      const shard = shards[index]!;
      if (shard === current?.shard) continue;
      numSteps += shard.collect(level, hash, context, MAX_STEPS - numSteps, found);
    }
  }

  #weigh({ current, numTouches }: SearchSpace, place: LookupPlace): void {
    const { size, shards, ends, lengths } = this.#found;
    for (let index = 0; index < size; index++) {
      const shard = shards[index]!;
      const next = ends[index]! + 1;
      const { file } = shard.segmentAt(ends[index]!);
      const isLeftOut =
        file === undefined ||
        (file === current && isAtCursor(shard.tokens, next, place.suffixTokens));
      this.#weights[index] = isLeftOut
        ? 0
        : occurrenceWeight(lengths[index]!, nearnessOf(file, place), numTouches - file.touched);
    }
  }

  /** Indices of the largest weights, largest first, first found first among equals. */
  #best(count: number): number[] {
    const weights = this.#weights;
    const best: number[] = [];
    for (let index = 0; index < this.#found.size; index++) {
      const weight = weights[index]!;
      if (weight === 0) continue;
      let at = best.length;
      if (at < count) best.push(index);
      else if (weight <= weights[best[--at]!]!) continue;
      while (at > 0 && weights[best[at - 1]!]! < weight) {
        best[at] = best[at - 1]!;
        at--;
      }
      best[at] = index;
    }
    return best;
  }

  #joinFactor(index: number, suffixTokens: Int32Array): number {
    const next = this.#found.ends[index]! + 1;
    const shard = this.#found.shards[index]!;
    const { start, length } = shard.segmentAt(next);
    const to = Math.min(next + MAX_JOIN_DISTANCE, start + length);
    return joinFactor(joinedLength(shard.tokens, next, to, suffixTokens));
  }

  #hit(index: number, maxContinuation: number): WorkspaceHit {
    const shard = this.#found.shards[index]!;
    const next = this.#found.ends[index]! + 1;
    const { start, length, file } = shard.segmentAt(next);
    const { tokens } = shard;
    const end = Math.min(next + maxContinuation, start + length);
    const continuation: Token[] = [];
    for (let at = next; at < end; at++) continuation.push(tokens[at]!);
    return {
      fileId: file!.id,
      offset: next - start,
      matchLength: this.#found.lengths[index]!,
      weight: this.#weights[index]!,
      continuation,
    };
  }
}

function nearnessOf(file: WorkspaceFile, { fileId, folder, importedIds }: LookupPlace): Nearness {
  if (file.id === fileId) return "sameFile";
  if (file.folder === folder) return "sameFolder";
  return importedIds?.has(file.id) === true ? "imported" : "rest";
}

function isAtCursor(
  tokens: Int32Array,
  next: number,
  suffixTokens: Int32Array | undefined,
): boolean {
  if (suffixTokens === undefined || suffixTokens.length === 0) return false;
  const length = Math.min(CURSOR_TOKENS, suffixTokens.length);
  for (let i = 0; i < length; i++) if (tokens[next + i] !== suffixTokens[i]) return false;
  return length === CURSOR_TOKENS || tokens[next + length] === SEPARATOR;
}

/** The end of a context that can be compared: without negative tokens, which are no text. */
function usableEnd(context: Int32Array): Int32Array {
  const limit = Math.max(0, context.length - MAX_MATCH_LENGTH);
  let start = context.length;
  while (start > limit && context[start - 1]! >= 0) start--;
  return context.subarray(start);
}
