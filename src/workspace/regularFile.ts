/**
 * The one door to files that a workspace names. Under a name may stand a link, a pipe or a device, and a file of any size:
 * only regular files are read, no further than asked for, and nothing is waited for that may never come.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { sep } from "node:path";

/** Read at once; between two of them an abort is heard. */
const CHUNK_BYTES = 256 * 1024;
// Windows has but the first.
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
const OPEN_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

export interface ReadLimits {
  readonly maxBytes: number;
  /** What becomes of a larger file: only its beginning is read, or nothing. */
  readonly ifLarger: "cut" | "refuse";
  /** A real path. The file must lie below it, wherever links among the folders on its path lead. */
  readonly below?: string | undefined;
}

/**
 * @returns [at most maxBytes] its bytes, whether there is more of it, and when its content changed last, in ms since 1970; undefined
 *   for a link, a folder, a pipe, a device, a file that is too large or elsewhere, gone or not ours to read.
 * @throws the signal's reason.
 */
export async function readRegularFile(
  path: string,
  { maxBytes, ifLarger, below }: ReadLimits,
  signal: AbortSignal,
) {
  signal.throwIfAborted();
  try {
    // To open a device may be enough to make it do something, or a new one.
    if (!(await lstat(path)).isFile()) return undefined;
    const handle = await open(path, OPEN_FLAGS);
    try {
      // What was opened counts: the name may stand for something else by now.
      const found = await handle.stat();
      const isCut = found.size > maxBytes;
      if (!found.isFile() || (isCut && ifLarger === "refuse")) return undefined;
      if (below !== undefined && !isBelow(await realpath(path), below)) return undefined;
      const bytes = await firstBytes(handle, Math.min(found.size, maxBytes), signal);
      return { bytes, isCut, changedAt: found.mtimeMs };
    } finally {
      await handle.close();
    }
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Fewer where the file has become shorter. */
async function firstBytes(
  handle: FileHandle,
  numBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(numBytes);
  let end = 0;
  while (end < numBytes) {
    signal.throwIfAborted();
    const length = Math.min(CHUNK_BYTES, numBytes - end);
    const { bytesRead } = await handle.read(bytes, end, length, end);
    if (bytesRead === 0) break;
    end += bytesRead;
  }
  return bytes.subarray(0, end);
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
