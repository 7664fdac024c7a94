/**
 * Keeps the index of an open workspace as its files are: first from what an earlier session kept, then from a walk of the
 * folders, then file by file as they change. One loop does all of it, between requests; unsaved text wins over the disk.
 */
import { join } from "node:path";
import { isAbortError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { WorkspaceIndex } from "../core/workspaceIndex.ts";
import { SourceFolder } from "../workspace/sourceFolder.ts";
import {
  isIgnoreFile,
  isSourcePath,
  isSourceText,
  MAX_SOURCE_BYTES,
} from "../workspace/sourceRules.ts";
import type { BackgroundTurns } from "./backgroundTurns.ts";
import { restoreIndex, saveIndex, UNSAVED } from "./indexBlob.ts";
import type { PrivateFiles } from "./privateFiles.ts";
import {
  NO_WORKSPACE,
  type WorkspaceChanges,
  type WorkspaceRoot,
  type WorkspaceStatus,
} from "./workspaceMessages.ts";
import { type RootedPath, WorkspacePaths } from "./workspacePaths.ts";
import { findFiles } from "./workspaceScan.ts";
import type { WorkspaceTokenizer } from "./workspaceTokenizer.ts";

/** Saved at most as often, in ms. What was not saved is tokenized again. */
export const SAVE_INTERVAL_MS = 60_000;
const STATUS_INTERVAL_MS = 250;
/** Files that are compared in one slice of work. */
const FILES_PER_SLICE = 1_024;
/** About 130 MB of index. */
const MAX_TOKENS = 12_000_000;
/** Fewer files than that are everyday changes, and no line in the log. */
const MIN_LOGGED_FILES = 20;

export interface WorkspaceIndexerOptions {
  readonly roots: readonly WorkspaceRoot[];
  readonly tokenizer: WorkspaceTokenizer;
  /** Where the index is kept; nowhere if absent. */
  readonly files: PrivateFiles | undefined;
  /** Unsaved texts by path; the owner changes them, and says so. */
  readonly buffers: ReadonlyMap<string, string>;
  /** An index of the same tokenizer to go on with. */
  readonly index: WorkspaceIndex | undefined;
  /** A file's tokens, as they are on disk, came into the index for the first time. */
  readonly onNewFile: (tokens: Int32Array) => void;
  readonly turns: BackgroundTurns;
  readonly log: Log;
  readonly onStatus: (status: WorkspaceStatus) => void;
  readonly saveIntervalMs: number;
}

export class WorkspaceIndexer {
  readonly index: WorkspaceIndex;
  readonly paths: WorkspacePaths;
  readonly #options: WorkspaceIndexerOptions;
  readonly #lifetime = new AbortController();
  /** By root; undefined where there is no disk. */
  #folders: (SourceFolder | undefined)[] = [];
  /** Paths that somebody said something of; they come before what a walk has found. */
  readonly #events = new Set<string>();
  /** Files that a walk has found, by what the index calls them. */
  #found = new Map<string, RootedPath>();
  #needsWalk = true;
  /** Whether there is something that was not saved. */
  #isChanged: boolean;
  #savedAt = Number.NEGATIVE_INFINITY;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #wake = () => {};

  constructor(options: WorkspaceIndexerOptions) {
    this.#options = options;
    this.index = options.index ?? new WorkspaceIndex();
    // Whoever made it may have been stopped before it was saved.
    this.#isChanged = options.index !== undefined;
    this.paths = new WorkspacePaths(options.roots);
  }

  /** Indexes until `stop`. Never rejects. */
  async run(): Promise<void> {
    const { files, tokenizer, turns, log } = this.#options;
    const { signal } = this.#lifetime;
    try {
      if (files !== undefined && this.index.numFiles === 0) {
        await restoreIndex(this.index, files, tokenizer, turns, log, signal);
      }
      for (;;) {
        const start = performance.now();
        if (this.#needsWalk) await this.#walk(signal);
        const numRead = await this.#readAll(signal);
        if (this.#needsWalk) continue;
        await this.#compact(signal);
        this.#report("ready");
        this.#logSize(numRead, performance.now() - start);
        await this.#saveIfDue(signal);
        await this.#untilWoken(signal);
      }
    } catch (error) {
      if (signal.aborted && isAbortError(error)) return;
      this.#options.onStatus(NO_WORKSPACE);
      log("error", `workspace index failed reason=${JSON.stringify(messageOf(error))}`);
    }
  }

  /** From now on the index stays as it is, and the tokenizer is not used. */
  stop(): void {
    this.#lifetime.abort();
    this.#wake();
  }

  changed({ paths, renamed, opened }: WorkspaceChanges): void {
    for (const { from, to } of renamed) this.#rename(from, to);
    for (const path of paths) this.lookAt(path);
    for (const path of opened) {
      const place = this.paths.find(path);
      if (place !== undefined) this.index.touchFile(place.key);
    }
  }

  /** A path has become something else, on disk or in the buffers. */
  lookAt(path: string): void {
    const place = this.paths.find(path);
    if (place === undefined) return;
    // Other rules, or the root itself: everything may be different.
    if (isIgnoreFile(place.path) || place.path === "") this.#needsWalk = true;
    else this.#events.add(path);
    this.#wake();
  }

  /** Compares the index with the disk: what is gone is removed, what is new or changed waits to be read. */
  async #walk(signal: AbortSignal): Promise<void> {
    const { roots, turns, buffers, log } = this.#options;
    this.#needsWalk = false;
    this.#report("indexing");
    this.#folders = await Promise.all(
      roots.map(({ isOnDisk, path, excludes }) =>
        isOnDisk ? SourceFolder.open(path, excludes, signal) : undefined,
      ),
    );
    const files = await findFiles(roots, this.#folders, turns, log, signal);
    const known = new Set<string>();
    this.#found = new Map();
    for (const [number, { rootIndex, path, changedAt }] of files.entries()) {
      if (number % FILES_PER_SLICE === 0) await turns.next(signal);
      const key = this.paths.keyOf(rootIndex, path);
      known.add(key);
      if (this.index.stampOf(key) !== changedAt) this.#found.set(key, { rootIndex, path, key });
    }
    await turns.next(signal);
    for (const key of this.index.paths()) if (!known.has(key)) this.#remove(key);
    for (const path of buffers.keys()) this.#events.add(path);
  }

  /** Until nothing waits, or everything must be compared again. @returns how many paths were looked at. */
  async #readAll(signal: AbortSignal): Promise<number> {
    for (let numRead = 0; ; numRead++) {
      this.#report("indexing", STATUS_INTERVAL_MS);
      const [event] = this.#events;
      const [found] = this.#found.values();
      if (event !== undefined) {
        this.#events.delete(event);
        await this.#look(event, signal);
      } else if (found !== undefined && !this.#needsWalk) {
        this.#found.delete(found.key);
        await this.#readFile(found, signal);
      } else return numRead;
    }
  }

  async #look(path: string, signal: AbortSignal): Promise<void> {
    const { turns, buffers } = this.#options;
    const place = this.paths.find(path);
    if (place === undefined) return;
    await turns.next(signal);
    const folder = this.#folders[place.rootIndex];
    const isBuffer = buffers.has(path);
    const isVirtual = folder === undefined && isBuffer && isSourcePath(place.path);
    const kind = isVirtual ? "file" : await folder?.kindOf(place.path);
    // Where a folder was until now, a file may be, or nothing: its files went without a word of their own.
    if (kind !== "folder" && this.index.fileId(place.key) === undefined) this.#removeBelow(place);
    if (kind !== "file") this.#remove(place.key);
    if (kind === "folder") await this.#lookBelow(place, signal);
    else if (kind === "file" && isBuffer) await this.#readBuffer(path, place, signal);
    else if (kind === "file") await this.#readFile(place, signal);
  }

  async #lookBelow({ rootIndex, path: below }: RootedPath, signal: AbortSignal): Promise<void> {
    const pause = () => this.#options.turns.next(signal);
    const folder = this.#folders[rootIndex]!;
    for await (const { path, changedAt } of folder.walk(signal, { below, pause })) {
      const key = this.paths.keyOf(rootIndex, path);
      if (this.index.stampOf(key) !== changedAt) this.#found.set(key, { rootIndex, path, key });
    }
  }

  async #readBuffer(path: string, { key }: RootedPath, signal: AbortSignal): Promise<void> {
    const { buffers, tokenizer } = this.#options;
    const text = buffers.get(path);
    if (text === undefined) return;
    if (text.length > MAX_SOURCE_BYTES || !isSourceText(text)) return this.#remove(key);
    const tokens = await tokenizer.tokenize(text, signal);
    // Otherwise a newer one waits.
    if (buffers.get(path) === text) this.#set(key, tokens, UNSAVED);
  }

  async #readFile({ rootIndex, path, key }: RootedPath, signal: AbortSignal): Promise<void> {
    const { roots, buffers, turns, tokenizer } = this.#options;
    const isBuffer = () => buffers.has(join(roots[rootIndex]!.path, path));
    if (isBuffer()) return;
    await turns.next(signal);
    const source = await this.#folders[rootIndex]?.read(path);
    if (source === undefined) return this.#remove(key);
    if (this.index.stampOf(key) === source.changedAt) return;
    const tokens = await tokenizer.tokenize(source.text, signal);
    if (!isBuffer()) this.#set(key, tokens, source.changedAt);
  }

  #set(key: string, tokens: Int32Array, stamp: number): void {
    const isNew = this.index.fileId(key) === undefined;
    if (isNew && this.index.numTokens + tokens.length > MAX_TOKENS) return;
    this.index.setFile(key, tokens, stamp);
    if (isNew && stamp !== UNSAVED) this.#options.onNewFile(tokens);
    this.#isChanged = true;
  }

  #remove(key: string): void {
    if (this.index.removeFile(key)) this.#isChanged = true;
  }

  #removeBelow({ key }: RootedPath): void {
    for (const other of this.index.paths()) if (other.startsWith(`${key}/`)) this.#remove(other);
  }

  /** Of a file or a folder: the tokens stay, and are compared with the disk later. */
  #rename(from: string, to: string): void {
    const before = this.paths.find(from);
    const after = this.paths.find(to);
    if (before !== undefined && after !== undefined) {
      for (const key of [...this.index.paths()]) {
        if (key !== before.key && !key.startsWith(`${before.key}/`)) continue;
        this.index.renameFile(key, after.key + key.slice(before.key.length));
        this.#isChanged = true;
      }
    }
    this.lookAt(from);
    this.lookAt(to);
  }

  async #compact(signal: AbortSignal): Promise<void> {
    do await this.#options.turns.next(signal);
    while (this.#events.size === 0 && this.index.compactSlice());
  }

  async #saveIfDue(signal: AbortSignal): Promise<void> {
    const { files, tokenizer, turns, saveIntervalMs } = this.#options;
    const isDue = performance.now() >= this.#savedAt + saveIntervalMs;
    if (files === undefined || !this.#isChanged || !isDue) return;
    this.#isChanged = false;
    this.#savedAt = performance.now();
    await saveIndex(this.index, files, tokenizer, turns, signal);
  }

  /** Until something happens, or a save is due. */
  async #untilWoken(signal: AbortSignal): Promise<void> {
    const { files, saveIntervalMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#events.size > 0 || this.#needsWalk || signal.aborted) resolve();
      else if (files !== undefined && this.#isChanged) {
        const waitMs = this.#savedAt + saveIntervalMs - performance.now();
        timer = setTimeout(resolve, Math.max(0, waitMs));
      }
    });
    clearTimeout(timer);
    signal.throwIfAborted();
  }

  #report(phase: WorkspaceStatus["phase"], intervalMs = 0): void {
    const now = performance.now();
    if (now < this.#reportedAt + intervalMs) return;
    this.#reportedAt = now;
    const { numFiles, numTokens } = this.index;
    const numWaiting = this.#found.size + this.#events.size;
    this.#options.onStatus({ phase, numFiles, numTokens, numWaiting });
  }

  #logSize(numRead: number, ms: number): void {
    const { numFiles, numTokens, numBytes } = this.index;
    this.#options.log(
      numRead < MIN_LOGGED_FILES ? "debug" : "info",
      `workspace indexed files=${numFiles} read=${numRead} tokens=${numTokens} bytes=${numBytes} ms=${ms.toFixed(0)}`,
    );
  }
}
