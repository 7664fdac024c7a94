/** From a fresh profile to a suggestion of a model that was fetched on the way, from a hub on this machine. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { ModelHub, PROXIED_HUB } from "../support/modelHub.ts";
import { TARGET_PATH } from "../support/modelPaths.ts";
import { ARTIFACTS_DIR } from "./hostLayout.ts";
import {
  createWorkspace,
  executeCommand,
  HUMAN,
  SCHEMA_LINE,
  STATUS_ITEM,
  settledGhostText,
  showFailure,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

/** The real model where it is there, as `npm run test:real` puts it; else the bundled one under another name. */
const REAL = {
  name: "qwen2.5-coder-0.5b-instruct-q4_k_m",
  label: "Qwen2.5-Coder 0.5B Instruct, Q4_K_M",
  repository: "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
  file: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
};
const realFolder =
  process.env["TREELINE_REAL_MODELS"] ?? join(homedir(), ".cache/treeline-test-models");
const isReal = existsSync(join(realFolder, REAL.file));
const TINY = { name: "tiny", label: "Tiny", repository: "me/tiny", file: "tiny.gguf" };
const MODEL = isReal ? REAL : TINY;
const MODEL_PATH = isReal ? join(realFolder, REAL.file) : TARGET_PATH;

describe("a model set up in a fresh profile", () => {
  let hub: ModelHub;
  let workspace: string;
  let models: string;
  let home: string;
  let host: VscodeHost;
  let startMs: number;

  beforeAll(async () => {
    hub = await ModelHub.start();
    await hub.serveFile(MODEL.repository, MODEL.file, MODEL_PATH);
    workspace = await createWorkspace();
    models = await mkdtemp(join(tmpdir(), "treeline-models-"));
    // No cache of another program on this machine is part of the test.
    home = await mkdtemp(join(tmpdir(), "treeline-home-"));
    startMs = performance.now();
    host = await startTreeline({
      workspaceFolder: workspace,
      env: { HF_HOME: home, XDG_CACHE_HOME: home, XDG_DATA_HOME: home, TREELINE_MODELS: models },
    });
    await host.evaluate(
      async (vscode, { address, own }) => {
        const settings = vscode.workspace.getConfiguration("treeline");
        await settings.update("model.hub", address, vscode.ConfigurationTarget.Global);
        await settings.update("model.own", own, vscode.ConfigurationTarget.Global);
      },
      {
        address: hub.address,
        own: isReal
          ? []
          : [{ ...TINY, title: "Tiny", licence: { name: "MIT", commercialUse: "yes" } }],
      },
    );
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await hub?.[Symbol.asyncDispose]();
    for (const folder of [workspace, models, home]) {
      await rm(folder, { recursive: true, force: true });
    }
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  const setting = (name: string) =>
    host.evaluate(
      (vscode, key) => vscode.workspace.getConfiguration("treeline").get<unknown>(key) ?? null,
      name,
    );
  /** Of a part of the window, as media/walkthrough has them. */
  async function picture(name: string, selector: string): Promise<void> {
    const path = join(ARTIFACTS_DIR, `walkthrough-${name}.png`);
    await host.page.locator(selector).first().screenshot({ path, animations: "disabled" });
  }
  const openWalkthrough = () =>
    host.evaluate(async (vscode) => {
      const id = "treeline.treeline#start";
      await vscode.commands.executeCommand("workbench.action.openWalkthrough", id);
    });
  async function openList(): Promise<void> {
    await host.runCommand("Treeline: Set Up Models");
    await expect.poll(() => host.quickPick.title()).toBe("Treeline: Set Up Models");
  }
  async function choose(label: string): Promise<void> {
    await host.quickPick.fill(label);
    await expect.poll(async () => (await host.quickPick.items())[0]).toContain(label);
    await host.quickPick.accept();
  }

  test("the first start offers the way, and nothing was asked of a hub", async () => {
    // As the Welcome page does, which these tests switch off: VS Code checks off what is done from then on.
    await openWalkthrough();
    await host.screenshot("walkthrough-start.png");
    await executeCommand(host, "workbench.action.closeActiveEditor");
    await host.pressNotificationButton("demonstration model", "Choose a Model");
    await expect.poll(() => host.quickPick.title()).toBe("Treeline: Set Up Models");
    await expect.poll(async () => (await host.quickPick.items()).length).toBeGreaterThan(4);
    const details = host.page.locator(".quick-input-list-entry", { hasText: "estimated" });
    await details.first().waitFor({ timeout: 60_000 });
    await host.screenshot("models-list.png");
    await picture("models", ".quick-input-widget");
    expect(hub.seen).toEqual([]);
  });

  test("the question has size, licence and address; cancelled, nothing is asked of the hub", async () => {
    await choose(MODEL.label);
    await host.dialogButton("Download").waitFor();
    const text = await host.page.locator(".monaco-dialog-box").innerText();
    expect(text).toContain("commercial use allowed");
    expect(text).toContain(`${hub.address}/${MODEL.repository}`);
    await host.screenshot("models-question.png");
    await host.dialogButton("Cancel").click();
    expect(hub.seen).toEqual([]);
    expect(await readdir(models)).toEqual([]);
  });

  test("a download is cancelled, and goes on where it was", async () => {
    hub.setFault({ chunkBytes: 1 << 18, pauseMs: 10 });
    await openList();
    await choose(MODEL.label);
    await host.dialogButton("Download").click();
    await host.waitForNotification("downloading");
    const part = async () => (await readdir(models)).find((name) => name.endsWith(".part"));
    await expect.poll(part).toBeDefined();
    await expect.poll(() => hub.requests("bytes").length).toBe(1);
    await host.screenshot("models-progress.png");
    if (!isReal) return;
    await host.page
      .locator(".notification-toast", { hasText: "downloading" })
      .locator(".monaco-button", { hasText: "Cancel" })
      .click();
    await expect.poll(async () => (await host.notifications()).length).toBeGreaterThan(0);
    expect(await part()).toBeDefined();
    expect(await setting("model.target")).toBe("");
  });

  test("installed, and the next keystroke gets its suggestion, without a reload", async () => {
    hub.setFault({});
    const pid = await host.extensionHostPid();
    if (isReal) {
      await openList();
      await choose(MODEL.label);
      await host.dialogButton("Download").click();
    }
    await host.waitForNotification("is ready", 90_000);
    await host.screenshot("models-ready.png");
    expect(await setting("model.target")).toBe(MODEL.name);
    if (isReal) expect(hub.requests("bytes").at(-1)?.headers.range).toMatch(/^bytes=\d+-$/);
    await host.openFile(join(workspace, "schemas.ts"));
    await host.moveCursor(SCHEMA_LINE, 1);
    await host.typeText("  url", HUMAN);
    expect((await settledGhostText(host)).length).toBeGreaterThan(0);
    console.log(
      `from the start of VS Code to a suggestion of ${MODEL.name}: ${((performance.now() - startMs) / 1000).toFixed(1)} s`,
    );
    await host.screenshot("models-suggestion.png");
    await picture("accept", ".part.editor");
    expect(await host.extensionHostPid()).toBe(pid);
    expect(await host.statusBarTooltip(STATUS_ITEM)).toContain(isReal ? "Coder" : "tiny");
  }, 240_000);

  test("the walkthrough checks each step off as it is done", async () => {
    const checked = host.page.locator(
      ".getting-started-step .codicon-getting-started-step-checked",
    );
    await openWalkthrough();
    await expect.poll(() => checked.count()).toBe(1);
    await executeCommand(host, "workbench.action.closeActiveEditor");
    await host.runCommand("Treeline: Trigger Suggestion");
    await settledGhostText(host);
    await host.press("Tab");
    await expect.poll(() => host.editorText()).toMatch(/ {2}url.*\(/);
    await host.runCommand("Treeline: Show Statistics");
    await expect.poll(() => host.editorText()).toContain("Statistics");
    await picture("figures", ".part.editor");
    await openWalkthrough();
    await expect.poll(() => checked.count()).toBe(3);
    await host.screenshot("walkthrough.png");
    // The page takes the focus whenever it fills itself, from Quick Open too.
    await executeCommand(host, "workbench.action.closeActiveEditor");
    await host.openFile(join(workspace, "schemas.ts"));
    await executeCommand(host, "workbench.action.files.revert");
    await executeCommand(host, "workbench.action.closeAllEditors");
  });

  test("the list has it as installed; Delete Models deletes it, and the bundled pair serves", async () => {
    await openList();
    await expect.poll(async () => (await host.quickPick.items()).join()).toContain(MODEL.label);
    await host.screenshot("models-installed.png");
    await host.quickPick.cancel();
    await host.runCommand("Treeline: Delete Models");
    await expect.poll(() => host.quickPick.title()).toBe("Treeline: Delete Models");
    await host.quickPick.choose(MODEL.name);
    await host.dialogButton("Delete").click();
    await host.waitForNotification("is deleted");
    expect(await host.logs.errors()).toEqual([]);
    expect(await readdir(models)).toEqual(["chosen.json"]);
    expect(await setting("model.target")).toBe("");
  });

  test("offline there is no request, and a message says why", async () => {
    hub.seen.length = 0;
    await host.evaluate(async (vscode) => {
      const settings = vscode.workspace.getConfiguration("treeline");
      await settings.update("model.offline", true, vscode.ConfigurationTarget.Global);
    });
    await openList();
    await choose(MODEL.label);
    await host.waitForNotification("offline by your setting");
    expect(hub.seen).toEqual([]);
  });

  test("the hub is asked through the proxy that VS Code has", async () => {
    const other = { ...TINY, title: "Proxied", name: "proxied", repository: "me/proxied" };
    await hub.serveFile(other.repository, other.file, TARGET_PATH);
    hub.seen.length = 0;
    await host.evaluate(
      async (vscode, { proxy, address, own }) => {
        const { Global } = vscode.ConfigurationTarget;
        await vscode.workspace.getConfiguration("http").update("proxy", proxy, Global);
        const settings = vscode.workspace.getConfiguration("treeline");
        await settings.update("model.offline", false, Global);
        await settings.update("model.hub", address, Global);
        await settings.update("model.own", [own], Global);
      },
      {
        proxy: hub.proxyAddress,
        address: PROXIED_HUB,
        own: { ...other, licence: { name: "MIT", commercialUse: "yes" } },
      },
    );
    await openList();
    await choose("Proxied");
    await host.screenshot("models-proxied.png");
    await host.dialogButton("Download").click();
    await host.waitForNotification("Proxied is ready", 60_000);
    expect(hub.requests("proxy").length).toBeGreaterThan(0);
  });
});
