/** Engines that need longer than VS Code waits: what comes late still reaches the screen. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { widenModel } from "../../tooling/widen/widenModel.ts";
import { REPOSITORY } from "./hostLayout.ts";
import { poll } from "./poll.ts";
import {
  AUTOMATIC,
  chooseTarget,
  commandLineText,
  createWorkspace,
  editorState,
  executeCommand,
  HUMAN,
  SCHEMA_LINE,
  STATUS_ITEM,
  settledGhostText,
  showFailure,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

/** VS Code gives up an automatic question after 750 ms. */
const TOO_LONG_MS = 1500;

/** Of every period a throttled process may run this long, in ms: a fast machine becomes a slow one. */
const THROTTLE = { runMs: 15, periodMs: 60 };

function throttled(processes: readonly { readonly pid: number }[]): Disposable {
  if (processes.length === 0) throw new Error("No process to throttle.");
  const signalAll = (signal: "SIGSTOP" | "SIGCONT") => {
    for (const { pid } of processes) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended: what the test waits for says more.
      }
    }
  };
  let resume: NodeJS.Timeout | undefined;
  const stop = setInterval(() => {
    signalAll("SIGSTOP");
    resume = setTimeout(signalAll, THROTTLE.periodMs - THROTTLE.runMs, "SIGCONT");
  }, THROTTLE.periodMs);
  return {
    [Symbol.dispose]: () => {
      clearInterval(stop);
      clearTimeout(resume);
      signalAll("SIGCONT");
    },
  };
}

describe("the packed extension with a slow engine", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await createWorkspace();
    host = await startTreeline({ settings: AUTOMATIC, workspaceFolder: folder });
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  /** Types with an engine that stands still from before the first key, as it may be done before the last, until long after that. */
  async function typeSlowly(text: string): Promise<void> {
    await host.openFile(join(folder, "schemas.ts"));
    await executeCommand(host, "workbench.action.files.revert");
    await host.moveCursor(SCHEMA_LINE, 1);
    const [engine] = await host.childProcesses("engine.mjs");
    if (engine === undefined) throw new Error("No engine runs.");
    process.kill(engine.pid, "SIGSTOP");
    try {
      await host.typeText(text, HUMAN);
      await delay(TOO_LONG_MS);
      expect(await host.ghostText()).toBeUndefined();
    } finally {
      process.kill(engine.pid, "SIGCONT");
    }
  }

  test("shows what comes after VS Code stopped waiting", async () => {
    await typeSlowly("  url");
    const shown = await settledGhostText(host);
    expect(shown).toBe(await commandLineText("schemas.ts", await editorState(host)));
  });
});

describe("the packed extension with a large model", () => {
  /** The bundled target at the cost of 0.4 billion parameters. */
  const SHAPE = { width: 768, numLayers: 32, ffnWidth: 4096, type: "q8_0" } as const;
  let models: string;
  let folder: string;
  let target: string;
  let host: VscodeHost;

  beforeAll(async () => {
    models = await mkdtemp(join(tmpdir(), "treeline-models-"));
    const source = join(REPOSITORY, "models/treeline-tiny-target-q8_0.gguf");
    const { signal } = new AbortController();
    target = join(models, "widened.gguf");
    await widenModel(source, target, { ...SHAPE, signal });
    folder = await createWorkspace();
    host = await startTreeline({ workspaceFolder: folder });
    await untilLoaded(1);
    await chooseTarget(host, target);
    await untilLoaded(2);
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    for (const each of [folder, models]) await rm(each, { recursive: true, force: true });
  });

  async function untilLoaded(numTimes: number): Promise<void> {
    const isLoaded = async () =>
      (await host.logs.read("Treeline")).split("loaded backend").length > numTimes;
    await poll(`load ${numTimes}`, isLoaded, { timeoutMs: 60_000 });
  }

  test("shows the lines that are done, and what follows once they are taken", async () => {
    onTestFailed(() => showFailure(host, "first-lines"));
    await host.openFile(join(folder, "schemas.ts"));
    await host.moveCursor(SCHEMA_LINE, 1);
    const { state, first } = await (async () => {
      using _ = throttled(await host.childProcesses("engine.mjs"));
      await host.typeText("  url", HUMAN);
      // What is shown stays until it is taken.
      return { state: await editorState(host), first: await settledGhostText(host) };
    })();
    await host.screenshot("treeline-first-lines.png");
    await host.press("Tab");
    await expect.poll(() => host.editorText()).toContain(`  url${first}`);

    const whole = await commandLineText("schemas.ts", state, target);
    expect(whole.startsWith(first)).toBe(true);
    expect(first.length).toBeLessThan(whole.length);
    const rest = whole.slice(first.length);
    expect(await settledGhostText(host)).toBe(rest);
    await host.press("Tab");
    await expect.poll(() => host.editorText()).toContain(`  url${whole}`);
  });

  test("warns once that first lines come late, and names the remedy", async () => {
    onTestFailed(() => showFailure(host, "slow-warning"));
    using _ = throttled(await host.childProcesses("engine.mjs"));
    // Each time at a place that is new.
    for (const name of ["one", "two", "three", "four", "five", "six"]) {
      await executeCommand(host, "workbench.action.files.revert");
      await host.moveCursor(SCHEMA_LINE, 1);
      await host.typeText(`  ${name}`, HUMAN);
      await settledGhostText(host);
    }
    const told = await host.waitForNotification("a first line takes");
    expect(told).toMatch(/A model of about \d+ % of its size/);
    await host.screenshot("treeline-slow-warning.png");
    expect(await host.statusBarTooltip(STATUS_ITEM)).toMatch(/A first line is shown after \d/);
  });
});
