/** Where the user has edited files of late, as tokens: what stood there before, and what stands there now. */
import { LRUCache } from "lru-cache";
import { commonPrefixLength, commonSuffixLength } from "../base/tokens.ts";

/** Files whose last edits are known. */
const MAX_FILES = 8;
/** Tokens that an edit may take away or bring in; a longer one is no place. */
const MAX_EXTENT = 256;

/** An edited stretch of a file. */
export interface EditedStretch {
  /** What stood there. */
  readonly removed: Int32Array;
  /** Tokens of the file as it is now, from … to. */
  readonly from: number;
  readonly to: number;
}

export class RecentEdits {
  /** By file: what it was before the edits that are remembered. */
  readonly #bases = new LRUCache<string, Int32Array>({ max: MAX_FILES });

  /** Files, the one edited last first. */
  get keys(): string[] {
    return [...this.#bases.keys()];
  }

  /** A file's tokens have become others; edits add up while they are near each other. @param before - copied if kept. */
  note(key: string, before: Int32Array, after: Int32Array): void {
    const known = this.#bases.peek(key);
    const isPart = known !== undefined && stretchBetween(known, after) !== undefined;
    if (isPart) this.#bases.set(key, known);
    else if (stretchBetween(before, after) !== undefined) this.#bases.set(key, before.slice());
    else this.#bases.delete(key);
  }

  /** Undefined where nothing is left of the edits. */
  stretchOf(key: string, now: Int32Array): EditedStretch | undefined {
    const base = this.#bases.peek(key);
    return base === undefined ? undefined : stretchBetween(base, now);
  }

  forget(key: string): void {
    this.#bases.delete(key);
  }
}

/** From the first to the last token that differs; undefined if there is none, or it is too long. */
function stretchBetween(before: Int32Array, after: Int32Array): EditedStretch | undefined {
  const from = commonPrefixLength(before, after);
  const same = commonSuffixLength(before, after, from);
  const removed = before.subarray(from, before.length - same);
  const to = after.length - same;
  if (removed.length === 0 && to === from) return undefined;
  return Math.max(removed.length, to - from) > MAX_EXTENT ? undefined : { removed, from, to };
}
