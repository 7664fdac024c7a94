/** Treeline beside another extension that suggests: a stand-in with Copilot's id. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { RIVAL_EXTENSION_DIR } from "./hostLayout.ts";
import { packVsix } from "./packVsix.ts";
import {
  AUTOMATIC,
  createWorkspace,
  executeCommand,
  HUMAN,
  POINT_LINE,
  settledGhostText,
  showFailure,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

const RIVAL = "GitHub.copilot";
const SETTINGS = {
  ...AUTOMATIC,
  // Either would switch off whatever has this id.
  "chat.disableAIFeatures": false,
  "chat.extensionUnification.enabled": false,
};

describe("beside another extension that suggests", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await createWorkspace();
    const rival = join(folder, "rival.vsix");
    await packVsix(RIVAL_EXTENSION_DIR, rival);
    host = await startTreeline({
      otherVsix: [rival],
      settings: SETTINGS,
      workspaceFolder: folder,
    });
    await host.waitForExtension(RIVAL);
    await host.openFile(join(folder, "point.ts"));
    await host.moveCursor(POINT_LINE, 1);
    await host.typeText("  const dx = ", HUMAN);
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  /** Waits for the report, which is plain text here: what would show it rendered is not in this host. */
  async function expectReport(expected: RegExp): Promise<void> {
    await executeCommand(host, "treeline.explainNoSuggestion");
    await expect.poll(() => host.editorText()).toMatch(expected);
  }

  test("both suggestions can be reached", async () => {
    const first = await settledGhostText(host);
    await host.press("Alt+]");
    const second = await settledGhostText(host, (text) => text !== first);

    expect([first, second]).toContain("rival();");
    await host.screenshot("treeline-rival.png");
  });

  test("Why No Suggestion? names the other one", async () => {
    await expectReport(/- GitHub\.copilot is active\./);
  });

  test("Why No Suggestion? does not take its own report for the document", async () => {
    // The report lies open now.
    await expectReport(/- No text editor is active\./);
    expect(await host.editorText()).not.toContain("`treeline.suggestion.languages` is false");
  });

  test("Why No Suggestion? does not name the other one once it is off for the language", async () => {
    await executeCommand(host, "workbench.action.closeActiveEditor");
    await expect.poll(() => host.editorText()).toContain("const dx = ");
    await host.evaluate(async (vscode) => {
      const settings = vscode.workspace.getConfiguration("github.copilot");
      const enable = { "*": true, typescript: false };
      await settings.update("enable", enable, vscode.ConfigurationTarget.Global);
    });

    await expectReport(/^# Why(?!.*copilot)/is);
  });
});
