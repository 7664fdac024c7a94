/** What is known of a workspace's files, and what waits to be looked at: whether the index may be believed of a file. */
import type { RootedPath, WorkspacePaths } from "./workspacePaths.ts";

/** While more paths wait than these, everything may be changing: nothing is shown to models. */
const MAX_AWAITED = 64;
/** Files that the user turned to last. */
const MAX_OPENED = 8;

export class AwaitedFiles {
  /** Paths that somebody said something of; they come before what a walk has found. */
  readonly events = new Set<string>();
  /** Of the files in the index, those that the present rules let in, by what it calls them. */
  readonly known = new Set<string>();
  /** Files that a walk has found, by what the index calls them. */
  found = new Map<string, RootedPath>();
  needsWalk = true;
  isWalking = false;
  /** What is being looked at: a path, or what the index calls a file that a walk has found. */
  reading: string | undefined;
  readonly #paths: WorkspacePaths;
  #opened: readonly string[] = [];

  constructor(paths: WorkspacePaths) {
    this.#paths = paths;
  }

  /**
   * Whether a path is known to be a source file on disk: the index has taken it by the rules as they are now, and nobody
   * has said since that it has changed.
   */
  knows(path: string): boolean {
    const place = this.#paths.find(path);
    return (
      place !== undefined && !this.needsWalk && !this.events.has(path) && this.known.has(place.key)
    );
  }

  /** The same of a file by what the index calls it, and of the folders that it lies in. */
  mayShow(key: string): boolean {
    if (this.needsWalk || !this.known.has(key) || this.events.size > MAX_AWAITED) return false;
    for (const path of this.events) {
      const awaited = this.#paths.find(path)?.key;
      if (awaited !== undefined && (key === awaited || key.startsWith(`${awaited}/`))) return false;
    }
    return true;
  }

  /** Whether all files are known as they are, but for a document that is being written. @param path - of the document. */
  isSettled(path: string): boolean {
    const isOwn = this.events.size === 0 || (this.events.size === 1 && this.events.has(path));
    if (this.reading !== undefined && this.reading !== path) return false;
    return isOwn && !this.needsWalk && !this.isWalking && this.found.size === 0;
  }

  /** What the index calls files that the user turned to, the last one first. */
  get opened(): readonly string[] {
    return this.#opened;
  }

  turnTo(key: string): void {
    const others = this.#opened.filter((other) => other !== key);
    this.#opened = [key, ...others].slice(0, MAX_OPENED);
  }
}
