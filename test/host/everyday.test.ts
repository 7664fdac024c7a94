/** What one does with Treeline every day beside typing: its menu, pauses, languages, and an engine that sleeps. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { poll } from "./poll.ts";
import { QuickPick } from "./quickPick.ts";
import {
  AUTOMATIC,
  createWorkspace,
  executeCommand,
  HUMAN,
  POINT_LINE,
  STATUS_ITEM,
  settledGhostText,
  showFailure,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

describe("the packed extension, every day", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await createWorkspace();
    const settings = { ...AUTOMATIC, "treeline.enable": { "*": true, python: false } };
    host = await startTreeline({ settings, workspaceFolder: folder });
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  async function typeInFunction(text: string): Promise<void> {
    await host.openFile(join(folder, "point.ts"));
    await executeCommand(host, "workbench.action.files.revert");
    await host.moveCursor(POINT_LINE, 1);
    await host.typeText(text, HUMAN);
  }

  async function openMenu(): Promise<QuickPick> {
    await host.clickStatusBar(STATUS_ITEM);
    const menu = new QuickPick(host.page);
    await menu.waitUntilOpen();
    return menu;
  }

  const statusText = () => host.statusBarText(STATUS_ITEM);

  test("a setting under its earlier name was moved, and the old one is gone", async () => {
    const values = () =>
      host.evaluate((vscode) => {
        const settings = vscode.workspace.getConfiguration("treeline");
        const userValue = (name: string) => settings.inspect(name)?.globalValue ?? null;
        return { old: userValue("enable"), now: userValue("suggestion.languages") };
      });
    await expect.poll(values).toEqual({ old: null, now: { "*": true, python: false } });
  });

  test("the menu begins with the models, and has VS Code's snooze and a pause", async () => {
    await typeInFunction("  const dx = ");
    await settledGhostText(host);
    const menu = await openMenu();
    const items = await menu.items();
    expect(items[0]).toBe("Set Up Models");
    for (const label of ["Turn Off for TypeScript", "Snooze", "Pause"]) {
      expect(items).toContain(label);
    }
    await host.screenshot("treeline-menu.png");
    await menu.cancel();
  });

  test("a paused window suggests when asked only, and says so", async () => {
    await (await openMenu()).choose("Pause");
    await expect.poll(statusText).toBe("Treeline: paused");
    await typeInFunction("  const dx = ");
    await host.expectNoGhostTextFor(1500);
    await host.runCommand("Treeline: Trigger Suggestion");
    await settledGhostText(host);
    await host.screenshot("treeline-paused.png");
    await (await openMenu()).choose("Resume");
    await expect.poll(statusText).toBe("Treeline");
  });

  test("a language that is off says so, and can be turned on from the menu", async () => {
    await host.openFile(join(folder, "stack.py"));
    await expect.poll(statusText).toBe("Treeline: off here");
    expect(await host.statusBarTooltip(STATUS_ITEM)).toContain("Turn on for this language");
    await (await openMenu()).choose("Turn On for Python");
    await expect.poll(statusText).toBe("Treeline");
  });

  const IDLE_TEST_MS = 180_000;

  test("the models leave memory after a minute without a question, and come back with a key", {
    timeout: IDLE_TEST_MS,
  }, async () => {
    await host.openFile(join(folder, "point.ts"));
    await host.evaluate(async (vscode) => {
      const settings = vscode.workspace.getConfiguration("treeline");
      await settings.update("model.unloadAfter", 1, vscode.ConfigurationTarget.Global);
    });
    const engines = () => host.childProcesses("engine.mjs");
    const isGone = async () => (await engines()).length === 0;
    await poll("the end of the idle engine", isGone, { timeoutMs: 90_000 });
    await expect.poll(statusText).toBe("Treeline: asleep");
    await host.screenshot("treeline-asleep.png");
    await typeInFunction("  const dx = ");
    await settledGhostText(host);
    expect(await engines()).toHaveLength(1);
    await expect.poll(statusText).toBe("Treeline");
  });

  test("leaves no error in the logs", async () => {
    expect(await host.logs.errors()).toEqual([]);
    expect(await host.logs.read("Treeline")).not.toContain("[error]");
  });
});
