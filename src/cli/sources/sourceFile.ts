/** Reads a source file as an editor would, or says why it is none. */

import { readFile, stat } from "node:fs/promises";
import { isAbsolute, relative, sep } from "node:path";
import { messageOf } from "../../core/base/errors.ts";
import { pathText } from "../../core/base/foreignText.ts";
import { CliError } from "../base/cliError.ts";

/** Larger files are data, not source. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;

/**
 * The text of a file, without a byte order mark and otherwise unchanged.
 * @throws CliError if it is missing, no regular file, too large, or not UTF-8 text.
 */
export async function readSourceFile(path: string, signal: AbortSignal): Promise<string> {
  const bytes = await readBytes(path, signal);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) throw notText(path, "UTF-16 (little endian)");
  if (bytes[0] === 0xfe && bytes[1] === 0xff) throw notText(path, "UTF-16 (big endian)");
  const zeroIndex = bytes.indexOf(0);
  if (zeroIndex !== -1) throw notText(path, `a zero byte at offset ${zeroIndex}, so binary data`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw notText(path, "bytes that are not valid UTF-8");
  }
}

/** A path as models were trained to see it: relative to the working folder, with forward slashes. */
export function displayPath(path: string, workingFolder: string): string {
  const fromHere = relative(workingFolder, path);
  const isInside = fromHere !== "" && !fromHere.startsWith("..") && !isAbsolute(fromHere);
  return (isInside ? fromHere : (path.split(sep).at(-1) ?? path)).split(sep).join("/");
}

async function readBytes(path: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      throw new CliError(
        `Expected a file, found a directory: ${pathText(path)}. Name a file in it.`,
      );
    }
    if (!found.isFile())
      throw new CliError(`Expected a regular file, found a device or pipe: ${pathText(path)}.`);
    if (found.size > MAX_FILE_BYTES) {
      throw new CliError(
        `Expected a source file of at most ${MAX_FILE_BYTES} bytes, found ${found.size} bytes: ${pathText(path)}.`,
      );
    }
    return await readFile(path, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CliError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new CliError(`Expected a file, found nothing at ${pathText(path)}. Check the path.`);
    }
    throw new CliError(`Cannot read ${pathText(path)}: ${messageOf(error)}.`);
  }
}

function notText(path: string, found: string): CliError {
  return new CliError(
    `Expected UTF-8 text in ${pathText(path)}, found ${found}. Save the file as UTF-8, or choose another.`,
  );
}
