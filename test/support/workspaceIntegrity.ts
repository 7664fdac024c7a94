/** The full invariant check of the workspace index. Tests run it after every mutation. */
import { CHAIN_END } from "../../src/core/index/ngramChains.ts";
import { SEPARATOR } from "../../src/core/index/suffixMatch.ts";
import type { WorkspaceIndex } from "../../src/core/index/workspaceIndex.ts";

type Shard = WorkspaceIndex["shards"][number];

/** The first broken invariant, or undefined. Reads everything. */
export function brokenInvariant(index: WorkspaceIndex): string | undefined {
  const { shards, numFiles, numTokens } = index;
  const paths = new Set(index.paths());
  let numFound = 0;
  let numSegments = 0;
  for (const shard of shards) {
    for (const segment of shard.segments) {
      const { file } = segment;
      if (file === undefined) continue;
      const { path, id } = file;
      if (!paths.delete(path)) return `file ${id} is kept under another path than its own`;
      if (index.fileId(path) !== id) return `the segment of ${path} is of ${id}`;
      if (index.fileOf(id)?.path !== path) return `file ${id} is not found by its id`;
      if (file.shard !== shard) return `file ${id} lies in another shard than it says`;
      if (file.segment !== segment) return `file ${id} lies in another segment than it says`;
      numFound += segment.length;
      numSegments++;
    }
  }
  if (numFound !== numTokens) return `${numTokens} tokens are counted, files hold ${numFound}`;
  if (numSegments !== numFiles) return `${numFiles} files have ${numSegments} segments`;
  for (const [number, shard] of shards.entries()) {
    const broken = checkSegments(shard) ?? checkChains(shard);
    if (broken !== undefined) return `shard ${number}: ${broken}`;
  }
  return undefined;
}

function checkSegments(shard: Shard): string | undefined {
  const { capacity, numUsed, segments } = shard;
  if (numUsed + 1 > capacity) return `${numUsed} positions are used of ${capacity}`;
  if (shard.tokens[CHAIN_END] !== SEPARATOR) return "it does not start with a separator";
  let next = 1;
  let numDead = 0;
  for (const segment of segments) {
    const { start, length, file } = segment;
    if (start !== next) return `a segment starts at ${start}, the one before ends at ${next}`;
    next = start + length + 1;
    if (next > numUsed + 1) return `the segment at ${start} ends behind ${numUsed}`;
    if (shard.tokens[next - 1] !== SEPARATOR) return `the segment at ${start} has no separator`;
    if (file === undefined) numDead += length + 1;
    const isWhole = shard
      .tokensOf(segment)
      .every((token) => (file === undefined ? token === SEPARATOR : token >= 0));
    if (!isWhole) return `the segment at ${start} has tokens of another state than its file`;
  }
  if (next !== numUsed + 1) return `segments end at ${next}, ${numUsed + 1} positions are used`;
  if (numDead !== shard.numDead) return `${shard.numDead} positions are counted dead of ${numDead}`;
  return undefined;
}

/** Every run of n tokens inside a file is in the chain of its hash, and chains lead to older positions. */
function checkChains(shard: Shard): string | undefined {
  const { tokens, segments } = shard;
  for (const chains of shard.chains) {
    const isLinked = new Uint8Array(tokens.length);
    for (const newest of chains.newestPositions()) {
      let newer = tokens.length;
      for (let at = newest; at !== CHAIN_END; newer = at, at = chains.before(at)) {
        if (at >= newer) return `the chain of ${chains.n} tokens goes from ${newer} to ${at}`;
        if (isLinked[at] === 1) return `position ${at} is in two chains of ${chains.n} tokens`;
        isLinked[at] = 1;
        if (tokens[at] !== SEPARATOR && chains.newest(chains.hashAt(tokens, at)) !== newest) {
          return `position ${at} is in the chain of another hash of ${chains.n} tokens`;
        }
      }
    }
    for (const { start, length, file } of segments) {
      if (file === undefined) continue;
      for (let at = start; at < start + length; at++) {
        const belongs = at >= start + chains.n - 1;
        if ((isLinked[at] === 1) !== belongs) {
          return `position ${at} is ${belongs ? "in no chain" : "in a chain"} of ${chains.n} tokens`;
        }
      }
    }
  }
  return undefined;
}
