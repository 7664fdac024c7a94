/**
 * The source files of a folder that a benchmark may hide spans of. Left out: hidden and generated folders, what the root
 * `.gitignore` names without a pattern (`name`, `/name/`, `*.ext`), binary, minified and huge files. Nothing leaves the
 * machine: the files go to the engine.
 */
import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { SourceFile } from "../bench/sourceSpots.ts";
import { messageOf } from "../core/errors.ts";
import type { BenchSources } from "../engine/protocol.ts";
import { CliError } from "./cliError.ts";

const SKIPPED_FOLDERS = new Set(["node_modules", "vendor", "dist", "build", "out", "target"]);
const SOURCE_EXTENSIONS = new Set(
  (
    "c cc cpp cs cts dart ex exs go h hpp hs java jl js jsx kt kts lua mjs mts nim php pl py pyi r rb rs scala sh " +
    "svelte swift ts tsx vue zig"
  ).split(" "),
);
const MAX_FILE_BYTES = 256 * 1024;
/** A line this long is no line that somebody wrote. */
const MAX_LINE_CHARS = 1000;
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;

/** @throws CliError if the folder cannot be read or holds no source file. */
export async function readWorkspaceSources(
  folder: string,
  workingFolder: string,
  signal: AbortSignal,
): Promise<BenchSources> {
  const root = resolve(workingFolder, folder);
  await assertFolder(root);
  const isIgnored = await readIgnoreRule(root);
  const files: SourceFile[] = [];
  let numBytes = 0;
  let isCut = false;
  for await (const path of sourcePaths(root, "", isIgnored, signal)) {
    const text = await sourceText(join(root, path));
    if (text === undefined) continue;
    isCut = numBytes + text.length > MAX_TOTAL_BYTES;
    if (isCut) break;
    numBytes += text.length;
    files.push({ path, text });
  }
  if (files.length === 0) {
    throw new CliError(
      `Expected source files in ${root}, found none. Name a folder with code, or leave --workspace out.`,
    );
  }
  const repoName = basename(root);
  const size = `${files.length} files, ${(numBytes / 2 ** 20).toFixed(1)} MB`;
  return { origin: `${repoName} (${size}${isCut ? ", cut there" : ""})`, repoName, files };
}

async function assertFolder(root: string): Promise<void> {
  const found = await stat(root).catch((error: unknown) => {
    throw new CliError(`Expected a folder at ${root}: ${messageOf(error)}. Check the path.`);
  });
  if (!found.isDirectory()) throw new CliError(`Expected a folder, found a file: ${root}.`);
}

/** Paths below `root` with forward slashes, in a fixed order. Links are not followed, so that no walk is endless. */
async function* sourcePaths(
  root: string,
  folder: string,
  isIgnored: (path: string) => boolean,
  signal: AbortSignal,
): AsyncGenerator<string> {
  signal.throwIfAborted();
  for (const entry of await entriesOf(join(root, folder))) {
    const { name } = entry;
    const path = folder === "" ? name : `${folder}/${name}`;
    if (name.startsWith(".") || isIgnored(path)) continue;
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(name)) yield* sourcePaths(root, path, isIgnored, signal);
    } else if (entry.isFile() && isSourceName(name)) yield path;
  }
}

/** A folder that may not be read holds nothing for us. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isSourceName(name: string): boolean {
  const extension = name.split(".").at(-1)?.toLowerCase() ?? "";
  return name.includes(".") && SOURCE_EXTENSIONS.has(extension) && !/[.-]min\.\w+$/.test(name);
}

/** The text of a file that a person wrote, else undefined. */
async function sourceText(path: string): Promise<string | undefined> {
  let text: string;
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES) return undefined;
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch {
    // Gone meanwhile, not ours to read, or not UTF-8.
    return undefined;
  }
  const isText = !text.includes("\0") && text.split("\n").every((l) => l.length <= MAX_LINE_CHARS);
  return isText ? text : undefined;
}

/** The plain names of the root `.gitignore`; patterns are beyond this rule. */
async function readIgnoreRule(root: string): Promise<(path: string) => boolean> {
  const text = await readFile(join(root, ".gitignore"), "utf8").catch(() => "");
  const names = new Set<string>();
  const rooted = new Set<string>();
  const extensions: string[] = [];
  for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
    const [, extension] = /^\*(\.[\w.-]+)$/.exec(line) ?? [];
    const [, slash, name = ""] = /^(\/?)([\w@.-][\w@./-]*?)\/?$/.exec(line) ?? [];
    if (extension !== undefined) extensions.push(extension);
    else if (name === "") continue;
    else if (slash === "/" || name.includes("/")) rooted.add(name);
    else names.add(name);
  }
  return (path) =>
    rooted.has(path) ||
    names.has(path.split("/").at(-1)!) ||
    extensions.some((extension) => path.endsWith(extension));
}
