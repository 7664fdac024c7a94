/** The bundled pair in a fresh profile: it waits to be asked, says so once, and stays when it is kept. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import {
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

const NOTICE = "demonstration model";

describe("the demonstration model in a fresh profile", () => {
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

  /** Types into the empty line of a schema file that nothing was typed into. */
  async function typeInSchema(text: string): Promise<void> {
    await host.openFile(join(folder, "schemas.ts"));
    await executeCommand(host, "workbench.action.files.revert");
    await host.moveCursor(SCHEMA_LINE, 1);
    await host.typeText(text, HUMAN);
  }

  const notices = async () =>
    (await host.notifications()).filter((text) => text.includes(NOTICE)).length;

  test("a notification says that it waits to be asked, and has three choices", async () => {
    expect(await host.waitForNotification(NOTICE)).toContain("only when asked");
    const toast = host.page.locator(".notification-toast").filter({ hasText: NOTICE });
    const buttons = toast.locator(".notification-list-item-buttons-container .monaco-button");
    await expect
      .poll(() => buttons.allInnerTexts())
      .toEqual(["Choose a Model", "Keep", "Turn Off"]);
    await host.screenshot("treeline-demonstration.png");
  });

  test("there is no ghost text while one types, and the status bar says why", async () => {
    await typeInSchema("  url");
    await host.expectNoGhostTextFor(2500);
    const tooltip = await host.statusBarTooltip(STATUS_ITEM);
    expect(tooltip).toContain("the demonstration model suggests only when asked");
    expect(tooltip).not.toContain("A pass of the model");
    await host.runCommand("Treeline: Why No Suggestion?");
    await expect.poll(() => host.editorText()).toContain("| not asked for |");
    await executeCommand(host, "workbench.action.closeActiveEditor");
  });

  test("asked for, there is ghost text, several of them, and typing goes through it", async () => {
    await typeInSchema("  url");
    await host.runCommand("Treeline: Trigger Suggestion");
    const first = await settledGhostText(host);
    expect(first).toBe(await commandLineText("schemas.ts", await editorState(host)));
    await host.press("Alt+BracketRight");
    await settledGhostText(host, (text) => text !== first);
    await host.press("Alt+BracketLeft");
    await settledGhostText(host, (text) => text === first);

    await host.typeText(first.slice(0, 2), HUMAN);
    expect(await settledGhostText(host)).toBe(first.slice(2));
    await host.press("Control+ArrowRight");
    const rest = await settledGhostText(host, (text) => text !== first.slice(2));
    expect(first.endsWith(rest)).toBe(true);
    await host.press("Tab");
    await expect.poll(() => host.editorText()).toContain(`  url${first}`);
    await host.expectNoGhostTextFor(1500);
  });

  test("Keep brings ghost text while one types", async () => {
    await executeCommand(host, "notifications.showList");
    await host.page
      .locator(".notifications-center .notification-list-item", { hasText: NOTICE })
      .locator(".monaco-button", { hasText: "Keep" })
      .click();
    const isKept = () =>
      host.evaluate(
        (vscode) =>
          vscode.workspace.getConfiguration("treeline").inspect("suggestion.demonstration")
            ?.globalValue,
      );
    await expect.poll(isKept).toBe(true);
    await typeInSchema("  url");
    expect(await settledGhostText(host)).toBe(
      await commandLineText("schemas.ts", await editorState(host)),
    );
  });

  test("leaves no error in the logs", async () => {
    expect(await host.logs.errors()).toEqual([]);
    expect(await host.logs.read("Treeline")).not.toContain("[error]");
  });

  // Last, as VS Code itself logs errors when its window is loaded anew.
  test("it is not said again at the next start", async () => {
    await host.evaluate(async (vscode) => {
      const settings = vscode.workspace.getConfiguration("treeline");
      await settings.update(
        "suggestion.demonstration",
        undefined,
        vscode.ConfigurationTarget.Global,
      );
    });
    await host.reload();
    await host.waitForExtension("treeline.treeline");
    await typeInSchema("  url");
    await host.expectNoGhostTextFor(2000);
    expect(await notices()).toBe(0);
  });
});
