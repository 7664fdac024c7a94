/**
 * The workspace index between sessions: a blob that is taken only if it is whole, and of the same tokenizer. It is made and
 * read in parts, one behind the other, each a snapshot of its own: none keeps the thread for longer than a slice of work.
 */
import type { Log } from "../../core/base/log.ts";
import type { IndexedFile, WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import { decodeIndex, encodeIndex } from "../../core/index/workspaceSnapshot.ts";
import type { BackgroundTurns } from "../base/backgroundTurns.ts";
import type { PrivateFiles } from "../base/privateFiles.ts";
import type { WorkspaceTokenizer } from "./workspaceTokenizer.ts";

export const INDEX_BLOB = "workspace-index";
/** Tokens that are encoded, decoded or entered in one slice of work: about 3 ms. A file alone may have more. */
const TOKENS_PER_PART = 65_536;
/** Every snapshot has its size here, in words of 32 bits (`core/base/snapshot.ts`). */
const SIZE_OFFSET = 8;

/** Saved at most as often, in ms. What was not saved is tokenized again. */
const SAVE_INTERVAL_MS = 60_000;

/** The mark of text that the disk does not have. */
export const UNSAVED = -1;

export interface IndexBlobOptions {
  /** Where the index is kept; nowhere if absent. */
  readonly files: PrivateFiles | undefined;
  readonly tokenizer: WorkspaceTokenizer;
  readonly turns: BackgroundTurns;
  readonly log: Log;
  /** {@link SAVE_INTERVAL_MS} if absent, for tests. */
  readonly saveIntervalMs?: number;
}

/** Keeps an index that changes, now and then. */
export function indexBlob(index: WorkspaceIndex, options: IndexBlobOptions) {
  const { files, tokenizer, turns, log, saveIntervalMs = SAVE_INTERVAL_MS } = options;
  /** Whether there is something that was not saved. */
  let isChanged = false;
  let savedAt = Number.NEGATIVE_INFINITY;
  async function* parts(signal: AbortSignal) {
    const saved = index.files().filter(({ stamp }) => stamp !== UNSAVED);
    for (let from = 0; from < saved.length; ) {
      await turns.next(signal);
      const to = endOfPart(saved, from);
      yield encodeIndex(saved.slice(from, to), tokenizer.hash);
      from = to;
    }
  }
  return {
    /**
     * Fills the index, still empty, with what an earlier session kept, as far as that is of use.
     * @throws the signal's reason.
     */
    async restore(signal: AbortSignal): Promise<void> {
      const blob = await files?.load(INDEX_BLOB);
      if (blob === undefined) return;
      for (const part of partsOf(blob)) {
        await turns.next(signal);
        const { files: kept, reason } = decodeIndex(part, tokenizer.hash);
        if (kept === undefined) {
          log("info", `workspace index not restored reason=${JSON.stringify(reason)}`);
          break;
        }
        await turns.next(signal);
        for (const { path, tokens, stamp } of kept) {
          // The target refuses a pass with ids that it does not know.
          const isKnown = tokens.every((token) => token < tokenizer.vocabSize);
          if (isKnown) index.setFile(path, tokens, stamp);
        }
      }
      log("info", `workspace index restored files=${index.numFiles} tokens=${index.numTokens}`);
    },

    noteChange(): void {
      isChanged = true;
    },

    /** Undefined where there is nothing to save. */
    get msUntilDue(): number | undefined {
      if (files === undefined || !isChanged) return undefined;
      return Math.max(0, savedAt + saveIntervalMs - performance.now());
    },

    /**
     * Keeps the index but for unsaved text: what the user did not write to the disk, we do not either. Nothing else may change
     * tokens meanwhile. An abort leaves what was kept before.
     * @throws the signal's reason.
     */
    async saveIfDue(signal: AbortSignal): Promise<void> {
      if (this.msUntilDue !== 0) return;
      isChanged = false;
      savedAt = performance.now();
      await files?.save(INDEX_BLOB, parts(signal));
    },
  };
}

function endOfPart(files: readonly IndexedFile[], from: number): number {
  let to = from;
  let numTokens = 0;
  while (to < files.length && (to === from || numTokens < TOKENS_PER_PART)) {
    numTokens += files[to]!.tokens.length;
    to++;
  }
  return to;
}

/** What lies behind a part whose size is wrong is one part, which is none. */
function* partsOf(blob: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  for (let at = 0; at < blob.length; ) {
    const isHeader = at + SIZE_OFFSET + 4 <= blob.length;
    const numBytes = isHeader ? 4 * view.getUint32(at + SIZE_OFFSET, isLittleEndian) : 0;
    const isSize = numBytes > 0 && at + numBytes <= blob.length;
    const end = isSize ? at + numBytes : blob.length;
    yield blob.subarray(at, end);
    at = end;
  }
}
