/** What the workspace index keeps about a file. */
import type { Segment, TokenShard } from "./tokenShard.ts";

export interface WorkspaceFile {
  /** Stays the same when the file is replaced or renamed; never used again for another one. */
  readonly id: number;
  path: string;
  /** The path up to its last slash. */
  folder: string;
  /** The caller's mark of the version that was indexed, for example its time on disk. */
  stamp: number;
  /** Of its tokens; another one whenever they change. */
  revision: number;
  /** Larger for files that were added, changed or touched later. */
  touched: number;
  shard: TokenShard<WorkspaceFile>;
  segment: Segment<WorkspaceFile>;
}

/** The part of a path before its last slash; empty where there is none. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
