/** Where a benchmark's report goes: a place that cannot be written is refused before anything is measured. */

import { realpath, stat, writeFile } from "node:fs/promises";
import { messageOf } from "../../core/base/errors.ts";
import { pathText } from "../../core/base/foreignText.ts";
import { CliError } from "../base/cliError.ts";
import { checkOutputFile, writeWholeFile } from "../base/outputFile.ts";

/**
 * To be called before the run. Leaves everything as it is.
 * @param path - absolute.
 * @throws EngineError writeFailed that says what is wrong with it.
 */
export async function checkReportFile(path: string): Promise<void> {
  if (!(await isStream(path))) await checkOutputFile(await followed(path));
}

/**
 * Writes the report: a file that was there stays as it was until the new one is complete.
 * @param path - absolute.
 * @throws EngineError writeFailed, or CliError for a pipe or device.
 */
export async function writeReportFile(path: string, text: string): Promise<void> {
  if (await isStream(path)) return writeStream(path, text);
  const bytes = Buffer.from(text);
  // What was measured before an abort is written, too.
  const { signal } = new AbortController();
  const file = { path: await followed(path), bytes: bytes.length, overwrite: true };
  await writeWholeFile(file, (append) => append(bytes), signal);
}

/** A pipe or device, as `/dev/null` or a shell's `>(command)`: it cannot be replaced, only written to. */
async function isStream(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

/** A link stays where it is, and the file it names is replaced. */
function followed(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function writeStream(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new CliError(`Cannot write the report to ${pathText(path)}: ${messageOf(error)}.`);
  }
}
