/** The engine lives exactly as long as whoever forked it wants: it goes with its parent, however that ends. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import type { EngineClient } from "../../src/session/client/engineClient.ts";
import {
  ENDLESS_REQUEST,
  ENGINE_PATH,
  isAlive,
  livingEngines,
  OTHER_REQUEST,
  PAIR,
} from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

/** Host killed, engine gone within this time. */
const GONE_MS = 2_000;
const PARENT = fileURLToPath(new URL("../support/engineParent.ts", import.meta.url));
const PHASES = ["load", "prefill", "decode", "idle"] as const;

/** Starts a parent and waits until it has reached its phase. */
async function startParent(phase: string, ending = "stay") {
  const parent = spawn(process.execPath, [PARENT, phase, ending], {
    stdio: ["ignore", "pipe", ending === "crash" ? "ignore" : "inherit"],
  });
  let enginePid = 0;
  for await (const line of createInterface({ input: parent.stdout })) {
    if (line === "now") break;
    enginePid = Number(line);
  }
  expect(enginePid).toBeGreaterThan(0);
  return { parent, enginePid };
}

async function expectGone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(isAlive(pid), `engine ${pid}`).toBe(false), {
    timeout: GONE_MS,
    interval: 20,
  });
}

async function exitOf(child: ChildProcess): Promise<unknown> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}

describe("the engine", () => {
  test.each(PHASES.flatMap((phase) => [[phase, "SIGKILL"] as const, [phase, "SIGTERM"] as const]))(
    "is gone when its parent gets, in %s, %s",
    async (phase, signal) => {
      const { parent, enginePid } = await startParent(phase);
      expect(isAlive(enginePid)).toBe(true);
      parent.kill(signal);
      await expectGone(enginePid);
      expect(await exitOf(parent)).toBe(signal);
    },
  );

  test.each([
    ["exit", 3],
    ["crash", 1],
  ])("is gone when its parent ends by %s", async (ending, code) => {
    const { parent, enginePid } = await startParent("decode", ending);
    expect(await exitOf(parent)).toBe(code);
    await expectGone(enginePid);
  });

  /** Each calls `onUnderWay` once its work has begun. */
  type Work = (client: EngineClient, onUnderWay: () => void) => Promise<unknown>;
  const works: Readonly<Record<string, Work>> = {
    load: (client, onUnderWay) => client.load(PAIR, onUnderWay, NEVER),
    prefill(client, onUnderWay) {
      setTimeout(onUnderWay, 30);
      return client.complete(OTHER_REQUEST, ignore, NEVER);
    },
    decode: (client, onUnderWay) => client.complete(ENDLESS_REQUEST, onUnderWay, NEVER),
  };
  test.each(Object.entries(works))("is gone when dispose in %s resolves", async (_phase, work) => {
    const client = createClient();
    await client.load(PAIR, ignore, NEVER);
    const { pid } = await client.health(NEVER);
    let isUnderWay = false;
    const pending = work(client, () => {
      isUnderWay = true;
    });
    const outcome = expect(pending).rejects.toMatchObject({ name: "AbortError" });
    await vi.waitFor(() => expect(isUnderWay).toBe(true), { interval: 1 });
    await client[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(false);
    expect(livingEngines()).toEqual([]);
    await outcome;
  });

  test("refuses a GPU it does not know, and to be started by hand", async () => {
    const asked = fork(ENGINE_PATH, ["--gpu", "nonsense"], { silent: true, execArgv: [] });
    expect(await outputOf(asked)).toEqual([
      2,
      '--gpu is "nonsense", expected one of auto, cuda, vulkan, metal, off\n',
    ]);
    const alone = spawn(process.execPath, [ENGINE_PATH], { stdio: ["ignore", "ignore", "pipe"] });
    expect(await outputOf(alone)).toEqual([
      2,
      "This is Treeline's engine; it is started by `treeline` or the editor.\n",
    ]);
  });
});

/** Exit code and what was written to stderr. */
async function outputOf(child: ChildProcess): Promise<[unknown, string]> {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const [code] = await once(child, "close");
  return [code, text];
}
