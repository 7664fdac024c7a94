/** Where the parts of the VS Code host lie, and which Chromium drives it. Starts and installs nothing. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const inHost = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const REPOSITORY = inHost("../../");
/** This folder: its own package.json, lock file and node_modules. */
export const HOST_DIR = inHost("./").replace(/\/$/, "");
/** VS Code's server inside the code-server package; code-server's own front end is never started. */
export const VSCODE_DIR = inHost("./node_modules/code-server/lib/vscode");
export const SERVER_MAIN = join(VSCODE_DIR, "out/server-main.js");
/** Screenshots and other things a person looks at; ignored by git. */
export const ARTIFACTS_DIR = inHost("../../artifacts");
export const PROBE_EXTENSION_DIR = inHost("./probeExtension");
export const FIXTURE_EXTENSION_DIR = inHost("./fixtureExtension");
export const RIVAL_EXTENSION_DIR = inHost("./rivalExtension");
export const SERVER_LAUNCHER = inHost("./serverLauncher.mjs");

/** For a machine that cannot have the host; .ci/run unsets it. */
export const SKIP_VARIABLE = "TREELINE_SKIP_HOST_TESTS";

export function isSkipped(): boolean {
  return process.env[SKIP_VARIABLE] === "1";
}

/** VS Code 1.139 needs `registerHooks` of `node:module`, which Node 20 lacks. */
export const MIN_NODE_MAJOR = 24;

const BROWSER_NAMES = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The Chromium or Chrome to drive: `CHROMIUM_PATH` if set, otherwise the first one on PATH.
 *
 * @throws Error if `CHROMIUM_PATH` names something that cannot be run.
 */
export function findChromium(): string | undefined {
  const chosen = process.env["CHROMIUM_PATH"];
  if (chosen !== undefined && chosen !== "") {
    if (isExecutable(chosen)) return chosen;
    throw new Error(`CHROMIUM_PATH is ${chosen}, which is not an executable file.`);
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  return BROWSER_NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(
    isExecutable,
  );
}
