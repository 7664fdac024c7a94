/**
 * A real VS Code for tests: packed extensions are installed into fresh folders, the server runs on a loopback port and
 * a headless Chromium shows its window. Tests act through the window as a user does, and look behind it with `evaluate`.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { FrameLocator, Locator, Page } from "playwright-core";
import { type ChromiumWindow, openChromiumWindow } from "./chromiumWindow.ts";
import { type EditorSnapshot, readEditor } from "./editorView.ts";
import { ARTIFACTS_DIR } from "./hostLayout.ts";
import { HostLogs } from "./hostLogs.ts";
import {
  pressNotificationButton,
  shownNotifications,
  waitForNotification,
} from "./notifications.ts";
import { poll } from "./poll.ts";
import { callProbe, type HostFunction } from "./probeClient.ts";
import type { HostProcess } from "./processTable.ts";
import { QuickPick } from "./quickPick.ts";
import { statusBarItem, statusBarText, statusBarTooltip } from "./statusBar.ts";
import { dataLayout, VscodeServer } from "./vscodeServer.ts";

export interface VscodeOptions {
  /** Paths of packed extensions. */
  readonly vsix: readonly string[];
  /** Built-in extensions besides the harness's own (vscodeServer.ts), by the names of their folders. */
  readonly builtin?: readonly string[];
  /** User settings, added to the harness's own (vscodeServer.ts). */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly workspaceFolder: string;
  /** The workspace is not trusted; it is if absent. */
  readonly isRestricted?: boolean;
  /**
   * Kept after the run, so that a second start finds the first one's state; fresh and deleted if absent.
   * At most 48 characters long, because sockets lie in it.
   */
  readonly userDataDir?: string;
  /** Added to the environment of the server, the extension host and what they start. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Milliseconds for VS Code to become usable; 8 s is usual on two cores. */
const START_TIMEOUT_MS = 90_000;
/** VS Code adds `/tmp/vscode-ipc-<uuid>.sock`, and Linux ends a socket's path at 107. */
const MAX_DATA_DIR_LENGTH = 48;

