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
  let walks = folders.flatMap((folder, rootIndex) => {
    if (folder === undefined) return [];
    const others = roots.filter((_, index) => index !== rootIndex);
    const except = new Set(others.map(({ path }) => path));
    return [{ rootIndex, files: folder.walk(signal, { pause, except }) }];
  });
  // Each root has its share; what some leave goes to those that have more.
  while (walks.length > 0 && found.length < maxFiles) {
    const share = Math.ceil((maxFiles - found.length) / walks.length);
    const unfinished: typeof walks = [];
    for (const walk of walks) {
      const end = Math.min(maxFiles, found.length + share);
      if (!(await take(walk, found, end))) unfinished.push(walk);
    }
    walks = unfinished;
  }
  const rest = await Promise.all(walks.map(({ files }) => files.next()));
  const isCut = rest.some(({ done }) => done !== true);
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

interface RootWalk {
  readonly rootIndex: number;
  readonly files: AsyncGenerator<SourceEntry>;
}

/** Files of a root, until there are `end`. @returns whether the root has no more. */
async function take({ rootIndex, files }: RootWalk, found: FoundFile[], end: number) {
  while (found.length < end) {
    const { done, value } = await files.next();
    if (done === true) return true;
    found.push({ rootIndex, ...value });
  }
  return false;
}
