/** An engine that needs longer than VS Code waits: what comes late still reaches the screen. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import {
  commandLineText,
  createWorkspace,
  editorState,
  executeCommand,
  HUMAN,
  SCHEMA_LINE,
  settledGhostText,
  showFailure,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

/** VS Code gives up an automatic question after 750 ms. */
const TOO_LONG_MS = 1500;

describe("the packed extension with a slow engine", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await createWorkspace();
    host = await startTreeline({ workspaceFolder: folder });
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  /** Types with an engine that stands still from before the last key until long after it. */
  async function typeSlowly(text: string): Promise<void> {
    await host.openFile(join(folder, "schemas.ts"));
    await executeCommand(host, "workbench.action.files.revert");
    await host.moveCursor(SCHEMA_LINE, 1);
    await host.typeText(text.slice(0, -1), HUMAN);
    const [engine] = await host.childProcesses("engine.mjs");
    if (engine === undefined) throw new Error("No engine runs.");
    process.kill(engine.pid, "SIGSTOP");
    try {
      await host.typeText(text.slice(-1), HUMAN);
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
