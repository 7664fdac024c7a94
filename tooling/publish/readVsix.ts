/** Reads packed VSIXs: they are zip files. */
import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { VsixFacts } from "./publishChecks.ts";

const run = promisify(execFile);
const MAX_OUTPUT = 64 * 1024 ** 2;

/** Windows and macOS have a tar that reads zip files; elsewhere unzip does. */
async function listed(unzipArgs: readonly string[], tarArgs: readonly string[]): Promise<string> {
  const [tool, args] = process.platform === "linux" ? ["unzip", unzipArgs] : ["tar", tarArgs];
  const { stdout } = await run(tool as string, args as string[], { maxBuffer: MAX_OUTPUT });
  return stdout;
}

function textIn(path: string, name: string): Promise<string> {
  return listed(["-p", path, name], ["-xOf", path, name]);
}

/** @throws what keeps the file from being read. */
export async function readVsix(path: string): Promise<VsixFacts> {
  const names = await listed(["-Z1", path], ["-tf", path]);
  const paths = names.split(/\r?\n/).filter((name) => name !== "");
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
