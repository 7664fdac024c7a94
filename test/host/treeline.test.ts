/** Treeline as a user gets it: the packed VSIX in a real VS Code, with the bundled models and default settings. */
import { readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { ARTIFACTS_DIR } from "./hostLayout.ts";
import { poll } from "./poll.ts";
import { statusBarItem, statusBarTooltip } from "./statusBar.ts";
import {
  AUTOMATIC,
  chooseTarget,
  commandLineText,
  createWorkspace,
  edited,
  editorState,
  HUMAN,
  POINT_LINE,
  POINT_SOURCE,
  SCHEMA_LINE,
  STACK_LINE,
  STATUS_ITEM,
  settledGhostText,
  showFailure,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

describe("the packed extension", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await createWorkspace({ "corrupt.gguf": "GGUF but no more than that" });
    host = await startTreeline({ settings: AUTOMATIC, workspaceFolder: folder });
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  async function enginePids(): Promise<number[]> {
    return (await host.childProcesses("engine.mjs")).map(({ pid }) => pid);
  }

  /** point.ts as it was, the cursor in its empty line. */
  async function startOver(): Promise<void> {
    await host.press("Escape");
    await host.evaluate(async (vscode, text) => {
      const editor = vscode.window.activeTextEditor;
      if (editor === undefined) throw new Error("No editor is active.");
      const all = new vscode.Range(0, 0, editor.document.lineCount, 0);
      await editor.edit((edit) => edit.replace(all, text));
    }, POINT_SOURCE);
    await expect.poll(() => host.editorText()).toBe(POINT_SOURCE);
    await host.moveCursor(POINT_LINE, 1);
  }

  /** Fails unless the command line completes alike here, or where the suggestion was made that was typed into. */
  async function expectCommandLineText(fileName: string): Promise<void> {
    const offered = (await settledGhostText(host)).trimEnd();
    const state = await editorState(host);
    const completions: string[] = [];
    for (let numTyped = 0; numTyped < 8; numTyped++) {
      const before = edited(state, numTyped, "");
      const typed = state.text
        .split("\n")
        [state.line - 1]?.slice(before.column - 1, state.column - 1);
      const text = await commandLineText(fileName, before);
      if (text.trimEnd() === (typed + offered).trimEnd()) return;
      completions.push(text);
    }
    expect(completions).toContain(offered);
  }

  test("offers what the command line completes, while a person types TypeScript", async () => {
    await host.openFile(join(folder, "point.ts"));
    await host.moveCursor(POINT_LINE, 1);
    await host.typeText("  const dx = ", HUMAN);

    await expectCommandLineText("point.ts");
  });

  test("shows a suggestion of several lines", async () => {
    await host.openFile(join(folder, "schemas.ts"));
    await host.moveCursor(SCHEMA_LINE, 1);
    await host.typeText("  url", HUMAN);

    await expectCommandLineText("schemas.ts");
    expect((await host.ghostText())?.split("\n").length).toBeGreaterThan(1);
    await host.screenshot("treeline-ghost-text.png");
    await host.openFile(join(folder, "point.ts"));
  });

  test("Tab takes the whole suggestion, and the status bar counts it", async () => {
    await startOver();
    await host.typeText("  const dx = ", HUMAN);
    const offered = await settledGhostText(host);

    await host.press("Tab");

    await expect.poll(() => host.editorText()).toContain(`  const dx = ${offered.split("\n")[0]}`);
    const look = async () =>
      /Suggestions today: \d+ shown, 1 taken/.test(await host.statusBarTooltip(STATUS_ITEM));
    await poll("the acceptance in the tooltip", look, { timeoutMs: 15_000 });
    // A newcomer is told no grade after a handful of suggestions.
    expect(await host.statusBarText(STATUS_ITEM)).not.toContain("%");
  });

  test("Ctrl+Right takes a word, which counts as a partial acceptance", async () => {
    await startOver();
    await host.typeText("  const dx = ", HUMAN);
    const offered = await settledGhostText(host);

    await host.press("Control+ArrowRight");

    await expect.poll(() => host.editorText()).not.toContain("  const dx = \n");
    const rest = await host.waitForGhostText(5000, (text) => text !== offered);
    expect(offered.slice(-rest.length)).toBe(rest);
    const look = async () =>
      (await host.statusBarTooltip(STATUS_ITEM)).includes("word by word once");
    const describe = () => host.statusBarTooltip(STATUS_ITEM);
    await poll("the partial acceptance in the tooltip", look, { timeoutMs: 15_000, describe });
  });

  test("completes inside of brackets that closed themselves", async () => {
    await startOver();
    await host.typeText("  return (", HUMAN);

    await expect.poll(() => host.editorText()).toContain("  return ()\n");
    await expectCommandLineText("point.ts");
    await host.screenshot("treeline-brackets.png");
  });

  test("offers what the command line completes in Python", async () => {
    await host.openFile(join(folder, "stack.py"));
    await host.moveCursor(STACK_LINE, 1);
    await host.typeText("        if ", HUMAN);

    await expectCommandLineText("stack.py");
  });

  test("the engine opens no socket to the network", async () => {
    const [pid = 0] = await enginePids();
    const links = await Promise.all(
      (await readdir(`/proc/${pid}/fd`)).map((fd) =>
        readlink(`/proc/${pid}/fd/${fd}`).catch(() => ""),
      ),
    );
    const inodes = links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]).filter(Boolean);
    const tables = await Promise.all(
      ["tcp", "tcp6", "udp", "udp6"].map((name) => readFile(`/proc/${pid}/net/${name}`, "utf8")),
    );
    const networkInodes = tables.flatMap((table) =>
      table
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[9]),
    );
    expect(inodes.filter((inode) => networkInodes.includes(inode))).toEqual([]);
    expect([...host.foreignHosts]).toEqual([]);
  });

  test("an engine that is killed comes back with the next suggestion", async () => {
    await host.openFile(join(folder, "point.ts"));
    await startOver();
    const [pid = 0] = await enginePids();
    process.kill(pid, "SIGKILL");
    await expect.poll(enginePids).toEqual([]);

    await host.typeText("  const b = ", HUMAN);

    expect(await host.waitForGhostText()).not.toBe("");
    expect(await enginePids()).not.toContain(pid);
  });

  test("explains why there is no suggestion, and shows the statistics", async () => {
    await host.runCommand("Treeline: Why No Suggestion?");
    await expect.poll(() => host.editorText()).toContain("# Why No Suggestion?");
    expect(await host.editorText()).toContain("| offered |");
    await host.runCommand("Treeline: Show Statistics");
    await expect.poll(() => host.editorText()).toContain("# Treeline Statistics");
    expect(await host.editorText()).toMatch(/\| typescript \| \d+ \|/);
    await host.screenshot("treeline-statistics.png");
  });

  test("switches off for a language and on again", async () => {
    await host.openFile(join(folder, "point.ts"));
    await startOver();
    await host.runCommand("Treeline: Toggle Suggestions for This Language");
    // Without figures.
    await expect.poll(() => host.statusBarText(STATUS_ITEM)).toBe("Treeline");
    await host.typeText("  const dx = ", HUMAN);
    await host.waitForNoGhostText();
    await host.runCommand("Treeline: Toggle Suggestions for This Language");
    await startOver();
    await host.typeText("  const point: Point = ", HUMAN);
    await host.press("Escape");
    await host.waitForNoGhostText();
    await host.runCommand("Treeline: Trigger Suggestion");
    expect(await host.waitForGhostText()).not.toBe("");
  });

  test("a corrupt model gives one clear message, and another choice mends it", async () => {
    await startOver();
    await chooseTarget(host, join(folder, "corrupt.gguf"));

    const message = await host.waitForNotification("corrupt.gguf");
    expect(message).toContain("Treeline:");
    await host.screenshot("treeline-corrupt-model.png");
    await host.typeText("  const still = 1;", HUMAN);
    await expect.poll(() => host.editorText()).toContain("  const still = 1;");
    const numMessages = async () =>
      (await host.notifications()).filter((text) => text.includes("corrupt.gguf")).length;
    expect(await numMessages()).toBe(1);

    await host.pressNotificationButton("corrupt.gguf", "Use Bundled Models");
    await startOver();
    await host.typeText("  const dy = ", HUMAN);
    expect(await host.waitForGhostText(30_000)).not.toBe("");
    expect(await numMessages()).toBe(1);
  });

  test("leaves no error in the logs", async () => {
    // The window prints its notifications, too.
    const isShown = (text: string) =>
      text.startsWith("Treeline: ") && text.includes("corrupt.gguf");
    const errors = await host.logs.errors();
    expect(errors.filter(({ text }) => !isShown(text))).toEqual([]);
  });

  test("a second window says that it loads the models once more; a killed window leaves no engine", async () => {
    // Asked for before the second extension host takes over the probe.
    const firstHostPid = await host.extensionHostPid();
    const enginesOfFirst = async () =>
      (await host.childProcesses("engine.mjs")).filter(
        ({ parentPid }) => parentPid === firstHostPid,
      );
    expect(await enginesOfFirst()).toHaveLength(1);
    const second = await host.page.context().newPage();
    await second.goto(host.page.url());
    const isTold = async () =>
      (await statusBarTooltip(second, STATUS_ITEM)).includes(
        "Also loaded in another window: 5.0 MB",
      );
    await poll("the second window to tell of the first", isTold, { timeoutMs: 40_000 });
    await (await statusBarItem(second, STATUS_ITEM)).hover();
    await second.locator(".workbench-hover").waitFor();
    await second.screenshot({ path: join(ARTIFACTS_DIR, "treeline-second-window.png") });

    process.kill(firstHostPid, "SIGKILL");
    const isGone = async () => (await enginesOfFirst()).length === 0;
    await poll("the engine to end", isGone, { timeoutMs: 2000, everyMs: 50 });
  });
});
