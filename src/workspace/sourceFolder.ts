/** A folder's sources on disk: which they are, and their text. Everything is asynchronous; links are not followed. */
import type { Dirent } from "node:fs";
import { lstat, readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { openIgnoreRules } from "./ignoreRules.ts";
import { readRegularFile } from "./regularFile.ts";
import { isForeignFolder, isSourcePath, MAX_SOURCE_BYTES, sourceTextOf } from "./sourceRules.ts";

/** Folders within folders. */
const MAX_DEPTH = 40;

/** A source file as the disk has it. */
export interface SourceEntry {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  readonly numBytes: number;
  /** When its content changed last, in ms since 1970. */
  readonly changedAt: number;
}

export interface WalkOptions {
  /** Where to begin; at the folder itself if absent. */
  readonly below?: string;
  /** Absolute paths of folders that are not entered. */
  readonly except?: ReadonlySet<string>;
  /** Awaited before each folder is read. */
  readonly pause?: () => Promise<void>;
}

export type SourceFolder = Awaited<ReturnType<typeof openSourceFolder>>;

/**
 * @param root - absolute.
 * @param excludes - patterns of the editor's settings, relative to the root.
 * @param signal - ends all that is read of it, then and later: whoever waits gets its reason.
 */
export async function openSourceFolder(
  root: string,
  excludes: readonly string[],
  signal: AbortSignal,
) {
  // Undefined where the file system knows no real paths, and so no links that would matter.
  const realRoot = await realpath(root).catch(() => undefined);
  const rules = await openIgnoreRules(root, excludes, signal);
  const entryOf = async (path: string): Promise<SourceEntry | undefined> => {
    const found = await lstat(join(root, path)).catch(() => undefined);
    if (found?.isFile() !== true || (await rules.ignores(path, false))) return undefined;
    return { path, numBytes: found.size, changedAt: found.mtimeMs };
  };
  return {
    /** Its source files, folder by folder in the order of their names. A folder that may not be read holds none. */
    async *walk(walkSignal: AbortSignal, options: WalkOptions = {}): AsyncGenerator<SourceEntry> {
      const { below = "", except, pause } = options;
      const open = [below];
      for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
        await pause?.();
        walkSignal.throwIfAborted();
        const folders: string[] = [];
        const files: string[] = [];
        for (const entry of await entriesOf(join(root, folder))) {
          const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
          if (entry.isDirectory()) {
            if (!isForeignFolder(entry.name) && except?.has(join(root, path)) !== true) {
              folders.push(path);
            }
          } else if (entry.isFile() && isSourcePath(path)) files.push(path);
        }
        const found = await Promise.all(files.map(entryOf));
        for (const file of found) if (file !== undefined) yield file;
        if (folder.split("/").length >= MAX_DEPTH) continue;
        for (const path of folders.toReversed()) {
          if (!(await rules.ignores(path, true))) open.push(path);
        }
      }
    },

    /** What a path is now, if it is a source or may hold some: neither left out nor reached through a link. */
    async kindOf(path: string): Promise<"file" | "folder" | undefined> {
      const names = path.split("/");
      for (let depth = 1; depth <= names.length; depth++) {
        const part = names.slice(0, depth).join("/");
        const found = await lstat(join(root, part)).catch(() => undefined);
        const isFolder = found?.isDirectory() === true;
        if (isFolder ? isForeignFolder(names[depth - 1]!) : found?.isFile() !== true) {
          return undefined;
        }
        if (await rules.ignores(part, isFolder)) return undefined;
        if (!isFolder) return depth === names.length && isSourcePath(path) ? "file" : undefined;
      }
      return "folder";
    },

    /** The text of a source file that the folder holds; undefined if it is none any more, too large, or no source text. */
    async read(path: string, maxBytes = MAX_SOURCE_BYTES) {
      const file = await readRegularFile(
        join(root, path),
        { maxBytes, ifLarger: "refuse", below: realRoot },
        signal,
      );
      const text = file && sourceTextOf(file.bytes);
      if (file === undefined || text === undefined) return undefined;
      return { text, numBytes: file.bytes.length, changedAt: file.changedAt };
    },
  };
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