/** Installs and starts VS Code, and waits until window and extension host are both up. */
export async function startVscode(options: VscodeOptions): Promise<VscodeHost> {
  const dataDir = options.userDataDir ?? (await mkdtemp(join(tmpdir(), "treeline-host-")));
  if (dataDir.length > MAX_DATA_DIR_LENGTH) {
    throw new RangeError(`${dataDir} is longer than ${MAX_DATA_DIR_LENGTH}; sockets lie in it.`);
  }
  const stack = new AsyncDisposableStack();
  try {
    if (options.userDataDir === undefined) {
      // Chromium may still be writing its profile when it is told to end.
      stack.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
    }
    await mkdir(dataDir, { recursive: true });
    const layout = dataLayout(dataDir);
    const { vsix, builtin = [], settings = {}, isRestricted = false, env = {} } = options;
    const server = stack.use(
      await VscodeServer.start({ dataDir, vsix, builtin, settings, isRestricted, env }),
    );
    const logs = new HostLogs(layout.serverLog, layout.logs);
    const address = new URL(`http://127.0.0.1:${server.port}/`);
    address.searchParams.set("folder", resolve(options.workspaceFolder));
    const window = stack.use(await openChromiumWindow(address.href, layout.profile, logs));
    const host = new VscodeHost(stack.move(), server, window, logs, dataDir);
    try {
      await host.waitUntilReady();
      return host;
    } catch (error) {
      await host.screenshot(join(ARTIFACTS_DIR, "start-failed.png")).catch(() => {});
      await host[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** A running VS Code. Whoever started it disposes it; that ends every process and deletes what was not asked for. */
export class VscodeHost {
  readonly page: Page;
  readonly quickPick: QuickPick;
  readonly logs: HostLogs;
  /** Holds everything this VS Code writes. */
  readonly dataDir: string;
  /** Hosts other than loopback that the page asked for; empty unless something leaks. */
  readonly foreignHosts: ReadonlySet<string>;
  readonly #stack: AsyncDisposableStack;
  readonly #server: VscodeServer;
  readonly #probeSocket: string;

  constructor(
    stack: AsyncDisposableStack,
    server: VscodeServer,
    window: ChromiumWindow,
    logs: HostLogs,
    dataDir: string,
  ) {
    this.#stack = stack;
    this.#server = server;
    this.#probeSocket = dataLayout(dataDir).probeSocket;
    this.dataDir = dataDir;
    this.page = window.page;
    this.foreignHosts = window.foreignHosts;
    this.quickPick = new QuickPick(window.page);
    this.logs = logs;
  }

  /** Resolves when the window is painted and the extension host answers. */
  async waitUntilReady(): Promise<void> {
    const timeout = START_TIMEOUT_MS;
    await this.page.waitForSelector(".monaco-workbench .part.editor", { timeout });
    await poll("the extension host", () => this.extensionHostPid(), { timeoutMs: timeout });
    await this.page.locator(".statusbar-item").first().waitFor({ timeout });
  }

  /** Resolves when an installed extension is active; what is typed before that is never offered to it. */
  async waitForExtension(id: string, timeoutMs = 60_000): Promise<void> {
    const isActive = () =>
      this.evaluate((api, name) => api.extensions.getExtension(name)?.isActive ?? false, id);
    await poll(`the extension ${id} to be active`, isActive, { timeoutMs });
  }

  /** Loads the window anew, as "Developer: Reload Window" does; resolves when the new extension host answers. */
  async reload(): Promise<void> {
    const oldPid = await this.extensionHostPid();
    await this.page.reload();
    const isNew = async () => (await this.extensionHostPid()) !== oldPid;
    await poll("a new extension host", isNew, { timeoutMs: START_TIMEOUT_MS });
    await this.waitUntilReady();
  }

  /** Opens a file by its absolute path, by way of Quick Open, and puts the cursor into it. */
  async openFile(path: string): Promise<void> {
    // Quick Open goes away again where an editor that is just being shown takes the focus from it.
    await poll(`Quick Open to take ${path}`, async () => {
      if (!(await this.quickPick.isOpen())) await this.press("Control+P");
      await this.quickPick.fill(path, { timeoutMs: 1_000 });
      return true;
    });
    await this.quickPick.choose(basename(path));
    await this.quickPick.waitUntilClosed();
    await this.page.locator(`.tab.active[data-resource-name="${basename(path)}"]`).waitFor();
    const editors = ".editor-group-container.active .view-lines, .notebookOverlay .view-lines";
    await this.page.locator(editors).filter({ visible: true }).first().waitFor();
  }

  /** Types as a user does; `msPerKey` is the pause after each key, 30 by default. */
  async typeText(text: string, options: { readonly msPerKey?: number } = {}): Promise<void> {
    await this.page.keyboard.type(text, { delay: options.msPerKey ?? 30 });
  }

  /** Presses key combinations in Playwright's words, e.g. `Tab`, `Control+ArrowRight`, `Control+K Control+S`. */
  async press(keys: string): Promise<void> {
    for (const key of keys.split(" ")) await this.page.keyboard.press(key);
  }

  /** Puts the cursor at a 1-based line and column, by way of "Go to Line". */
  async moveCursor(line: number, column: number): Promise<void> {
    await this.press("Control+G");
    await this.quickPick.fill(`:${line}:${column}`);
    await this.quickPick.accept();
    await this.quickPick.waitUntilClosed();
    await poll(`the cursor at ${line}:${column}`, async () => {
      const cursor = await this.cursor();
      return cursor?.line === line && cursor.column === column;
    });
  }

  /** The cursor as the extension host sees it, 1-based; `undefined` without an active editor. */
  cursor(): Promise<{ line: number; column: number } | null> {
    return this.evaluate((api) => {
      const active = api.window.activeTextEditor?.selection.active;
      return active ? { line: active.line + 1, column: active.character + 1 } : null;
    });
  }

  /** What is shown as ghost text right now, all its lines; `undefined` if nothing is. */
  async ghostText(): Promise<string | undefined> {
    return (await readEditor(this.page))?.ghostText;
  }

  /** Waits for ghost text, one that `accepts` agrees with if given, and returns it. */
  waitForGhostText(timeoutMs = 20_000, accepts = (_text: string) => true): Promise<string> {
    const look = async () => {
      const text = await this.ghostText();
      return text !== undefined && accepts(text) ? text : undefined;
    };
    const describe = async () => JSON.stringify(await readEditor(this.page));
    return poll("ghost text", look, { timeoutMs, everyMs: 20, describe });
  }

  /** Waits until no ghost text is shown. */
  async waitForNoGhostText(timeoutMs = 10_000): Promise<void> {
    const isGone = async () => (await this.ghostText()) === undefined;
    await poll("ghost text to go away", isGone, { timeoutMs, everyMs: 20 });
  }

  /** @throws Error if ghost text is shown at any time from now on for so long. */
  async expectNoGhostTextFor(durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) {
      const text = await this.ghostText();
      if (text !== undefined) throw new Error(`There is ghost text: ${JSON.stringify(text)}`);
      await sleep(20);
    }
  }

  /** Lines and ghost text on screen at one instant. */
  editorOnScreen(): Promise<EditorSnapshot | undefined> {
    return readEditor(this.page);
  }

  /** The active document's whole text, without ghost text. It trails the last key by some milliseconds: poll for it. */
  editorText(): Promise<string | null> {
    return this.evaluate((api) => api.window.activeTextEditor?.document.getText() ?? null);
  }

  /** @see statusBarText in statusBar.ts */
  statusBarText(part: string): Promise<string | undefined> {
    return statusBarText(this.page, part);
  }

  /** Waits until the item's text contains `expected` and returns the whole text. */
  waitForStatusBarText(part: string, expected: string, timeoutMs = 20_000): Promise<string> {
    const look = async () => {
      const text = await this.statusBarText(part);
      return text?.includes(expected) ? text : undefined;
    };
    const describe = async () => JSON.stringify(await this.statusBarText(part));
    return poll(`"${expected}" in status bar item "${part}"`, look, { timeoutMs, describe });
  }

  statusBarTooltip(part: string): Promise<string> {
    return statusBarTooltip(this.page, part);
  }

  async clickStatusBar(part: string): Promise<void> {
    await (await statusBarItem(this.page, part)).click();
  }

  /** Runs a command by its whole title ("Category: Title"), by way of the command palette. */
  async runCommand(title: string): Promise<void> {
    await this.press("F1");
    await this.quickPick.fill(`>${title}`);
    await this.quickPick.choose(title);
  }

  /** Texts of all notifications since the window was loaded, also those that went away. */
  notifications(): Promise<string[]> {
    return shownNotifications(this.page);
  }

  waitForNotification(part: string, timeoutMs = 20_000): Promise<string> {
    return waitForNotification(this.page, part, { timeoutMs });
  }

  pressNotificationButton(part: string, label: string): Promise<void> {
    return pressNotificationButton(this.page, part, label);
  }

  /** A button of the modal dialog. */
  dialogButton(label: string): Locator {
    return this.page.locator(".monaco-dialog-box .monaco-button", { hasText: label });
  }

  /** The document inside the newest webview, two frames deep. */
  webview(): FrameLocator {
    return this.page.frameLocator("iframe.webview.ready >> nth=-1").frameLocator("#active-frame");
  }

  /** Writes a picture of the window; a bare name goes to artifacts/. Returns the path. */
  async screenshot(file: string): Promise<string> {
    const path = resolve(ARTIFACTS_DIR, file);
    await mkdir(dirname(path), { recursive: true });
    // Animations are brought to their end first: a toast that is still fading in would hardly be seen.
    await this.page.screenshot({ path, animations: "disabled" });
    return path;
  }

  /** Runs a function inside the extension host; it travels as source text, its argument and result as JSON. */
  async evaluate<R, A = undefined>(run: HostFunction<A, R>, argument?: A): Promise<R> {
    return (await callProbe(this.#probeSocket, run, argument as A)).value;
  }

  async extensionHostPid(): Promise<number> {
    return (await callProbe(this.#probeSocket, () => 0, undefined)).pid;
  }

  /** Living processes of VS Code whose command line contains `part`, orphans included; our engine's by default. */
  async childProcesses(part = "engine.mjs"): Promise<HostProcess[]> {
    const processes = await this.#server.processes();
    return processes.filter(({ commandLine }) => commandLine.includes(part));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
