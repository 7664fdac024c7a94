/**
 * Keeps the index of an open workspace as its files are: first from what an earlier session kept, then from a walk of the
 * folders, then file by file as they change. One loop does all of it, between requests; unsaved text wins over the disk.
 */
import { join } from "node:path";
import { isAbortError, messageOf } from "../../core/base/errors.ts";
import { RecentEdits } from "../../core/index/recentEdits.ts";
import { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import { openSourceFolder, type SourceFolder } from "../../workspace/sourceFolder.ts";
import {
  isIgnoreFile,
  isSourcePath,
  isSourceText,
  MAX_SOURCE_BYTES,
} from "../../workspace/sourceRules.ts";
import {
  NO_WORKSPACE,
  type WorkspaceChanges,
  type WorkspaceRoot,
  type WorkspaceStatus,
} from "../protocol/workspaceMessages.ts";
import { AwaitedFiles } from "./awaitedFiles.ts";
import { type IndexBlobOptions, indexBlob, UNSAVED } from "./indexBlob.ts";
import { indexReports } from "./indexReports.ts";
import { type RootedPath, WorkspacePaths } from "./workspacePaths.ts";
import { findFiles } from "./workspaceScan.ts";

const STATUS_INTERVAL_MS = 250;
/** Files that are compared in one slice of work. */
const FILES_PER_SLICE = 1_024;
/** About 130 MB of index. */
const MAX_TOKENS = 12_000_000;

export interface WorkspaceIndexerOptions extends IndexBlobOptions {
  readonly roots: readonly WorkspaceRoot[];
  /** Unsaved texts by path; the owner changes them, and says so. */
  readonly buffers: ReadonlyMap<string, string>;
  /** An index of the same tokenizer to go on with. */
  readonly index: WorkspaceIndex | undefined;
  /** A file's tokens, as they are on disk, came into the index for the first time. */
  readonly onNewFile: (tokens: Int32Array) => void;
  readonly onStatus: (status: WorkspaceStatus) => void;
}

export type WorkspaceIndexer = ReturnType<typeof workspaceIndexer>;

export function workspaceIndexer(options: WorkspaceIndexerOptions) {
  const { roots, buffers, tokenizer, turns, log, onStatus, onNewFile } = options;
  const index = options.index ?? new WorkspaceIndex();
  const paths = new WorkspacePaths(roots);
  /** Whether the index may be believed of a file. */
  const awaited = new AwaitedFiles(paths);
  const edits = new RecentEdits();
  const reports = indexReports(index, onStatus, log);
  const blob = indexBlob(index, options);
  const lifetime = new AbortController();
  const { signal } = lifetime;
  /** By root; undefined where there is no disk. */
  let folders: (SourceFolder | undefined)[] = [];
  let wake = () => {};
  // Whoever made it may have been stopped before it was saved.
  if (options.index !== undefined) blob.noteChange();

  const report = (phase: WorkspaceStatus["phase"], intervalMs?: number) =>
    reports.tell(phase, awaited.found.size + awaited.events.size, intervalMs);

  const set = ({ rootIndex, key }: RootedPath, tokens: Int32Array, stamp: number) => {
    const isNew = index.fileId(key) === undefined;
    if (isNew && index.numTokens + tokens.length > MAX_TOKENS) return;
    const before = index.fileOf(index.fileId(key) ?? -1)?.tokens;
    if (before !== undefined && stamp === UNSAVED) edits.note(key, before, tokens);
    index.setFile(key, tokens, stamp);
    if (isNew && stamp !== UNSAVED) onNewFile(tokens);
    blob.noteChange();
    // Of a folder that is not on disk nobody can tell what is left out.
    if (folders[rootIndex] !== undefined) awaited.known.add(key);
  };

  const remove = (key: string) => {
    awaited.known.delete(key);
    edits.forget(key);
    if (index.removeFile(key)) blob.noteChange();
  };

  /** A file is on disk: if the index has it as it is, it is known, else it waits to be read. @returns its key. */
  const enterFound = (rootIndex: number, path: string, changedAt: number) => {
    const key = paths.keyOf(rootIndex, path);
    if (index.stampOf(key) === changedAt) awaited.known.add(key);
    else awaited.found.set(key, { rootIndex, path, key });
    return key;
  };

  /** Compares the index with the disk: what is gone is removed, what is new or changed waits to be read. */
  const walk = async () => {
    awaited.needsWalk = false;
    awaited.known.clear();
    report("indexing");
    folders = await Promise.all(
      roots.map(({ isOnDisk, path, excludes }) =>
        isOnDisk ? openSourceFolder(path, excludes, signal) : undefined,
      ),
    );
    const files = await findFiles(roots, folders, turns, log, signal);
    const present = new Set<string>();
    awaited.found = new Map();
    for (const [number, { rootIndex, path, changedAt }] of files.entries()) {
      if (number % FILES_PER_SLICE === 0) await turns.next(signal);
      present.add(enterFound(rootIndex, path, changedAt));
    }
    await turns.next(signal);
    for (const key of index.paths()) if (!present.has(key)) remove(key);
    for (const path of buffers.keys()) awaited.events.add(path);
  };

  const readBuffer = async (path: string, place: RootedPath) => {
    const text = buffers.get(path);
    if (text === undefined) return;
    if (text.length > MAX_SOURCE_BYTES || !isSourceText(text)) return remove(place.key);
    const tokens = await tokenizer.tokenize(text, signal);
    // Otherwise a newer one waits.
    if (buffers.get(path) === text) set(place, tokens, UNSAVED);
  };

  const readFile = async (place: RootedPath) => {
    const { rootIndex, path, key } = place;
    const isBuffer = () => buffers.has(join(roots[rootIndex]!.path, path));
    if (isBuffer()) return;
    await turns.next(signal);
    const source = await folders[rootIndex]?.read(path);
    if (source === undefined) return remove(key);
    if (index.stampOf(key) === source.changedAt) return void awaited.known.add(key);
    const tokens = await tokenizer.tokenize(source.text, signal);
    if (!isBuffer()) set(place, tokens, source.changedAt);
  };

  const look = async (path: string) => {
    const place = paths.find(path);
    if (place === undefined) return;
    const { rootIndex, key } = place;
    awaited.known.delete(key);
    await turns.next(signal);
    const folder = folders[rootIndex];
    const isBuffer = buffers.has(path);
    const isVirtual = folder === undefined && isBuffer && isSourcePath(place.path);
    const kind = isVirtual ? "file" : await folder?.kindOf(place.path);
    // Where a folder was until now, a file may be, or nothing: its files went without a word of their own.
    if (kind !== "folder" && index.fileId(key) === undefined) {
      for (const other of index.paths()) if (other.startsWith(`${key}/`)) remove(other);
    }
    if (kind !== "file") remove(key);
    if (kind === "folder") {
      const pause = () => turns.next(signal);
      for await (const found of folder!.walk(signal, { below: place.path, pause })) {
        enterFound(rootIndex, found.path, found.changedAt);
      }
    } else if (kind === "file" && isBuffer) await readBuffer(path, place);
    else if (kind === "file") await readFile(place);
  };

  /** Until nothing waits, or everything must be compared again. @returns how many paths were looked at. */
  const readAll = async () => {
    for (let numRead = 0; ; numRead++) {
      report("indexing", STATUS_INTERVAL_MS);
      const [event] = awaited.events;
      const [found] = awaited.found.values();
      if (event !== undefined) {
        awaited.events.delete(event);
        awaited.reading = event;
        await look(event);
      } else if (found !== undefined && !awaited.needsWalk) {
        awaited.found.delete(found.key);
        awaited.reading = found.key;
        await readFile(found);
      } else return numRead;
      awaited.reading = undefined;
    }
  };

  /** Until something happens, or a save is due. */
  const untilWoken = async () => {
    const waitMs = blob.msUntilDue;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (awaited.events.size > 0 || awaited.needsWalk || signal.aborted) resolve();
      else if (waitMs !== undefined) timer = setTimeout(resolve, waitMs);
    });
    clearTimeout(timer);
    signal.throwIfAborted();
  };

  /** A path has become something else, on disk or in the buffers. */
  const lookAt = (path: string) => {
    const place = paths.find(path);
    if (place === undefined) return;
    // Other rules, or the root itself: everything may be different.
    if (isIgnoreFile(place.path) || place.path === "") awaited.needsWalk = true;
    else awaited.events.add(path);
    wake();
  };

  /** Of a file or a folder: the tokens stay, and are compared with the disk later. */
  const rename = (from: string, to: string) => {
    const before = paths.find(from);
    const after = paths.find(to);
    if (before !== undefined && after !== undefined) {
      for (const key of [...index.paths()]) {
        if (key !== before.key && !key.startsWith(`${before.key}/`)) continue;
        awaited.known.delete(key);
        edits.forget(key);
        index.renameFile(key, after.key + key.slice(before.key.length));
        blob.noteChange();
      }
    }
    lookAt(from);
    lookAt(to);
  };

  return {
    index,
    paths,
    awaited,
    edits,
    lookAt,
    /** Indexes until `stop`. Never rejects. */
    async run(): Promise<void> {
      try {
        if (index.numFiles === 0) await blob.restore(signal);
        for (;;) {
          const start = performance.now();
          if (awaited.needsWalk) {
            awaited.isWalking = true;
            await walk();
            awaited.isWalking = false;
          }
          const numRead = await readAll();
          if (awaited.needsWalk) continue;
          do await turns.next(signal);
          while (awaited.events.size === 0 && index.compactSlice());
          report("ready");
          reports.logSize(numRead, performance.now() - start);
          await blob.saveIfDue(signal);
          await untilWoken();
        }
      } catch (error) {
        if (signal.aborted && isAbortError(error)) return;
        onStatus(NO_WORKSPACE);
        log("error", `workspace index failed reason=${JSON.stringify(messageOf(error))}`);
      }
    },
    /** From now on the index stays as it is, and the tokenizer is not used. */
    stop(): void {
      lifetime.abort();
      wake();
    },
    changed({ paths: changed, renamed, opened }: WorkspaceChanges): void {
      for (const { from, to } of renamed) rename(from, to);
      for (const path of changed) lookAt(path);
      for (const path of opened) {
        const place = paths.find(path);
        if (place === undefined) continue;
        index.touchFile(place.key);
        awaited.turnTo(place.key);
      }
    },
  };
}
