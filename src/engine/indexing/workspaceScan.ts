/** Which files of the workspace's roots belong into the index: the most recent ones, as far as there is room. */
import type { Log } from "../../core/base/log.ts";
import type { SourceEntry, SourceFolder } from "../../workspace/sourceFolder.ts";
import type { BackgroundTurns } from "../base/backgroundTurns.ts";
import type { WorkspaceRoot } from "../protocol/workspaceMessages.ts";

/** Of all roots together; more would make a sort longer than a slice of work may be. */
const MAX_FILES = 20_000;
/** About 8 M tokens, for which the index takes 100 MB. */
export const MAX_TEXT_BYTES = 32 * 1024 ** 2;

/** A source file on disk; its path is below the root. */
type FoundFile = SourceEntry & { readonly rootIndex: number };

/**
 * The files to index, the one that changed last at the end, so that it counts as the most recent.
 * @param folders - by root; undefined for those that are not on disk.
 * @throws the signal's reason.
 */
export async function findFiles(
  roots: readonly WorkspaceRoot[],
  folders: readonly (SourceFolder | undefined)[],
  turns: BackgroundTurns,
  log: Log,
  signal: AbortSignal,
  maxFiles = MAX_FILES,
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const pause = () => turns.next(signal);
  let isCut = false;
  let numLeft = folders.filter((folder) => folder !== undefined).length;
  for (const [rootIndex, folder] of folders.entries()) {
    if (folder === undefined) continue;
    // The first root leaves the others their share.
    const end = found.length + Math.floor((maxFiles - found.length) / numLeft--);
    const except = new Set(roots.filter((_, index) => index !== rootIndex).map(({ path }) => path));
    for await (const entry of folder.walk(signal, { pause, except })) {
      isCut ||= found.length === end;
      if (found.length === end) break;
      found.push({ rootIndex, ...entry });
    }
  }
  await turns.next(signal);
  const newestFirst = found.sort((a, b) => b.changedAt - a.changedAt);
  let room = MAX_TEXT_BYTES;
  const kept = newestFirst.filter(({ numBytes }) => {
    if (numBytes > room) return false;
    room -= numBytes;
    return true;
  });
  if (kept.length < found.length || isCut) {
    log("warn", `workspace too large files=${found.length} indexed=${kept.length}`);
  }
  return kept.reverse();
}
