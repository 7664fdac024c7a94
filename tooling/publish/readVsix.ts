/** Reads packed VSIXs: they are zip files. */
import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { VsixFacts } from "./publishChecks.ts";

const run = promisify(execFile);
const MAX_OUTPUT = 64 * 1024 ** 2;

/** Windows and macOS have a tar that reads zip files; elsewhere unzip does. */
const isLinux = process.platform === "linux";

async function namesIn(path: string): Promise<string[]> {
  const [tool, args] = isLinux ? ["unzip", ["-Z1", path]] : ["tar", ["-tf", path]];
  const { stdout } = await run(tool as string, args as string[], { maxBuffer: MAX_OUTPUT });
  return stdout.split(/\r?\n/).filter((name) => name !== "");
}

async function textIn(path: string, name: string): Promise<string> {
  const [tool, args] = isLinux ? ["unzip", ["-p", path, name]] : ["tar", ["-xOf", path, name]];
  const { stdout } = await run(tool as string, args as string[], { maxBuffer: MAX_OUTPUT });
  return stdout;
}

/** @throws what keeps the file from being read. */
export async function readVsix(path: string): Promise<VsixFacts> {
  const paths = await namesIn(path);
  const readmePath = paths.find((name) => /^extension\/readme\.md$/i.test(name));
  const manifestXml = await textIn(path, "extension.vsixmanifest");
  return {
    file: basename(path),
    bytes: (await stat(path)).size,
    manifest: JSON.parse(await textIn(path, "extension/package.json")),
    target: /TargetPlatform="([^"]+)"/.exec(manifestXml)?.[1],
    paths,
    readme: readmePath === undefined ? "" : await textIn(path, readmePath),
  };
}

/** Of a folder and the folders in it, as the workflow's artifacts are unpacked. */
export async function vsixPaths(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries
    .filter((entry) => entry.endsWith(".vsix"))
    .map((entry) => join(folder, entry))
    .sort();
}
