/** Proves the harness itself, with an extension whose answers are fixed. Nothing of Treeline is installed here. */
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { FIXTURE_EXTENSION_DIR } from "./hostLayout.ts";
import { packVsix } from "./packVsix.ts";
import { poll } from "./poll.ts";
import { processesOfSession } from "./processTable.ts";
import { startVscode, type VscodeHost } from "./vscodeHost.ts";

const EXTENSION = "treeline-test.fixture";
const STATUS_ITEM = `${EXTENSION}.fixture.status`;

describe("startVscode", () => {
  let folder: string;
  let file: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "treeline-harness-"));
    file = join(folder, "sample.js");
    const vsix = join(folder, "fixture.vsix");
    await writeFile(file, "// sample\n\nfunction tail() {}\n");
    await packVsix(FIXTURE_EXTENSION_DIR, vsix);
    const settings = { "fixture.greeting": "hello" };
    host = await startVscode({ vsix: [vsix], settings, workspaceFolder: folder });
    await host.waitForExtension(EXTENSION);
    await host.openFile(file);
    // VS Code's own part of ghost text is there some time after the first editor; keys before that are never asked about.
    await poll("ghost text to be shown at all", async () => {
      await resetFile();
      await host.typeText("one(");
      return host.waitForGhostText(2_000);
    });
    await resetFile();
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(async () => {
      await host?.screenshot(`failed-${task.name.replaceAll(/\W+/g, "-")}.png`);
    });
  });

  /** Leaves the file with an empty second line and the cursor in it. */
  async function resetFile(): Promise<void> {
    await host.press("Escape");
    await host.moveCursor(1, 1);
    await host.press("Control+A");
    await host.press("Delete");
    await host.typeText("// sample\n\nfunction tail() {}\n", { msPerKey: 0 });
    await host.moveCursor(2, 1);
  }

  test("shows a suggestion as ghost text, which Tab accepts", async () => {
    await host.moveCursor(2, 1);
    await host.typeText("one(");

    expect(await host.waitForGhostText()).toBe("alpha, beta)");
    expect(await host.editorOnScreen()).toEqual({
      lines: ["// sample", "one(", "function tail() {}", ""],
      ghostText: "alpha, beta)",
    });
    const picture = await host.screenshot("harness-ghost-text.png");
    expect((await stat(picture)).size).toBeGreaterThan(10_000);
    expect(await host.editorText()).toBe("// sample\none(\nfunction tail() {}\n");

    await host.press("Tab");
    await host.waitForNoGhostText();
    await expect
      .poll(() => host.editorText())
      .toBe("// sample\none(alpha, beta)\nfunction tail() {}\n");
  });

  test("accepts one word with Control+ArrowRight", async () => {
    await resetFile();
    await host.typeText("one(");
    await host.waitForGhostText();

    await host.press("Control+ArrowRight");

    expect(await host.waitForGhostText(5000, (text) => text === ", beta)")).toBe(", beta)");
    await expect.poll(() => host.editorText()).toContain("one(alpha\n");
  });

  test("cycles to the next suggestion", async () => {
    await resetFile();
    await host.typeText("one(");
    await host.waitForGhostText();

    await host.press("Alt+]");

    expect(await host.waitForGhostText(5000, (text) => text === "gamma)")).toBe("gamma)");
  });

  test("reads ghost text of several lines, an empty one included", async () => {
    await resetFile();
    await host.typeText("many(");

    expect(await host.waitForGhostText()).toBe("\n  alpha,\n\n  beta,\n)");
    await host.screenshot("harness-multi-line.png");
    await host.press("Escape");
    await host.waitForNoGhostText();
  });

  test("reads ghost text in the middle of a line", async () => {
    await resetFile();
    await host.typeText("mid last)", { msPerKey: 0 });
    await host.moveCursor(2, 4);
    await host.typeText("(");

    expect(await host.waitForGhostText()).toBe("first, ");
    expect((await host.editorOnScreen())?.lines[1]).toBe("mid( last)");
  });

  test("types line breaks and follows a long document", async () => {
    await resetFile();
    await host.typeText("\n".repeat(80), { msPerKey: 0 });
    await host.moveCursor(60, 1);
    await host.typeText("one(");

    expect(await host.waitForGhostText()).toBe("alpha, beta)");
    await host.press("Escape");
    await expect.poll(async () => (await host.editorText())?.split("\n").length).toBe(84);
    expect(await host.cursor()).toEqual({ line: 60, column: 5 });
  });

  test("reads status bar items and their tooltips", async () => {
    expect(await host.statusBarText(STATUS_ITEM)).toBe("Fixture: hello");
    expect(await host.statusBarText("Fixture:")).toBe("Fixture: hello");
    expect(await host.statusBarText("no such item")).toBeUndefined();
    expect(await host.statusBarTooltip(STATUS_ITEM)).toMatch(/Fixture tooltip\s+second line/);
  });

  test("runs a command, reads its notification and presses a button", async () => {
    await host.runCommand("Fixture: Show Notification");

    expect(await host.waitForNotification("hello")).toBe("Fixture says hello");
    await host.screenshot("harness-notification.png");
    await host.pressNotificationButton("hello", "No");
    await host.waitForStatusBarText(STATUS_ITEM, "Fixture: No");
    expect(await host.notifications()).toEqual(["Fixture says hello"]);
  });

  test("answers a quick pick and an input box", async () => {
    await host.runCommand("Fixture: Pick One");
    await expect.poll(() => host.quickPick.items()).toEqual(["apple", "banana", "cherry"]);
    expect(await host.quickPick.title()).toBe("Fruit");
    await host.quickPick.choose("banana");
    await expect.poll(() => host.quickPick.message()).toContain("How many?");
    await host.quickPick.fill("12");
    await host.quickPick.accept();

    await host.waitForStatusBarText(STATUS_ITEM, "12 banana");
    await host.quickPick.waitUntilClosed();
  });

  test("reaches into a webview whose script ran", async () => {
    await host.runCommand("Fixture: Show Chart");

    await expect.poll(() => host.webview().locator("#title").textContent()).toBe("3 bars");
    await host.screenshot("harness-webview.png");
    await host.press("Control+W");
  });

  test("finds the engine below the extension host", async () => {
    expect(await host.childProcesses()).toEqual([]);
    await host.runCommand("Fixture: Start Engine");

    await expect.poll(async () => (await host.childProcesses()).length).toBe(1);
    const [engine] = await host.childProcesses();
    expect(engine?.parentPid).toBe(await host.extensionHostPid());
  });

  test("runs functions inside the extension host and reports what they throw", async () => {
    const greet = (api: typeof import("vscode"), name: string) =>
      `${name} ${api.workspace.getConfiguration("fixture").get("greeting")}`;
    expect(await host.evaluate(greet, "well")).toBe("well hello");
    await expect(
      host.evaluate(() => {
        throw new RangeError("thrown there");
      }),
    ).rejects.toThrow(/extension host: RangeError: thrown there/);
  });

  test("keeps logs, and collects unhandled rejections as errors", async () => {
    expect(await host.logs.read("Fixture")).toContain("[info] activated");
    expect(await host.logs.errors()).toEqual([]);

    await host.runCommand("Fixture: Reject Unhandled");

    // VS Code gives a rejection one second to be handled after all.
    const messages = async () => (await host.logs.errors()).map(({ text }) => text).join("\n");
    await expect.poll(messages, { timeout: 10_000 }).toContain("fixture rejection");
    expect([...host.foreignHosts]).toEqual([]);
  });

  test("starts a new extension host on reload, and the old one's engine is gone", async () => {
    const [oldEngine] = await host.childProcesses();
    await host.reload();

    await host.waitForExtension(EXTENSION);
    await host.waitForStatusBarText(STATUS_ITEM, "Fixture: hello");
    await expect
      .poll(async () => (await host.childProcesses()).length, { timeout: 10_000 })
      .toBe(0);
    expect(oldEngine).toBeDefined();
  });

  test("leaves no process and no folder behind", async () => {
    await host.runCommand("Fixture: Start Engine");
    await expect.poll(async () => (await host.childProcesses()).length).toBe(1);
    const all = await host.childProcesses("");
    expect(all.length).toBeGreaterThan(2);

    await host[Symbol.asyncDispose]();

    expect(await processesOfSession(all[0]!.sessionId)).toEqual([]);
    expect(await readdir(tmpdir())).not.toContain(basename(host.dataDir));
    await host[Symbol.asyncDispose]();
  });
});
