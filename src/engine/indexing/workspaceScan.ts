/** Which files of the workspace's roots belong into the index: the most recent ones, as far as there is room. */
import type { Log } from "../../core/base/log.ts";
import type { SourceEntry, SourceFolder } from "../../workspace/sourceFolder.ts";
import type { BackgroundTurns } from "../base/backgroundTurns.ts";
import type { WorkspaceRoot } from "../protocol/workspaceMessages.ts";

/** More would make a sort longer than a slice of work may be. */
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
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const pause = () => turns.next(signal);
  for (const [rootIndex, folder] of folders.entries()) {
    if (folder === undefined) continue;
    const except = new Set(roots.filter((_, index) => index !== rootIndex).map(({ path }) => path));
    for await (const entry of folder.walk(signal, { pause, except })) {
      if (found.length === MAX_FILES) break;
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
  if (kept.length < found.length || found.length === MAX_FILES) {
    log("warn", `workspace too large files=${found.length} indexed=${kept.length}`);
  }
  return kept.reverse();
}
