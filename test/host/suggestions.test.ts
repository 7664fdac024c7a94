/** Several suggestions as a user cycles through them, in a real VS Code with the packed extension. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import {
  AUTOMATIC,
  createWorkspace,
  executeCommand,
  HUMAN,
  SCHEMA_LINE,
  settledGhostText,
  showFailure,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

describe("the packed extension, with several suggestions", () => {
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

  beforeEach(async ({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
    await host.openFile(join(folder, "schemas.ts"));
    await executeCommand(host, "workbench.action.files.revert");
    await host.moveCursor(SCHEMA_LINE, 1);
  });

  test("Alt+] shows another, Alt+[ the first again, and Tab takes what is shown", async () => {
    await host.typeText("  url", HUMAN);
    const first = await settledGhostText(host);
    await host.press("Alt+BracketRight");
    const second = await settledGhostText(host, (text) => text !== first);
    await host.screenshot("treeline-another-suggestion.png");
    await host.press("Alt+BracketLeft");
    expect(await settledGhostText(host, (text) => text !== second)).toBe(first);

    await host.press("Alt+BracketRight");
    expect(await settledGhostText(host, (text) => text !== first)).toBe(second);
    await host.press("Tab");
    await expect.poll(() => host.editorText()).toContain(`  url${second}`);

    await host.runCommand("Treeline: Show Statistics");
    await expect.poll(() => host.editorText()).toContain("# Treeline Statistics");
    const report = await host.editorText();
    expect(report).toMatch(/## Accepted by rank\n[^#]*\| 1 \| 0 \|\n\| 2 \| 1 \|/);
    await executeCommand(host, "workbench.action.closeActiveEditor");
  });

  test("others stay offered while the first is typed into, and the first stays on the screen", async () => {
    await host.typeText("  url", HUMAN);
    const first = await settledGhostText(host);
    await host.press("Alt+BracketRight");
    await settledGhostText(host, (text) => text !== first);
    await host.press("Alt+BracketLeft");
    await settledGhostText(host, (text) => text === first);

    await host.typeText(first.slice(0, 2), HUMAN);
    expect(await settledGhostText(host)).toBe(first.slice(2));
    await host.press("Tab");
    await expect.poll(() => host.editorText()).toContain(`  url${first}`);
  });

  test("with a count of 1 there is no other", async () => {
    await host.evaluate(async (vscode) => {
      const settings = vscode.workspace.getConfiguration("treeline");
      await settings.update("suggestion.count", 1, vscode.ConfigurationTarget.Global);
    });
    await host.typeText("  url", HUMAN);
    const first = await settledGhostText(host);
    await host.press("Alt+BracketRight");
    expect(await settledGhostText(host)).toBe(first);
    await host.press("Escape");
  });

  test("leaves no error in the logs", async () => {
    expect(await host.logs.errors()).toEqual([]);
    expect(await host.logs.read("Treeline")).not.toContain("[error]");
  });
});
