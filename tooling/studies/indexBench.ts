/** What the workspace index costs at a size: building, looking up, changing files, memory. Tokenizing is not in it. */

import { quantile } from "../../src/bench/base/statistics.ts";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { LOOKUP_LIMITS, WorkspaceDrafter } from "../../src/core/drafters/workspaceDrafter.ts";
import { WorkspaceIndex } from "../../src/core/index/workspaceIndex.ts";
import type { LookupPlace } from "../../src/core/index/workspaceSearch.ts";
import { syntheticFiles, type TokenFile } from "./syntheticFiles.ts";

export interface IndexBenchOptions {
  /** Clock in ms. */
  readonly now: () => number;
  /** Of the synthetic workspace, in tokens. */
  readonly size: number;
  readonly seed: number;
  /** Awaited between slices of work: whoever measures in the command's own process hears a Ctrl+C there. May reject. */
  readonly pause: () => Promise<void>;
  readonly numLookups?: number;
  readonly numUpdates?: number;
}

/** Figures of one workspace. */
export type IndexBenchRow = Awaited<ReturnType<typeof measureIndex>>;

/** Operations between two pauses. */
const SLICE_OPERATIONS = 200;
const CONTEXT_TOKENS = 64;
const SUFFIX_TOKENS = 16;
const DRAFT_BUDGET = { maxNodes: 16, maxDepth: 16, minSurvival: 0.02 } as const;

/** The index is built twice, the first time to warm up. */
export async function measureIndex({
  now,
  size,
  seed,
  pause,
  numLookups = 2000,
  numUpdates = 200,
}: IndexBenchOptions) {
  const files = syntheticFiles(size, seed);
  const random = seededRandom(seed);
  const timed = (operation: () => void) => {
    const start = now();
    operation();
    return now() - start;
  };
  const build = async (index: WorkspaceIndex) => {
    let ms = 0;
    for (const [number, { path, tokens }] of files.entries()) {
      if (number % SLICE_OPERATIONS === 0) await pause();
      ms += timed(() => index.setFile(path, tokens));
    }
    return ms;
  };
  await build(new WorkspaceIndex());
  const index = new WorkspaceIndex();
  const buildMs = await build(index);
  const { numTokens, numBytes, numFiles, shards } = index;

  const lookups: number[] = [];
  const drafts: number[] = [];
  const drafter = new WorkspaceDrafter(index, "suffixMatch");
  for (let i = 0; i < numLookups; i++) {
    if (i % SLICE_OPERATIONS === 0) await pause();
    const { context, place, suffixTokens } = drawCursor(index, files, random);
    lookups.push(
      1000 * timed(() => index.lookup(context, { ...place, suffixTokens }, LOOKUP_LIMITS)),
    );
    drafter.moveTo(place);
    await drafter.begin({ promptTokens: context, prefixTokens: context, suffixTokens });
    const start = now();
    await drafter.draft(context.at(-1) ?? 0, DRAFT_BUDGET);
    drafts.push(1000 * (now() - start));
  }

  const update = (file: TokenFile) => {
    const { path } = file;
    const tokens = edited(file.tokens, random);
    return timed(() => index.setFile(path, tokens));
  };
  const pick = () => files[Math.floor(random() * files.length)]!;
  const updates = Array.from({ length: numUpdates }, () => update(pick()));
  const same = pick();
  const retypes = Array.from({ length: numUpdates }, () => update(same));
  await pause();
  while (index.compactSlice()) await pause();
  return {
    numTokens,
    numFiles,
    numShards: shards.length,
    /** All files added, one after the other. */
    buildMs,
    bytesPerToken: numBytes / numTokens,
    lookupUs: timesOf(lookups),
    /** Lookup and tree, 16 nodes. */
    draftUs: timesOf(drafts),
    /** A file saved with a few tokens changed in the middle; a file drawn at random each time. */
    updateMs: timesOf(updates),
    /** The same file saved again and again. */
    retypeMs: timesOf(retypes),
    /** After the updates. */
    compactedBytesPerToken: index.numBytes / index.numTokens,
  };
}

/** A place in a file, as a request has it: the file is indexed as it stands. */
function drawCursor(index: WorkspaceIndex, files: readonly TokenFile[], random: () => number) {
  const { path, tokens } = files[Math.floor(random() * files.length)]!;
  const cursorOffset = 1 + Math.floor(random() * tokens.length);
  const fileId = index.fileId(path);
  const place: LookupPlace = {
    fileId,
    folder: path.slice(0, path.lastIndexOf("/")),
    importedIds: new Set([Math.floor(random() * files.length)]),
  };
  return {
    context: tokens.slice(Math.max(0, cursorOffset - CONTEXT_TOKENS), cursorOffset),
    suffixTokens: tokens.slice(cursorOffset, cursorOffset + SUFFIX_TOKENS),
    place,
  };
}

/** The tokens with a few in the middle changed and one more. */
function edited(tokens: Int32Array, random: () => number): Int32Array {
  const at = Math.floor(tokens.length / 2);
  const inserted = Int32Array.from({ length: 4 }, () => Math.floor(random() * 1000));
  const result = new Int32Array(tokens.length + 1);
  result.set(tokens.subarray(0, at));
  result.set(inserted.subarray(0, result.length - at), at);
  result.set(tokens.subarray(at + 3), Math.min(result.length, at + 4));
  return result;
}

/** Times of single operations: the middle one, the 99th of a hundred, the slowest. */
function timesOf(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    p50: quantile(sorted, 0.5) ?? 0,
    p99: quantile(sorted, 0.99) ?? 0,
    max: sorted.at(-1) ?? 0,
  };
}
