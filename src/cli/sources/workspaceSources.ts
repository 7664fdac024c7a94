/**
 * The source files of a folder that a benchmark may hide spans of: those that the index takes as well (`sourceRules.ts`,
 * every `.gitignore`), up to a size. Nothing leaves the machine: the files go to the engine.
 */
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { SourceFile } from "../../bench/spots/sourceSpots.ts";
import { byteText } from "../../core/base/byteText.ts";
import { messageOf } from "../../core/base/errors.ts";
import { nameText, pathText } from "../../core/base/foreignText.ts";
import type { BenchSources } from "../../engine/protocol/benchMessages.ts";
import type { WorkspaceFeed } from "../../session/client/workspaceFeed.ts";
import { openSourceFolder } from "../../workspace/sourceFolder.ts";
import { CliError } from "../base/cliError.ts";
import type { Terminal } from "../base/terminal.ts";

const MAX_FILE_BYTES = 256 * 1024;
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;

/** @throws CliError if the folder cannot be read or holds no source file. */
export async function readWorkspaceSources(
  folder: string,
  workingFolder: string,
  signal: AbortSignal,
): Promise<BenchSources> {
  const root = await folderAt(folder, workingFolder);
  const sources = await openSourceFolder(root, [], signal);
  const files: SourceFile[] = [];
  let numBytes = 0;
  let isCut = false;
  for await (const { path } of sources.walk(signal)) {
    const source = await sources.read(path, MAX_FILE_BYTES);
    if (source === undefined) continue;
    isCut = numBytes + source.numBytes > MAX_TOTAL_BYTES;
    if (isCut) break;
    numBytes += source.numBytes;
    files.push({ path, text: source.text });
  }
  if (files.length === 0) {
    throw new CliError(
      `Expected source files in ${pathText(root)}, found none. Name a folder with code, or leave --workspace out.`,
    );
  }
  const repoName = basename(root);
  const size = `${files.length} files, ${byteText(numBytes)}`;
  return {
    origin: `${nameText(repoName)} (${size}${isCut ? ", cut there" : ""})`,
    repoName,
    files,
  };
}

/** The absolute path of a folder. @throws CliError if it is none. */
export async function folderAt(folder: string, workingFolder: string): Promise<string> {
  const root = resolve(workingFolder, folder);
  const found = await stat(root).catch((error: NodeJS.ErrnoException) => {
    const what = error.code === "ENOENT" ? "found nothing there" : messageOf(error);
    throw new CliError(`Expected a folder at ${pathText(root)}, ${what}. Check the path.`);
  });
  if (!found.isDirectory())
    throw new CliError(`Expected a folder, found a file: ${pathText(root)}.`);
  return root;
}

/** Indexes a folder, and returns in words how much it holds; nothing is kept on disk. */
export async function indexFolder(
  folder: string,
  workspace: WorkspaceFeed,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  using _ = workspace.onStatus(({ numFiles, numWaiting }) =>
    terminal.progress(`indexing ${folder}: ${numFiles} files, ${numWaiting} to go`),
  );
  const start = performance.now();
  workspace.open({
    roots: [{ path: folder, name: basename(folder), isOnDisk: true, excludes: [] }],
  });
  const { numFiles, numTokens } = await workspace.whenReady(signal);
  terminal.progress("");
  const ms = (performance.now() - start).toFixed(0);
  return `indexed ${numFiles} files, ${numTokens} tokens in ${ms} ms`;
}
