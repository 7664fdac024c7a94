/**
 * Which stretches of the workspace's files are like a text: those that share most of the pairs of tokens that are rare in the
 * workspace, found by the chains that the index has anyway. What surrounds a place is asked for, so that what stands around
 * such places elsewhere is found (RepoCoder, arXiv 2303.12570, by identifiers alike).
 */
import { CHAIN_END } from "./ngramChains.ts";
import { NGRAM_SIZES, type TokenShard } from "./tokenShard.ts";
import type { WorkspaceFile } from "./workspaceFile.ts";

/** Level of the pairs' chains. */
const PAIRS = NGRAM_SIZES.indexOf(2);
/** A pair that occurs more often tells nothing. */
const MAX_OCCURRENCES = 48;
/** Positions of a chain that are looked at; in long chains are common pairs. */
const MAX_STEPS = 192;
/** Half the length of a stretch, in tokens; stretches begin at multiples of it. */
const HALF = 64;
/** Pairs that a stretch shares at least. */
const MIN_SHARED = 4;

export interface LikenessOptions {
  /** Whether a file's stretches may be found. */
  readonly takes: (file: { readonly id: number; readonly path: string }) => boolean;
  readonly maxStretches: number;
}

export interface LikeStretch {
  readonly fileId: number;
  /** Tokens of the file, from … to. */
  readonly from: number;
  readonly to: number;
  /** Sum of what the shared pairs are worth, 0 … 1 of what all of the text's are. */
  readonly likeness: number;
}

interface Half {
  readonly file: WorkspaceFile;
  /** Its number in the file. */
  readonly number: number;
  readonly pairs: Set<number>;
}

/** At most one stretch of each file. */
export function likestStretches(
  shards: readonly TokenShard<WorkspaceFile>[],
  query: Int32Array,
  { takes, maxStretches }: LikenessOptions,
): LikeStretch[] {
  const halves = new Map<string, Half>();
  const worths = new Map<number, number>();
  const taken = new Map<WorkspaceFile, boolean>();
  const mayTake = (file: WorkspaceFile) => {
    let may = taken.get(file);
    if (may === undefined) {
      may = takes(file);
      taken.set(file, may);
    }
    return may;
  };
  const seen = new Set<string>();
  for (let end = 1; end < query.length; end++) {
    const key = `${query[end - 1]} ${query[end]}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const found = occurrencesOf(shards, query, end);
    if (found === undefined || found.length === 0) continue;
    worths.set(end, Math.log2((2 * MAX_OCCURRENCES) / found.length));
    for (const { file, offset } of found) {
      if (!mayTake(file)) continue;
      const number = Math.floor(offset / HALF);
      const halfKey = `${file.id} ${number}`;
      const half = halves.get(halfKey) ?? { file, number, pairs: new Set<number>() };
      half.pairs.add(end);
      halves.set(halfKey, half);
    }
  }
  const total = [...worths.values()].reduce((sum, worth) => sum + worth, 0);
  const best = new Map<number, LikeStretch>();
  for (const { file, number, pairs } of halves.values()) {
    const next = halves.get(`${file.id} ${number + 1}`)?.pairs ?? [];
    const shared = new Set([...pairs, ...next]);
    if (shared.size < MIN_SHARED) continue;
    const worth = [...shared].reduce((sum, pair) => sum + worths.get(pair)!, 0);
    const from = number * HALF;
    const to = Math.min(from + 2 * HALF, file.segment.length);
    const stretch = { fileId: file.id, from, to, likeness: worth / total };
    if (stretch.likeness > (best.get(file.id)?.likeness ?? 0)) best.set(file.id, stretch);
  }
  return [...best.values()]
    .sort((a, b) => b.likeness - a.likeness || a.fileId - b.fileId)
    .slice(0, maxStretches);
}

/** Where the pair that ends at a position of the query stands; undefined if it is common. */
function occurrencesOf(
  shards: readonly TokenShard<WorkspaceFile>[],
  query: Int32Array,
  end: number,
): { readonly file: WorkspaceFile; readonly offset: number }[] | undefined {
  const first = shards[0];
  if (first === undefined) return undefined;
  const hash = first.chains[PAIRS]!.hashAt(query, end);
  const found: { file: WorkspaceFile; offset: number }[] = [];
  let numSteps = 0;
  for (const shard of shards) {
    const chains = shard.chains[PAIRS]!;
    const { tokens } = shard;
    for (let at = chains.newest(hash); at !== CHAIN_END; at = chains.before(at)) {
      if (++numSteps > MAX_STEPS) return undefined;
      if (tokens[at] !== query[end] || tokens[at - 1] !== query[end - 1]) continue;
      const { file, start } = shard.segmentAt(at);
      if (file === undefined) continue;
      if (found.length === MAX_OCCURRENCES) return undefined;
      found.push({ file, offset: at - start });
    }
  }
  return found;
}
