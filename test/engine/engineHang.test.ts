/** The engine is stopped, or hangs in a call: whoever waits is told, the next request works, nothing is left behind. */
import { ChildProcess, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { BEAT_MS } from "../../src/engine/protocol/beatMessages.ts";
import type { EngineClient } from "../../src/session/client/engineClient.ts";
import { TICK_MS } from "../../src/session/client/engineWatch.ts";
import {
  LOAD_CANCEL_IDLE_MS,
  LOAD_SILENT_MS,
  SILENT_MS,
} from "../../src/session/client/patience.ts";
import { MAX_DELAY_MS } from "../../src/session/client/restartPolicy.ts";
import { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import {
  ENDLESS_REQUEST,
  isAlive,
  livingEngines,
  PAIR,
  SHORT_REQUEST,
} from "../support/builtEngine.ts";
import { FakeClock } from "../support/clock.ts";
import { NEVER } from "../support/never.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

const HUNG = {
  name: "EngineError",
  code: "engineCrashed",
  message: expect.stringMatching(/hung and was ended: it gave no sign of life for .* next request/),
};
/** Dispose closes the channel, waits a second, and kills. */
const DISPOSE_MS = 3_000;

/** A client with the pair loaded; its clock moves when the test says so. */
async function startEngine() {
  const clock = new FakeClock(MAX_DELAY_MS);
  const feed = new WorkspaceFeed();
  const client = createClient({}, { clock, workspace: feed });
  await client.load(PAIR, ignore, NEVER);
  const { pid } = await client.health(NEVER);
  return { client, clock, feed, pid };
}

/** Each sends one request. */
const REQUESTS: Readonly<
  Record<string, (client: EngineClient, feed: WorkspaceFeed) => Promise<unknown>>
> = {
  load: (client) => client.load(PAIR, ignore, NEVER),
  unload: (client) => client.unload(NEVER),
  statistics: (client) => client.statistics(NEVER),
  health: (client) => client.health(NEVER),
  completion: (client) => client.complete(SHORT_REQUEST, ignore, NEVER),
  benchmark: (client) =>
    client.bench(
      {
        suites: [],
        workspace: { origin: "none", files: [] },
        foreign: { origin: "none", files: [] },
        configs: ["plain"],
        budgetMs: 60_000,
        numPrompts: 1,
        maxTokens: 1,
        maxPromptTokens: 16,
        seed: 1,
      },
      ignore,
      NEVER,
    ),
};

async function expectRecovery(client: EngineClient): Promise<void> {
  await client.load(PAIR, ignore, NEVER);
  expect((await client.complete(SHORT_REQUEST, ignore, NEVER)).tokens.length).toBeGreaterThan(0);
  const { pid } = await client.health(NEVER);
  if (process.platform === "linux") expect(livingEngines()).toEqual([pid]);
}

describe.skipIf(process.platform === "win32")("EngineClient on a stopped engine", () => {
  test.each(Object.entries(REQUESTS))("a %s fails, and the next request works", async (_, send) => {
    const { client, clock, feed, pid } = await startEngine();
    process.kill(pid, "SIGSTOP");
    const outcome = expect(send(client, feed)).rejects.toMatchObject(HUNG);
    // The request is on its way once its caller had its turn.
    await delay(10);
    clock.advance(LOAD_SILENT_MS + TICK_MS);
    await outcome;
    expect(isAlive(pid)).toBe(false);
    await expectRecovery(client);
  });

  test("a completion that nobody cancels fails in time, by the real clock", async () => {
    const client = createClient();
    await client.load(PAIR, ignore, NEVER);
    const { pid } = await client.health(NEVER);
    const start = performance.now();
    const outcome = expect(
      client.complete(ENDLESS_REQUEST, () => process.kill(pid, "SIGSTOP"), NEVER),
    ).rejects.toMatchObject(HUNG);
    await outcome;
    const tookMs = performance.now() - start;
    expect(tookMs).toBeGreaterThan(SILENT_MS);
    expect(tookMs).toBeLessThan(SILENT_MS + 10 * TICK_MS);
    await expectRecovery(client);
  });

  test("whoever waits for the index is told", async () => {
    const { client, clock, feed, pid } = await startEngine();
    process.kill(pid, "SIGSTOP");
    feed.open({ roots: [{ path: tmpdir(), name: "tmp", isOnDisk: false, excludes: [] }] });
    const outcome = expect(feed.whenReady(NEVER)).rejects.toThrow("The engine ended");
    clock.advance(SILENT_MS + TICK_MS);
    await outcome;
    await expectRecovery(client);
  });

  test("forgets the workspace on disk", async () => {
    const { clock, feed, pid } = await startEngine();
    const folder = await mkdtemp(join(tmpdir(), "treeline-hang-"));
    process.kill(pid, "SIGSTOP");
    const forgotten = feed.forget(folder, NEVER);
    clock.advance(SILENT_MS + TICK_MS);
    await forgotten;
    await expect(rm(folder)).rejects.toThrow("ENOENT");
    expect(isAlive(pid)).toBe(false);
  });

  test("is patient with one that had no turn for some seconds", async () => {
    const { client, clock, pid } = await startEngine();
    const expected = await client.complete(ENDLESS_REQUEST, ignore, NEVER);
    let isFirst = true;
    const pending = client.complete(
      ENDLESS_REQUEST,
      () => {
        if (isFirst) process.kill(pid, "SIGSTOP");
        isFirst = false;
      },
      NEVER,
    );
    await vi.waitFor(() => expect(isFirst).toBe(false));
    clock.advance(SILENT_MS - TICK_MS);
    // The host slept meanwhile, too.
    clock.jump(3_600_000);
    process.kill(pid, "SIGCONT");
    expect((await pending).text).toBe(expected.text);
    expect((await client.health(NEVER)).pid).toBe(pid);
  });

  test("is noticed by a question that its caller has given up", async () => {
    const { client, clock, pid } = await startEngine();
    process.kill(pid, "SIGSTOP");
    const controller = new AbortController();
    const pending = client.statistics(controller.signal);
    await delay(10);
    controller.abort();
    await expect(pending).rejects.toBe(controller.signal.reason);
    clock.advance(SILENT_MS + TICK_MS);
    await vi.waitFor(() => expect(client.state).toBe("restarting"));
    expect(isAlive(pid)).toBe(false);
  });

  test("dispose ends it soon", async () => {
    const { client, pid } = await startEngine();
    process.kill(pid, "SIGSTOP");
    const pending = expect(client.statistics(NEVER)).rejects.toMatchObject({ name: "AbortError" });
    await delay(10);
    const start = performance.now();
    await client[Symbol.asyncDispose]();
    expect(performance.now() - start).toBeLessThan(DISPOSE_MS);
    expect(isAlive(pid)).toBe(false);
    await pending;
  });

  test("gives one up that the system cannot end", async () => {
    const { client, clock, pid } = await startEngine();
    process.kill(pid, "SIGSTOP");
    const kill = vi.spyOn(ChildProcess.prototype, "kill").mockReturnValue(true);
    try {
      const outcome = expect(client.statistics(NEVER)).rejects.toMatchObject(HUNG);
      await delay(10);
      clock.advance(SILENT_MS + TICK_MS);
      await outcome;
      expect(kill).toHaveBeenCalledWith("SIGKILL");
      expect(isAlive(pid)).toBe(true);
      expect((await client.health(NEVER)).pid).not.toBe(pid);
    } finally {
      kill.mockRestore();
      process.kill(pid, "SIGKILL");
    }
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
  });
});

describe.skipIf(process.platform === "win32")(
  "EngineClient on an engine that hangs in a call",
  () => {
    test("a cancelled load that neither computes nor reads is ended, though the engine beats", async () => {
      const { client, clock, pid } = await startEngine();
      const folder = await mkdtemp(join(tmpdir(), "treeline-hang-"));
      try {
        // To open a pipe that nobody writes to takes for ever.
        const passCostPath = join(folder, "pipe");
        execFileSync("mkfifo", [passCostPath]);
        const controller = new AbortController();
        const hung = client.load({ ...PAIR, passCostPath }, ignore, controller.signal);
        const cancelled = expect(hung).rejects.toMatchObject({ name: "AbortError" });
        await delay(2 * BEAT_MS);
        controller.abort();
        await cancelled;
        const next = expect(client.load(PAIR, ignore, NEVER)).rejects.toMatchObject({
          code: "engineCrashed",
          message: expect.stringContaining("neither computed nor read anything for 60 s"),
        });
        const stepMs = SILENT_MS - 3 * TICK_MS;
        for (let ms = 0; ms < LOAD_CANCEL_IDLE_MS; ms += stepMs) {
          expect(isAlive(pid), `after ${ms} ms`).toBe(true);
          clock.advance(stepMs);
          // In the world's time, by which the engine beats.
          await delay(BEAT_MS + 200);
        }
        clock.advance(2 * TICK_MS);
        await next;
        await expectRecovery(client);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  },
);
