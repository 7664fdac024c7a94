/** The workspace index by comparing everywhere: what the real one must agree with. */
import { MAX_MATCH_LENGTH } from "../../src/core/index/suffixMatch.ts";
import { NGRAM_SIZES } from "../../src/core/index/tokenShard.ts";
import type { WorkspaceHit } from "../../src/core/index/workspaceSearch.ts";

/** Shorter matches are not looked up. */
export const MIN_MATCH_LENGTH: number = Math.min(...NGRAM_SIZES);

export type NaiveHit = Pick<WorkspaceHit, "fileId" | "offset" | "matchLength"> & {
  readonly continuation: readonly number[];
};

export class NaiveWorkspace {
  readonly files = new Map<string, { id: number; tokens: readonly number[] }>();
  #numIds = 0;

  set(path: string, tokens: readonly number[]): number {
    const id = this.files.get(path)?.id ?? this.#numIds++;
    this.files.set(path, { id, tokens });
    return id;
  }

  remove(path: string): boolean {
    return this.files.delete(path);
  }

  rename(from: string, to: string): boolean {
    const file = this.files.get(from);
    if (file === undefined) return false;
    this.files.delete(from);
    this.files.set(to, file);
    return true;
  }

  get numTokens(): number {
    let sum = 0;
    for (const { tokens } of this.files.values()) sum += tokens.length;
    return sum;
  }

  /** Every occurrence of the context's end that a token follows, by file and offset. */
  hits(
    context: readonly number[],
    maxContinuation: number,
    cursor?: { readonly fileId: number; readonly suffix: readonly number[] },
  ): NaiveHit[] {
    const found: NaiveHit[] = [];
    for (const { id, tokens } of this.files.values()) {
      for (let offset = 1; offset < tokens.length; offset++) {
        let matchLength = 0;
        while (
          matchLength < MAX_MATCH_LENGTH &&
          matchLength < offset &&
          tokens[offset - 1 - matchLength] === context.at(-1 - matchLength)
        )
          matchLength++;
        if (matchLength < MIN_MATCH_LENGTH) continue;
        const suffix = cursor?.fileId === id ? cursor.suffix.slice(0, 8) : [];
        const isCursor =
          suffix.length > 0 &&
          suffix.every((one, at) => tokens[offset + at] === one) &&
          (suffix.length === 8 || offset + suffix.length === tokens.length);
        if (isCursor) continue;
        const continuation = tokens.slice(offset, offset + maxContinuation);
        found.push({ fileId: id, offset, matchLength, continuation });
      }
    }
    return inOrder(found);
  }
}

/** Hits as the naive workspace lists them. */
export function comparableHits(hits: readonly WorkspaceHit[]): NaiveHit[] {
  return inOrder(
    hits.map(({ fileId, offset, matchLength, continuation }) => ({
      fileId,
      offset,
      matchLength,
      continuation,
    })),
  );
}

function inOrder(hits: NaiveHit[]): NaiveHit[] {
  return hits.sort((a, b) => a.fileId - b.fileId || a.offset - b.offset);
}
