import { copyFile, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { InlineCompletionItemProvider } from "vscode";
import { activate, deactivate } from "../../src/ui/extension.ts";
import { FakeDocument } from "../fakes/fakeDocument.ts";
import {
  CancellationTokenSource,
  type FakeDisposable,
  fake,
  InlineCompletionTriggerKind,
  liveDisposables,
  Position,
  resetVscode,
  setSetting,
  Uri,
  window,
  workspace,
} from "../fakes/fakeVscode.ts";
import { readManifest } from "../support/manifest.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const manifest = readManifest();

describe("activate and deactivate", () => {
  let folder: string;
  let subscriptions: FakeDisposable[];
  let journal: string;

  beforeEach(async () => {
    resetVscode();
    folder = await mkdtemp(join(tmpdir(), "treeline-extension-"));
    journal = join(folder, "journal");
    process.env["FAKE_ENGINE_JOURNAL"] = journal;
    await mkdir(join(folder, "dist"));
    await copyFile(join(REPOSITORY, "test/fakes/fakeEngine.mjs"), join(folder, "dist/engine.mjs"));
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"), "junction");
    subscriptions = [];
    setSetting("treeline.model.gpu", "off");
  });

  afterEach(async () => {
    await deactivate();
    delete process.env["FAKE_ENGINE_JOURNAL"];
    await rm(folder, { recursive: true });
  });

  function start(): void {
    activate({
      extensionPath: folder,
      globalStorageUri: Uri.from({ scheme: "file", path: join(folder, "storage") }),
      extension: { packageJSON: manifest },
      storageUri: Uri.from({ scheme: "file", path: join(folder, "workspaceStorage") }),
      globalState: { get: () => undefined, update: async () => {} },
      subscriptions,
    } as never);
  }

  async function end(): Promise<void> {
    await deactivate();
    for (const subscription of subscriptions.toReversed()) subscription.dispose();
  }

  const statusText = () => fake.statusItems[0]?.text;
  /** With the bundled pair, or with a model of one's own. */
  const isReady = () =>
    expect(statusText()).toMatch(/^\$\(list-tree\) Treeline(: demonstration)?$/);

  /** What engines did, in order. */
  async function events(): Promise<
    { pid: number; event: string; params?: unknown; prefixText?: string }[]
  > {
    const text = await readFile(journal, "utf8");
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  const enginePids = async () => (await events()).map(({ pid }) => pid);

  test("registers everything that the manifest contributes, and nothing else to be seen", async () => {
    start();
    const contributed = manifest.contributes.commands.map(
      ({ command }: { command: string }) => command,
    );
    const hidden = ["treeline.suggestionAccepted"];
    expect([...fake.commands.keys()].sort()).toEqual([...contributed, ...hidden].sort());
    expect(fake.providers).toHaveLength(1);
    await end();
  });

  test("loads the bundled models, shows that it is ready, and leaves nothing behind", async () => {
    start();
    expect(statusText()).toBe("$(loading~spin) Treeline: starting");
    await vi.waitFor(isReady);
    const [pid = 0] = await enginePids();
    await end();
    expect(liveDisposables()).toEqual([]);
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  test("leaves nothing behind when it ends while it starts", async () => {
    start();
    await end();
    expect(liveDisposables()).toEqual([]);
  });

  test("opens the workspace, forgets it when asked, and opens it again when asked", async () => {
    const learned = join(folder, "workspaceStorage", "learned");
    const path = join(folder, "sources");
    const uri = Uri.from({ scheme: "file", path });
    (workspace as { workspaceFolders: unknown }).workspaceFolders = [{ name: "sources", uri }];
    const roots = [{ path, name: "sources", isOnDisk: true, excludes: [] }];
    const numOpened = async () =>
      (await events()).filter(({ event }) => event === "openWorkspace").length;
    start();
    await vi.waitFor(isReady);
    const opened = (await events()).find(({ event }) => event === "openWorkspace");
    expect(opened?.params).toEqual({ roots, storagePath: learned });
    const value = expect.stringContaining("Workspace index: 1 file, 7 tokens");
    await vi.waitFor(() => expect(fake.statusItems[0]?.tooltip).toMatchObject({ value }));

    await mkdir(learned, { recursive: true });
    await writeFile(join(learned, "workspace-index.bin"), "tokens");
    await fake.commands.get("treeline.forgetWorkspace")?.();
    expect(fake.warningMessages.at(-1)).toMatch(/^Delete what was learned/);
    expect((await stat(learned)).isDirectory()).toBe(true);
    fake.pressedButtons = ["Delete"];
    await fake.commands.get("treeline.forgetWorkspace")?.();
    await expect(stat(learned)).rejects.toThrow(/ENOENT/);
    expect(fake.infoMessages.at(-1)).toMatch(/is deleted.*indexed again when its window/);
    expect(await numOpened()).toBe(1);
    fake.pressedButtons = ["Delete", "Index Now"];
    await fake.commands.get("treeline.forgetWorkspace")?.();
    await vi.waitFor(async () => expect(await numOpened()).toBe(2));
    setSetting("treeline.index.enabled", false);
    await fake.commands.get("treeline.forgetWorkspace")?.();
    expect(fake.infoMessages.at(-1)).toMatch(/Indexing is off/);
    await end();
    expect(liveDisposables()).toEqual([]);
  });

  test("tells of a bad model once, with buttons that help", async () => {
    setSetting("treeline.model.target", "missing.gguf");
    fake.pressedButtons = ["Use Bundled Models"];
    start();
    await vi.waitFor(isReady);
    expect(fake.errorMessages).toEqual(["Treeline: No such file: missing.gguf"]);
    expect(fake.executed).toEqual(["treeline.useBundledModels"]);
    await end();
  });

  test("tells of the same bad model again after a good one", async () => {
    start();
    await vi.waitFor(isReady);
    for (let round = 1; round <= 2; round++) {
      setSetting("treeline.model.target", "missing.gguf");
      await vi.waitFor(() => expect(fake.errorMessages).toHaveLength(round));
      setSetting("treeline.model.target", "");
      await vi.waitFor(isReady);
    }
    await end();
  });

  test("the demonstration model completes for who asks, and for who types once it is kept", async () => {
    const ask = async (text: string, triggerKind: number) => {
      const [provider] = fake.providers as InlineCompletionItemProvider[];
      const document = new FakeDocument(text) as never;
      const { token } = new CancellationTokenSource();
      const position = new Position(0, text.length) as never;
      await provider?.provideInlineCompletionItems(
        document,
        position,
        { triggerKind } as never,
        token as never,
      );
    };
    const completed = async () =>
      (await events())
        .filter(({ event }) => event === "complete")
        .map(({ prefixText }) => prefixText);
    const { Automatic, Invoke } = InlineCompletionTriggerKind;
    start();
    await vi.waitFor(isReady);
    expect(fake.infoMessages).toEqual([expect.stringContaining("demonstration model")]);
    const asked = expect.stringContaining("suggests only when asked");
    expect(fake.statusItems[0]?.tooltip).toMatchObject({ value: asked });
    await ask("unasked", Automatic);
    await ask("asked", Invoke);
    expect(new Set(await completed())).toEqual(new Set(["asked"]));
    setSetting("treeline.suggestion.demonstration", true);
    await ask("kept", Automatic);
    expect(await completed()).toContain("kept");
    expect(fake.statusItems[0]?.tooltip).not.toMatchObject({ value: asked });
    await end();
    expect(liveDisposables()).toEqual([]);
  });

  test("the menu begins with the models, and turns nothing off unasked", async () => {
    start();
    await vi.waitFor(isReady);
    const labels = async () => {
      await fake.commands.get("treeline.showMenu")?.();
      return fake.quickPicks.at(-1);
    };
    expect(await labels()).toEqual([
      "Set Up Models",
      "Select Model Files",
      "Keep",
      "Turn Off",
      "Why No Suggestion?",
      "Show Statistics",
      "Run Benchmark",
      "Show Last Prompt",
      "Restart Engine",
      "Show Log",
      "Settings",
    ]);
    expect(fake.quickPickDescriptions[0]).toMatch(/^now the demonstration model, .* on cpu$/);
    fake.pickedLabel = "Keep";
    await labels();
    expect(fake.settings.get("treeline.suggestion.demonstration")).toBe(true);
    fake.pickedLabel = undefined;
    const kept = await labels();
    expect(kept).not.toContain("Keep");
    expect(kept?.slice(0, 5)).toEqual([
      "Set Up Models",
      "Select Model Files",
      "Pause",
      "Suggest Only When Asked",
      "Turn Off",
    ]);
    await end();
  });

  test("the menu has VS Code's snooze where there is one, and the language of the editor", async () => {
    fake.commands.set("editor.action.inlineSuggest.snooze", () => {});
    window.activeTextEditor = { document: new FakeDocument("") };
    start();
    await vi.waitFor(isReady);
    fake.pickedLabel = "Snooze";
    await fake.commands.get("treeline.showMenu")?.();
    expect(fake.quickPicks.at(-1)).toContain("Turn Off for typescript");
    expect(fake.executed.at(-1)).toBe("editor.action.inlineSuggest.snooze");
    await end();
  });

  test("a pause holds for the window until it is resumed, whatever the settings do", async () => {
    setSetting("treeline.model.target", "tiny.gguf");
    start();
    await vi.waitFor(isReady);
    await fake.commands.get("treeline.togglePause")?.();
    expect(statusText()).toBe("$(debug-pause) Treeline: paused");
    setSetting("treeline.suggestion.maxTokens", 8);
    expect(statusText()).toBe("$(debug-pause) Treeline: paused");
    expect(fake.settings.has("treeline.suggestion.trigger")).toBe(false);
    // The setting is turned, whatever the window does.
    for (const trigger of ["manual", "automatic"]) {
      await fake.commands.get("treeline.toggleManual")?.();
      expect(fake.settings.get("treeline.suggestion.trigger")).toBe(trigger);
    }
    await fake.commands.get("treeline.togglePause")?.();
    expect(statusText()).toBe("$(list-tree) Treeline");
    await fake.commands.get("treeline.toggleManual")?.();
    expect(fake.settings.get("treeline.suggestion.trigger")).toBe("manual");
    expect(statusText()).toBe("$(list-tree) Treeline: when asked");
    await end();
  });

  test("a setting that cannot be written is told with a way to the settings", async () => {
    start();
    await vi.waitFor(isReady);
    fake.unwritable = true;
    fake.pressedButtons = ["Open Settings"];
    await fake.commands.get("treeline.toggle")?.();
    expect(fake.errorMessages).toEqual(["Treeline: Unable to write into user settings."]);
    await vi.waitFor(() => expect(fake.executed).toContain("workbench.action.openSettingsJson"));
    await end();
  });

  test("a setting under its earlier name is moved to the new one", async () => {
    setSetting("treeline.enable", { "*": false });
    start();
    await vi.waitFor(() =>
      expect(fake.settings.get("treeline.suggestion.languages")).toEqual({ "*": false }),
    );
    await vi.waitFor(() => expect(fake.settings.has("treeline.enable")).toBe(false));
    await end();
  });

  test("a toggle switches off and on", async () => {
    start();
    await vi.waitFor(isReady);
    await fake.commands.get("treeline.toggle")?.();
    await vi.waitFor(() => expect(statusText()).toBe("$(circle-slash) Treeline: off"));
    await fake.commands.get("treeline.toggle")?.();
    await vi.waitFor(isReady);
    await end();
  });
});
