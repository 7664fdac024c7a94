/**
 * Keeps the index of an open workspace as its files are: first from what an earlier session kept, then from a walk of the
 * folders, then file by file as they change. One loop does all of it, between requests; unsaved text wins over the disk.
 */
import { join } from "node:path";
import { isAbortError, messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import { RecentEdits } from "../../core/index/recentEdits.ts";
import { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import { SourceFolder } from "../../workspace/sourceFolder.ts";
import {
  isIgnoreFile,
  isSourcePath,
  isSourceText,
  MAX_SOURCE_BYTES,
} from "../../workspace/sourceRules.ts";
import type { BackgroundTurns } from "../base/backgroundTurns.ts";
import type { PrivateFiles } from "../base/privateFiles.ts";
import {
  NO_WORKSPACE,
  type WorkspaceChanges,
  type WorkspaceRoot,
  type WorkspaceStatus,
} from "../protocol/workspaceMessages.ts";
import { AwaitedFiles } from "./awaitedFiles.ts";
import { IndexSaves, restoreIndex, UNSAVED } from "./indexBlob.ts";
import { IndexReports } from "./indexReports.ts";
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
  readonly #reports: IndexReports;
  readonly #saves: IndexSaves;
  readonly #lifetime = new AbortController();
  /** By root; undefined where there is no disk. */
  #folders: (SourceFolder | undefined)[] = [];
  /** Whether the index may be believed of a file. */
  readonly awaited: AwaitedFiles;
  readonly edits = new RecentEdits();
  #wake = () => {};

  constructor(options: WorkspaceIndexerOptions) {
    this.#options = options;
    this.index = options.index ?? new WorkspaceIndex();
    this.paths = new WorkspacePaths(options.roots);
    this.awaited = new AwaitedFiles(this.paths);
    this.#reports = new IndexReports(this.index, options.onStatus, options.log);
    this.#saves = new IndexSaves(this.index, options);
    // Whoever made it may have been stopped before it was saved.
    if (options.index !== undefined) this.#saves.noteChange();
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
        if (this.awaited.needsWalk) {
          this.awaited.isWalking = true;
          await this.#walk(signal);
          this.awaited.isWalking = false;
        }
        const numRead = await this.#readAll(signal);
        if (this.awaited.needsWalk) continue;
        await this.#compact(signal);
        this.#report("ready");
        this.#reports.logSize(numRead, performance.now() - start);
        await this.#saves.saveIfDue(signal);
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
      if (place === undefined) continue;
      this.index.touchFile(place.key);
      this.awaited.turnTo(place.key);
    }
  }

  /** A path has become something else, on disk or in the buffers. */
  lookAt(path: string): void {
    const place = this.paths.find(path);
    if (place === undefined) return;
    // Other rules, or the root itself: everything may be different.
    if (isIgnoreFile(place.path) || place.path === "") this.awaited.needsWalk = true;
    else this.awaited.events.add(path);
    this.#wake();
  }

  /** Compares the index with the disk: what is gone is removed, what is new or changed waits to be read. */
  async #walk(signal: AbortSignal): Promise<void> {
    const { roots, turns, buffers, log } = this.#options;
    this.awaited.needsWalk = false;
    this.awaited.known.clear();
    this.#report("indexing");
    this.#folders = await Promise.all(
      roots.map(({ isOnDisk, path, excludes }) =>
        isOnDisk ? SourceFolder.open(path, excludes, signal) : undefined,
      ),
    );
    const files = await findFiles(roots, this.#folders, turns, log, signal);
    const present = new Set<string>();
    this.awaited.found = new Map();
    for (const [number, { rootIndex, path, changedAt }] of files.entries()) {
      if (number % FILES_PER_SLICE === 0) await turns.next(signal);
      present.add(this.#enterFound(rootIndex, path, changedAt));
    }
    await turns.next(signal);
    for (const key of this.index.paths()) if (!present.has(key)) this.#remove(key);
    for (const path of buffers.keys()) this.awaited.events.add(path);
  }

  /** A file is on disk: if the index has it as it is, it is known, else it waits to be read. @returns its key. */
  #enterFound(rootIndex: number, path: string, changedAt: number): string {
    const key = this.paths.keyOf(rootIndex, path);
    if (this.index.stampOf(key) === changedAt) this.awaited.known.add(key);
    else this.awaited.found.set(key, { rootIndex, path, key });
    return key;
  }

  /** Until nothing waits, or everything must be compared again. @returns how many paths were looked at. */
  async #readAll(signal: AbortSignal): Promise<number> {
    for (let numRead = 0; ; numRead++) {
      this.#report("indexing", STATUS_INTERVAL_MS);
      const [event] = this.awaited.events;
      const [found] = this.awaited.found.values();
      if (event !== undefined) {
        this.awaited.events.delete(event);
        this.awaited.reading = event;
        await this.#look(event, signal);
      } else if (found !== undefined && !this.awaited.needsWalk) {
        this.awaited.found.delete(found.key);
        this.awaited.reading = found.key;
        await this.#readFile(found, signal);
      } else return numRead;
      this.awaited.reading = undefined;
    }
  }

  async #look(path: string, signal: AbortSignal): Promise<void> {
    const { turns, buffers } = this.#options;
    const place = this.paths.find(path);
    if (place === undefined) return;
    this.awaited.known.delete(place.key);
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
      this.#enterFound(rootIndex, path, changedAt);
    }
  }

  async #readBuffer(path: string, place: RootedPath, signal: AbortSignal): Promise<void> {
    const { buffers, tokenizer } = this.#options;
    const text = buffers.get(path);
    if (text === undefined) return;
    if (text.length > MAX_SOURCE_BYTES || !isSourceText(text)) return this.#remove(place.key);
    const tokens = await tokenizer.tokenize(text, signal);
    // Otherwise a newer one waits.
    if (buffers.get(path) === text) this.#set(place, tokens, UNSAVED);
  }

  async #readFile(place: RootedPath, signal: AbortSignal): Promise<void> {
    const { rootIndex, path, key } = place;
    const { roots, buffers, turns, tokenizer } = this.#options;
    const isBuffer = () => buffers.has(join(roots[rootIndex]!.path, path));
    if (isBuffer()) return;
    await turns.next(signal);
    const source = await this.#folders[rootIndex]?.read(path);
    if (source === undefined) return this.#remove(key);
    if (this.index.stampOf(key) === source.changedAt) return void this.awaited.known.add(key);
    const tokens = await tokenizer.tokenize(source.text, signal);
    if (!isBuffer()) this.#set(place, tokens, source.changedAt);
  }

  #set({ rootIndex, key }: RootedPath, tokens: Int32Array, stamp: number): void {
    const isNew = this.index.fileId(key) === undefined;
    if (isNew && this.index.numTokens + tokens.length > MAX_TOKENS) return;
    const before = this.index.fileOf(this.index.fileId(key) ?? -1)?.tokens;
    if (before !== undefined && stamp === UNSAVED) this.edits.note(key, before, tokens);
    this.index.setFile(key, tokens, stamp);
    if (isNew && stamp !== UNSAVED) this.#options.onNewFile(tokens);
    this.#saves.noteChange();
    // Of a folder that is not on disk nobody can tell what is left out.
    if (this.#folders[rootIndex] !== undefined) this.awaited.known.add(key);
  }

  #remove(key: string): void {
    this.awaited.known.delete(key);
    this.edits.forget(key);
    if (this.index.removeFile(key)) this.#saves.noteChange();
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
        this.awaited.known.delete(key);
        this.edits.forget(key);
        this.index.renameFile(key, after.key + key.slice(before.key.length));
        this.#saves.noteChange();
      }
    }
    this.lookAt(from);
    this.lookAt(to);
  }

  async #compact(signal: AbortSignal): Promise<void> {
    do await this.#options.turns.next(signal);
    while (this.awaited.events.size === 0 && this.index.compactSlice());
  }

  /** Until something happens, or a save is due. */
  async #untilWoken(signal: AbortSignal): Promise<void> {
    const waitMs = this.#saves.msUntilDue;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.awaited.events.size > 0 || this.awaited.needsWalk || signal.aborted) resolve();
      else if (waitMs !== undefined) timer = setTimeout(resolve, waitMs);
    });
    clearTimeout(timer);
    signal.throwIfAborted();
  }

  #report(phase: WorkspaceStatus["phase"], intervalMs?: number): void {
    this.#reports.tell(phase, this.awaited.found.size + this.awaited.events.size, intervalMs);
  }
}
