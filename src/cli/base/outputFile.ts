/** Writes a large file so that it is there whole or not at all: beside its place first, then renamed. */

import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { access, constants, open, rm, stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { byteText } from "../../core/base/byteText.ts";
import { EngineError, messageOf } from "../../core/base/errors.ts";
import { pathText } from "../../core/base/foreignText.ts";
import { renameOver } from "../../files/replaceFile.ts";

export interface OutputFile {
  readonly path: string;
  readonly bytes: number;
  /** Whether a file may be there already; it is replaced when the new one is complete. */
  readonly overwrite: boolean;
}

/**
 * Finds out whether a file could be written, for whoever works long before it writes one. A file that is there may be
 * replaced.
 * @throws EngineError writeFailed if not. Nothing is left behind, and what is there stays as it is.
 */
export async function checkOutputFile(path: string): Promise<void> {
  const part = partOf(path);
  try {
    await checkPlace(path, true);
    // Permissions do not tell everything: a file system may be read-only, a name too long.
    await (await open(part, "wx")).close();
  } catch (error) {
    throw error instanceof EngineError ? error : writeFailure(path, 0, error);
  } finally {
    await rm(part, { force: true }).catch(() => {});
  }
}

/**
 * Calls `write` to bring the file's bytes in order.
 * @throws EngineError writeFailed if it cannot be written or is there already; `signal.reason` on abort. Either way
 * nothing is left behind, nor when the process exits.
 */
export async function writeWholeFile(
  { path, bytes, overwrite }: OutputFile,
  write: (append: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const part = partOf(path);
  const removeNow = () => rmSync(part, { force: true });
  // A second Ctrl+C ends the process without waiting for anything.
  process.once("exit", removeNow);
  try {
    await checkPlace(path, overwrite);
    await checkRoom(path, bytes);
    await writePart(part, write, signal);
    await checkPlace(path, overwrite);
    await renameOver(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    signal.throwIfAborted();
    throw error instanceof EngineError ? error : writeFailure(path, bytes, error);
  } finally {
    process.off("exit", removeNow);
  }
}

function partOf(path: string): string {
  return `${path}.${process.pid}-${randomBytes(4).toString("hex")}.part`;
}

async function writePart(
  part: string,
  write: (append: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const handle = await open(part, "wx");
  try {
    await write(async (chunk) => {
      signal.throwIfAborted();
      await handle.appendFile(chunk);
    });
    signal.throwIfAborted();
    // Or a power cut could leave a complete name on incomplete data.
    await handle.datasync();
  } finally {
    await handle.close();
  }
  signal.throwIfAborted();
}

async function checkPlace(path: string, overwrite: boolean): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isFile())
    throw refusal(path, "a file's name", "a folder or device", "Choose another name.");
  if (!overwrite)
    throw refusal(path, "no file yet", "one", "Choose another name, or --force to replace it.");
  // Renaming would replace a file that is protected, too.
  await access(path, constants.W_OK);
}

/** Known beforehand, a lack of room costs no writing; where the system does not tell, writing finds out. */
async function checkRoom(path: string, bytes: number): Promise<void> {
  const room = await statfs(dirname(resolve(path))).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => Number.POSITIVE_INFINITY,
  );
  if (room < bytes) throw noRoom(path, bytes, `${byteText(room)} free`);
}

function writeFailure(path: string, bytes: number, error: unknown): EngineError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG")
    return noRoom(path, bytes, messageOf(error));
  if (code === "ENOENT" || code === "ENOTDIR")
    return refusal(path, "an existing folder", "none", "Create it or correct the path.");
  return refusal(
    path,
    "a place that can be written",
    messageOf(error),
    "Check the folder's permissions and the disk.",
  );
}

function noRoom(path: string, bytes: number, found: string): EngineError {
  const remedy = "Free some or choose another folder.";
  return refusal(path, `room for ${byteText(bytes)}`, found, remedy);
}

function refusal(path: string, expected: string, found: string, remedy: string): EngineError {
  return new EngineError(
    "writeFailed",
    `Output ${pathText(path)}: expected ${expected}, found ${found}. ${remedy}`,
  );
}
