/** The built engine, forked as users get it: clients on it, requests for it, and which of its processes live. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DRAFT_SOURCES } from "../../src/core/tree/draftTree.ts";
import type { CompleteParams } from "../../src/engine/protocol/completeMessages.ts";
import type { LoadParams } from "../../src/engine/protocol/protocol.ts";
import { EngineClient } from "../../src/session/client/engineClient.ts";
import type { EngineSupervisorOptions } from "../../src/session/client/engineSupervisor.ts";
import { systemClock } from "../../src/session/clock.ts";
import { DRAFT_PATH, TARGET_PATH } from "./modelPaths.ts";

const projectFile = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
export const ENGINE_PATH = projectFile("dist/engine.mjs");
export const CLI_PATH = projectFile("dist/cli.mjs");

export const PAIR: LoadParams = {
  targetPath: TARGET_PATH,
  draftPath: DRAFT_PATH,
  contextSize: 2048,
};

/** Environment variable that marks the engines of one test file; forks inherit it. */
const MARK = "TREELINE_TEST_ENGINE_OF";
process.env[MARK] ??= String(process.pid);

/** @throws unless `dist` holds a build of the sources as they are now. */
export function assertBuilt(): void {
  const sources = projectFile("src");
  const newest = readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|wat)$/.test(path))
    .map((path) => ({ path, changed: statSync(`${sources}/${path}`).mtimeMs }))
    .reduce((a, b) => (a.changed > b.changed ? a : b));
  for (const path of [ENGINE_PATH, CLI_PATH]) {
    const built = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (built === undefined) throw new Error(`${path} is missing: run \`npm run build\` first`);
    if (built < newest.changed) {
      throw new Error(`${path} is older than src/${newest.path}: run \`npm run build\` first`);
    }
  }
}

/**
 * A client that runs nothing yet. Dispose it.
 * @param env - added to the engine's environment.
 */
export function openClient(
  env: NodeJS.ProcessEnv = {},
  options: Pick<Partial<EngineSupervisorOptions>, "workspace" | "log" | "clock"> = {},
): EngineClient {
  return new EngineClient({
    enginePath: ENGINE_PATH,
    gpu: "off",
    log: () => {},
    clock: systemClock,
    env: { ...process.env, ...env },
    ...options,
  });
}

/** Engines alive now that this process, or one it started, has forked; orphans included. Linux only, elsewhere none. */
export function livingEngines(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isAlive(pid) && isEngineOfOurs(pid));
}

function isEngineOfOurs(pid: number): boolean {
  try {
    const isEngine = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(ENGINE_PATH);
    const environment = isEngine ? readFileSync(`/proc/${pid}/environ`, "utf8") : "";
    return environment.split("\0").includes(`${MARK}=${process.env[MARK]}`);
  } catch {
    // It ended meanwhile.
    return false;
  }
}

/** Whether a process runs; one that has ended and waits for its parent to take note does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== "linux") return true;
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

/** A cursor in a real source file of the pinned packages: the start of the line after `offset`. */
export function requestAt(path: string, offset: number): CompleteParams {
  const text = readFileSync(projectFile(`node_modules/${path}`), "utf8");
  const cursor = text.indexOf("\n", offset) + 1;
  return {
    prefixText: text.slice(0, cursor),
    suffixText: text.slice(cursor),
    maxTokens: 64,
    sources: DRAFT_SOURCES,
  };
}

/** About 1,000 prompt tokens and an answer that comes in a dozen chunks or more. */
export const LONG_REQUEST = requestAt("redux/src/createStore.ts", 9000);
/** As long a prompt, with nothing in common with the former but the markers. */
export const OTHER_REQUEST = requestAt("immer/src/core/proxy.ts", 5000);
/** The model repeats itself here to the last token, in hundreds of passes. */
export const ENDLESS_REQUEST: CompleteParams = {
  prefixText: "const s = 0x00000000000000000000000000000000000000",
  suffixText: "",
  maxTokens: 800,
  sources: DRAFT_SOURCES,
};
/** A few prompt tokens. */
export const SHORT_REQUEST: CompleteParams = {
  prefixText: "export function add(a: number, b: number) {\n  return ",
  suffixText: "\n}\n",
  maxTokens: 16,
  sources: DRAFT_SOURCES,
};
