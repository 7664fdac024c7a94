/** What the workspace index costs, by size: building, looking up, changing files, memory. Tokenizing is not in it. */

import { quantile } from "../../src/bench/base/statistics.ts";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { syntheticFiles, type TokenFile } from "../../src/bench/spots/syntheticFiles.ts";
import { WorkspaceDrafter } from "../../src/core/drafters/workspaceDrafter.ts";
import { WorkspaceIndex } from "../../src/core/index/workspaceIndex.ts";
import type { LookupPlace } from "../../src/core/index/workspaceSearch.ts";
import { decodeSnapshot, encodeSnapshot } from "../../src/core/index/workspaceSnapshot.ts";

export interface IndexBenchOptions {
  /** Clock in ms. */
  readonly now: () => number;
  /** Sizes of synthetic workspaces, in tokens. */
  readonly sizes: readonly number[];
  /** Awaited between slices of work: whoever measures in the command's own process hears a Ctrl+C there. May reject. */
  readonly pause?: () => Promise<void>;
  /** Real workspaces; each gets a row of its own. */
  readonly workspaces?: readonly { readonly name: string; readonly files: readonly TokenFile[] }[];
  readonly numLookups?: number;
  readonly numUpdates?: number;
  readonly seed?: number;
}

/** Times of single operations: the middle one, the 99th of a hundred, the slowest. */
export interface OperationTimes {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface IndexBenchRow {
  readonly workspace: string;
  readonly numTokens: number;
  readonly numFiles: number;
  readonly numShards: number;
  /** All files added, one after the other. */
  readonly buildMs: number;
  /** Single files as they were added: the slowest one made the index grow. */
  readonly addMs: OperationTimes;
  readonly bytesPerToken: number;
  readonly lookupUs: OperationTimes;
  /** Lookup and tree, 16 nodes. */
  readonly draftUs: OperationTimes;
  /** A file saved with a few tokens changed in the middle; a file drawn at random each time. */
  readonly updateMs: OperationTimes;
  /** The same file saved again and again. */
  readonly retypeMs: OperationTimes;
  /** Slices of compaction after the updates, and the memory then. */
  readonly compactMs: OperationTimes;
  readonly numSlices: number;
  readonly compactedBytesPerToken: number;
  readonly snapshotBytesPerToken: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
}

/** Operations between two pauses. */
const SLICE_OPERATIONS = 200;
const CONTEXT_TOKENS = 64;
const SUFFIX_TOKENS = 16;
const DRAFT_BUDGET = { maxNodes: 16, maxDepth: 16, minSurvival: 0.02 } as const;
const LOOKUP_LIMITS = { maxHits: 16, maxContinuation: 32 } as const;

/** One row per workspace. Each is built twice, the first time to warm up. */
export async function measureIndex(options: IndexBenchOptions): Promise<IndexBenchRow[]> {
  const { sizes, workspaces = [], seed = 1 } = options;
  const rows: IndexBenchRow[] = [];
  for (const { name, files } of workspaces) rows.push(await measureRow(name, files, options));
  for (const size of sizes) {
    rows.push(await measureRow("synthetic", syntheticFiles(size, seed), options));
  }
  return rows;
}

async function measureRow(
  workspace: string,
  files: readonly TokenFile[],
  options: IndexBenchOptions,
): Promise<IndexBenchRow> {
  const { now, numLookups = 2000, numUpdates = 200, seed = 1, pause = async () => {} } = options;
  const random = seededRandom(seed);
  const timed = (operation: () => void) => {
    const start = now();
    operation();
    return now() - start;
  };
  const build = async (index: WorkspaceIndex) => {
    const times: number[] = [];
    for (const { path, tokens } of files) {
      if (times.length % SLICE_OPERATIONS === 0) await pause();
      times.push(timed(() => index.setFile(path, tokens)));
    }
    return times;
  };
  await build(new WorkspaceIndex());
  const index = new WorkspaceIndex();
  const addMs = await build(index);
  const { numTokens, numBytes, numFiles, numShards } = index;

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
  const slices: number[] = [];
  for (let isMore = true; isMore; ) {
    slices.push(
      timed(() => {
        isMore = index.compactSlice();
      }),
    );
  }
  const compactedBytesPerToken = index.numBytes / index.numTokens;

  let bytes = new Uint8Array(0);
  const encodeMs = timed(() => {
    bytes = encodeSnapshot(index.files(), "bench");
  });
  const decodeMs = timed(() => decodeSnapshot(bytes, "bench"));
  return {
    workspace,
    numTokens,
    numFiles,
    numShards,
    buildMs: addMs.reduce((sum, ms) => sum + ms, 0),
    addMs: timesOf(addMs),
    bytesPerToken: numBytes / numTokens,
    lookupUs: timesOf(lookups),
    draftUs: timesOf(drafts),
    updateMs: timesOf(updates),
    retypeMs: timesOf(retypes),
    compactMs: timesOf(slices),
    numSlices: slices.length - 1,
    compactedBytesPerToken,
    snapshotBytesPerToken: bytes.length / index.numTokens,
    encodeMs,
    decodeMs,
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

function timesOf(times: readonly number[]): OperationTimes {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    p50: quantile(sorted, 0.5) ?? 0,
    p99: quantile(sorted, 0.99) ?? 0,
    max: sorted.at(-1) ?? 0,
  };
}
