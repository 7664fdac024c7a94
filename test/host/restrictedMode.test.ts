/** A workspace that is not trusted: its settings switch nothing on that the user switched off. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { createWorkspace, STATUS_ITEM, showFailure, startTreeline } from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

/** Below `treeline.`: what the user has, and what the workspace wants. */
const USER = {
  "suggestion.enabled": false,
  "suggestion.languages": { "*": false },
  "suggestion.maxTokens": 8,
  "suggestion.count": 1,
  "speculation.enabled": false,
  "index.enabled": false,
};
const WORKSPACE = {
  "suggestion.enabled": true,
  "suggestion.languages": { "*": true, typescript: true },
  "suggestion.demonstration": true,
  "suggestion.maxTokens": 512,
  "suggestion.count": 8,
  "speculation.enabled": true,
  "index.enabled": true,
};

function named(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(settings);
  return Object.fromEntries(entries.map(([name, value]) => [`treeline.${name}`, value]));
}

describe("the packed extension in Restricted Mode", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await createWorkspace();
    await mkdir(join(folder, ".vscode"));
    const settings = { ...named(WORKSPACE), "[typescript]": named(WORKSPACE), "editor.tabSize": 7 };
    await writeFile(join(folder, ".vscode/settings.json"), JSON.stringify(settings));
    host = await startTreeline({
      settings: named(USER),
      workspaceFolder: folder,
      isRestricted: true,
    });
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  test("the user's settings hold, for a language and in a file, too", async () => {
    await host.openFile(join(folder, "point.ts"));
    const read = await host.evaluate(async (vscode, names) => {
      const document = vscode.window.activeTextEditor?.document;
      const scopes = [undefined, document, { languageId: "typescript" }, document?.uri];
      const values = scopes.map((scope) => {
        const settings = vscode.workspace.getConfiguration("treeline", scope);
        return Object.fromEntries(names.map((name) => [name, settings.get(name)]));
      });
      // That the workspace's file was read at all.
      const tabSize = vscode.workspace.getConfiguration("editor").get("tabSize");
      return { isTrusted: vscode.workspace.isTrusted, tabSize, values };
    }, Object.keys(WORKSPACE));
    expect(read.isTrusted).toBe(false);
    expect(read.tabSize).toBe(7);
    for (const values of read.values) {
      expect(values).toMatchObject({ ...USER, "suggestion.demonstration": false });
    }
  });

  test("nothing runs", async () => {
    expect(await host.statusBarTooltip(STATUS_ITEM)).toMatch(/Treeline – off/);
    expect(await host.childProcesses("engine.mjs")).toEqual([]);
  });
});
