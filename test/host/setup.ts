/**
 * Installs what the VS Code host needs and is not there yet: the npm tree of this folder and a Chromium.
 * Run it as `node test/host/setup.ts`, as `npm test` does before all else so that a machine that cannot have the host
 * fails at once; vitest.config.ts runs it, too. A second run changes nothing.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import {
  findChromium,
  HOST_DIR,
  isSkipped,
  MIN_NODE_MAJOR,
  SKIP_VARIABLE,
  VSCODE_DIR,
} from "./hostLayout.ts";

const CHROMIUM_HELP =
  "Install Chromium or Chrome so that it is on PATH (Debian: apt-get install chromium), or set CHROMIUM_PATH to its binary.";
const NPM_FLAGS = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"];

function print(line: string): void {
  process.stdout.write(`[host setup] ${line}\n`);
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  print(`${what} ...`);
  const startMs = performance.now();
  await work();
  print(`${what}: done in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}

/** Runs a command quietly; its output is shown only if it fails. */
async function runCommand(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { NODE_OPTIONS: _ignored, ...env } = process.env;
  const child = spawn(command, args, {
    cwd,
    env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", (cause) => reject(new Error(`${command} could not be run.`, { cause })));
    child.on("close", resolve);
  });
  if (code !== 0) {
    throw new Error(
      `${command} ${args.join(" ")} ended with ${code}:\n${output.slice(-4000).trim()}`,
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Changes with anything that decides what node_modules holds. */
async function treeStamp(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of ["package-lock.json", "spdlogStub.cjs", "setup.ts"]) {
    hash.update(await readFile(join(HOST_DIR, name)));
  }
  return hash.digest("hex");
}

async function installTree(): Promise<void> {
  await runCommand("npm", ["ci", ...NPM_FLAGS, "--loglevel=error"], HOST_DIR);
  // VS Code resolves its modules, and serves some to the browser, from this one tree: one lock file pins everything.
  const modules = join(VSCODE_DIR, "node_modules");
  await rm(modules, { recursive: true, force: true });
  await symlink("../../..", modules, "dir");
  // Both are native and ship no binary; the stand-ins need no compiler.
  await copyFile(
    join(HOST_DIR, "spdlogStub.cjs"),
    join(HOST_DIR, "node_modules/@vscode/spdlog/index.js"),
  );
  await writeFile(
    join(HOST_DIR, "node_modules/@vscode/native-watchdog/index.js"),
    "exports.start = () => {};\nexports.exit = (code) => process.exit(code);\n",
  );
}

async function ensureTree(): Promise<void> {
  const stampFile = join(HOST_DIR, "node_modules/.treelineHostStamp");
  const stamp = await treeStamp();
  if ((await readFile(stampFile, "utf8").catch(() => "")) === stamp) {
    print("npm tree: already there");
    return;
  }
  await timed("npm ci in test/host (about 460 MB on disk)", installTree);
  await writeFile(stampFile, stamp);
}

async function ensureChromium(): Promise<void> {
  const found = findChromium();
  if (found !== undefined) {
    print(`browser: ${found}`);
    return;
  }
  if (process.getuid?.() !== 0 || !(await exists("/usr/bin/apt-get"))) {
    throw new Error(`No Chromium found, and only root on Debian can install one. ${CHROMIUM_HELP}`);
  }
  try {
    await timed("apt-get install chromium (about 420 MB on disk)", async () => {
      await runCommand("apt-get", ["update", "-qq"], HOST_DIR);
      // The font is for screenshots: without one they have no text.
      const packages = ["chromium", "fonts-dejavu-core"];
      const flags = ["install", "-y", "-qq", "--no-install-recommends"];
      await runCommand("apt-get", [...flags, ...packages], HOST_DIR);
    });
  } catch (cause) {
    throw new Error(`Chromium could not be installed. ${CHROMIUM_HELP}`, { cause });
  }
  if (findChromium() === undefined)
    throw new Error("apt-get installed chromium, yet it is not on PATH.");
}

/**
 * Makes the host ready, and says what it does on the way.
 *
 * @throws Error if the machine is not Linux x64 with Node 24, or if something cannot be installed.
 */
export async function setup(): Promise<void> {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < MIN_NODE_MAJOR) {
    throw new Error(
      `The VS Code host needs Node ${MIN_NODE_MAJOR}; this is ${process.version}. Use node_modules/.bin/node.`,
    );
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(
      `The VS Code host is for Linux x64; this is ${process.platform} ${process.arch}.`,
    );
  }
  await ensureChromium();
  await ensureTree();
}

if (import.meta.main) {
  if (isSkipped()) print(`skipped (${SKIP_VARIABLE} is set)`);
  else {
    try {
      await setup();
    } catch (error) {
      for (let each: unknown = error; each instanceof Error; each = each.cause) print(each.message);
      print(`To run the other tests without the VS Code host: ${SKIP_VARIABLE}=1 npm test`);
      process.exitCode = 1;
    }
  }
}
