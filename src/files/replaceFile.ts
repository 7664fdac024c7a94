/** Replaces files as a whole or not at all: what is new is written beside its place and renamed. */
import { rename, rm, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

/** Ends the name of a file that is being written, behind its writer's process. */
export const DRAFT_ENDING = ".tmp";
/** Waits between tries, in ms: on Windows a scanner or an indexer may hold either file for a moment. */
const RETRY_MS = [10, 40, 160, 640];
const HELD = new Set(["EPERM", "EBUSY", "EACCES"]);

/**
 * @param path - another process may write there as well: whole files replace each other.
 * @param bytes - whole, or in parts one behind the other; if these throw, the file stays as it was.
 * @param mode - of the file.
 * @throws what the file system says, or what `bytes` throws. Nothing is left behind.
 */
export async function replaceFile(
  path: string,
  bytes: string | Uint8Array | AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  const draft = `${path}.${process.pid}${DRAFT_ENDING}`;
  try {
    // Somebody may have put a link there.
    await rm(draft, { force: true });
    await writeFile(draft, bytes, { mode, flag: "wx" });
    await renameOver(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
}

/** Renames over a file that is there, waiting a little where somebody holds it. @throws what the file system says. */
export async function renameOver(
  from: string,
  to: string,
  renameOnce: (from: string, to: string) => Promise<void> = rename,
): Promise<void> {
  for (const waitMs of RETRY_MS) {
    try {
      return await renameOnce(from, to);
    } catch (error) {
      if (!HELD.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
    await setTimeout(waitMs);
  }
  await renameOnce(from, to);
}
