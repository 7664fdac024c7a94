/** Engine clients on the fake engine, with its journal. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect } from "vitest";
import type { GpuChoice } from "../../src/core/base/backend.ts";
import type { CompleteParams } from "../../src/engine/protocol/completeMessages.ts";
import { EngineClient, type EngineState } from "../../src/session/client/engineClient.ts";
import { MAX_DELAY_MS } from "../../src/session/client/restartPolicy.ts";
import type { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import { FakeClock } from "./clock.ts";

const ENGINE_PATH = fileURLToPath(new URL("../fakes/fakeEngine.mjs", import.meta.url));
export const { signal: never } = new AbortController();
const ignore = () => {};

let folder: string;
let journal: string;
let clients: EngineClient[];

/** A journal and a leak check for each test of the suite. */
export function useFakeEngine(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "treeline-session-"));
    journal = join(folder, "journal");
    clients = [];
  });

  afterEach(async () => {
    for (const client of clients) await client[Symbol.asyncDispose]();
    const pids = new Set((await events()).map((event) => event.pid));
    // The leak check of this suite: no engine outlives its client.
    for (const pid of pids) expect(isRunning(pid), `process ${pid}`).toBe(false);
    await rm(folder, { recursive: true });
  });
}

interface JournalEvent {
  readonly pid: number;
  readonly event: string;
  readonly gpu?: GpuChoice;
  readonly targetPath?: string;
  readonly params?: unknown;
  readonly changes?: unknown;
  readonly buffer?: unknown;
}

export async function events(): Promise<JournalEvent[]> {
  const text = await readFile(journal, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as JournalEvent);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export function createClient(
  options: { gpu?: GpuChoice; start?: string; enginePath?: string; workspace?: WorkspaceFeed } = {},
) {
  const clock = new FakeClock(MAX_DELAY_MS);
  const log: string[] = [];
  const client = new EngineClient({
    enginePath: options.enginePath ?? ENGINE_PATH,
    gpu: options.gpu ?? "off",
    log: (_level, message) => log.push(message),
    clock,
    ...(options.workspace === undefined ? {} : { workspace: options.workspace }),
    env: {
      ...process.env,
      FAKE_ENGINE_JOURNAL: journal,
      ...(options.start === undefined ? {} : { FAKE_ENGINE_START: options.start }),
    },
  });
  clients.push(client);
  const states: EngineState[] = [];
  const notices: string[] = [];
  client.onStateChange((state) => states.push(state));
  client.onNotice((notice) => notices.push(notice));
  return { client, clock, log, states, notices };
}

export function load(client: EngineClient, targetPath = "tiny.gguf") {
  return client.load({ targetPath, contextSize: 64 }, ignore, never);
}

export function complete(client: EngineClient, prefixText: string, signal = never) {
  return client.complete(params(prefixText), ignore, signal);
}

export function params(prefixText: string): CompleteParams {
  return { prefixText, suffixText: "", maxTokens: 4, sources: [] };
}
