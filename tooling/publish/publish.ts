/**
 * Checks a release and publishes it: `node tooling/publish/publish.ts [FOLDER] [--publish]`. FOLDER, `artifacts` if absent, has the VSIXs of all
 * platforms, as the package workflow leaves them. Without `--publish` nothing leaves this machine: it says what is not right
 * yet, and what would be run. Exit code 1 where something is not right.
 */
import { execFile, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { publishCommands, releaseFaults, vsixFaults } from "./publishChecks.ts";
import { readVsix, vsixPaths } from "./readVsix.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const TOKENS = ["VSCE_PAT", "OVSX_PAT"];
const run = promisify(execFile);

async function gitLines(...args: readonly string[]): Promise<string[]> {
  const { stdout } = await run("git", args, { cwd: REPOSITORY });
  return stdout.split("\n").filter((line) => line !== "");
}

const { values, positionals } = parseArgs({
  options: { publish: { type: "boolean", default: false } },
  allowPositionals: true,
});
const [folder = join(REPOSITORY, "artifacts")] = positionals;
const manifest = JSON.parse(await readFile(join(REPOSITORY, "package.json"), "utf8"));
const paths = await vsixPaths(folder);
const files = await Promise.all(paths.map(readVsix));
const faults = [
  ...releaseFaults({
    manifest,
    changelog: await readFile(join(REPOSITORY, "CHANGELOG.md"), "utf8"),
    changedFiles: await gitLines("status", "--porcelain"),
    tags: await gitLines("tag", "--points-at", "HEAD"),
  }),
  ...vsixFaults(manifest, files),
  ...(values.publish ? TOKENS.filter((name) => !process.env[name]) : []).map(
    (name) => `Expected a token in the environment variable ${name}, found none.`,
  ),
];
const commands = publishCommands(paths);
for (const fault of faults) process.stdout.write(`not yet: ${fault}\n`);
for (const command of commands) process.stdout.write(`would run: ${command.join(" ")}\n`);
if (faults.length > 0) process.exitCode = 1;
else if (values.publish) {
  for (const [tool = "", ...args] of commands) {
    const { status } = spawnSync(tool, args, { cwd: REPOSITORY, stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);
  }
} else process.stdout.write("All is right; --publish does it.\n");
