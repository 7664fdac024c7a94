/**
 * The pictures of the README and of the extension's page, into the artifacts folder; on demand only:
 * `TREELINE_PICTURES=TARGET.gguf npm run test:host -- pictures`. What is shown is what the model suggests.
 */
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { poll } from "./poll.ts";
import { QuickPick } from "./quickPick.ts";
import { statusBarItem } from "./statusBar.ts";
import {
  chooseTarget,
  createWorkspace,
  executeCommand,
  HUMAN,
  STATUS_ITEM,
  settledGhostText,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

const target = process.env["TREELINE_PICTURES"];

const SOURCE = `/** One entry of a folder. */
export interface Entry {
  readonly path: string;
  readonly kind: "file" | "folder" | "link";
  /** Bytes; 0 for all but files. */
  readonly size: number;
}

/** The entries of one kind, largest first. */
export function largestOf(entries: readonly Entry[], kind: Entry["kind"]): Entry[] {
  return entries
    .filter((entry) => entry.kind === kind)
    .sort((a, b) => b.size - a.size);
}

/** Bytes of all files below a folder. */
export function totalSize(entries: readonly Entry[], folder: string):
`;
const LINE = 17;
const COLUMN = 70;

describe.skipIf(target === undefined)("the pictures", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    await stat(target ?? "");
    folder = await createWorkspace({ "entries.ts": SOURCE });
    host = await startTreeline({
      workspaceFolder: folder,
      settings: { "editor.minimap.enabled": false },
    });
    await untilLoaded(1);
    await chooseTarget(host, target);
    await untilLoaded(2);
    await host.openFile(join(folder, "entries.ts"));
    await host.moveCursor(LINE, COLUMN);
  }, 400_000);

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function untilLoaded(numTimes: number): Promise<void> {
    const isLoaded = async () =>
      (await host.logs.read("Treeline")).split("loaded backend").length > numTimes;
    await poll(`load ${numTimes}`, isLoaded, { timeoutMs: 180_000 });
  }

  test("ghost text", { timeout: 200_000 }, async () => {
    await host.typeText(" number ", HUMAN);
    await settledGhostText(host);
    // On a slow machine the first lines were shown alone: asked again, all that was generated since is.
    const whole = async () => {
      await host.press("Escape");
      await executeCommand(host, "editor.action.inlineSuggest.trigger");
      const text = await host.waitForGhostText(5_000);
      return text.split("\n").length > 3 && text;
    };
    await poll("a suggestion of several lines", whole, { timeoutMs: 90_000, everyMs: 2_000 });
    await host.screenshot("picture-ghost-text.png");
  });

  test("menu, and what the status bar says", { timeout: 200_000 }, async () => {
    await host.clickStatusBar(STATUS_ITEM);
    const menu = new QuickPick(host.page);
    await menu.waitUntilOpen();
    await host.screenshot("picture-menu.png");
    await menu.cancel();
    await (await statusBarItem(host.page, STATUS_ITEM)).hover();
    await host.page.locator(".workbench-hover .monaco-hover-content").waitFor();
    await host.screenshot("picture-status.png");
  });

  test("the extension's page", { timeout: 60_000 }, async () => {
    await host.evaluate(async (vscode) => {
      await vscode.commands.executeCommand("extension.open", "treeline.treeline");
    });
    await host.page.waitForTimeout(4_000);
    await host.screenshot("picture-page.png");
  });
});
