/** The workspace's index in a real VS Code: what its watcher, its editor and its commands say reaches the engine. */
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { statusBarTooltip } from "./statusBar.ts";
import {
  createWorkspace,
  executeCommand,
  STATUS_ITEM,
  showFailure,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

const CODE = "export const answer = 42;\n";
const SLOW = { timeout: 30_000 };

describe("the workspace index", () => {
  let folder: string;
  let userDataDir: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await createWorkspace({ ".env": "SECRET=1\n", "notes.md": "# notes\n" });
    userDataDir = await mkdtemp(join(tmpdir(), "treeline-host-"));
    host = await startTreeline({ workspaceFolder: folder, userDataDir });
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    for (const path of [folder, userDataDir]) await rm(path, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  /** As the tooltip says it. */
  async function indexSize() {
    const tooltip = await statusBarTooltip(host.page, STATUS_ITEM);
    const [, files, tokens] =
      /Workspace index: ([\d,]+) files?, ([\d,]+) tokens?/.exec(tooltip) ?? [];
    return {
      files: Number(files?.replaceAll(",", "")),
      tokens: Number(tokens?.replaceAll(",", "")),
    };
  }
  const holds = (files: number) =>
    expect.poll(async () => (await indexSize()).files, SLOW).toBe(files);

  /** Paths of blobs below VS Code's storage. */
  async function blobs(): Promise<string[]> {
    const paths = await readdir(userDataDir, { recursive: true });
    return paths.filter((path) => path.endsWith("workspace-index.bin"));
  }

  test("holds the folder's sources and nothing else, and is kept for the user alone", async () => {
    await holds(3);
    await expect.poll(blobs, SLOW).toHaveLength(1);
    const [path = ""] = await blobs();
    expect((await stat(join(userDataDir, path))).mode & 0o777).toBe(0o600);
  });

  test("follows files that come, move and go, behind the editor's back and by its hand", async () => {
    await writeFile(join(folder, "added.ts"), CODE);
    await holds(4);
    await mkdir(join(folder, "lib"));
    await writeFile(join(folder, "lib/a.ts"), CODE);
    await writeFile(join(folder, "lib/b.ts"), CODE);
    await holds(6);
    await rename(join(folder, "lib"), join(folder, "library"));
    await rm(join(folder, "added.ts"));
    await holds(5);
    await host.evaluate(async (vscode, root) => {
      const edit = new vscode.WorkspaceEdit();
      const uri = (path: string) => vscode.Uri.file(`${root}/${path}`);
      edit.renameFile(uri("library/a.ts"), uri("library/a.md"));
      edit.createFile(uri("created.ts"), { contents: new TextEncoder().encode("a = 1;\n") });
      await vscode.workspace.applyEdit(edit);
    }, folder);
    await holds(5);
    await writeFile(join(folder, ".gitignore"), "library\n");
    await holds(4);
  });

  test("has the unsaved text of an editor", async () => {
    const { tokens } = await indexSize();
    await host.openFile(join(folder, "stack.py"));
    await host.evaluate(async (vscode) => {
      const editor = vscode.window.activeTextEditor;
      if (editor === undefined) throw new Error("No editor is active.");
      const text = "value = compute(value)\n".repeat(100);
      await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), text));
    }, undefined);
    const grown = async () => (await indexSize()).tokens - tokens;
    await expect.poll(grown, SLOW).toBeGreaterThan(200);
    await executeCommand(host, "workbench.action.files.revert");
    await expect.poll(grown, SLOW).toBe(0);
  });

  test("is gone after Forget Workspace", async () => {
    await host.runCommand("Treeline: Forget Workspace");
    await host.dialogButton("Cancel").waitFor();
    await host.screenshot("treeline-forget-workspace.png");
    await host.dialogButton("Cancel").click();
    expect(await blobs()).not.toEqual([]);
    await host.runCommand("Treeline: Forget Workspace");
    await host.dialogButton("Delete").click();
    await expect.poll(blobs, SLOW).toEqual([]);
    expect(await statusBarTooltip(host.page, STATUS_ITEM)).not.toContain("Workspace index");
  });
});
