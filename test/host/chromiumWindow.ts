/** A headless Chromium that shows one VS Code window. Knows the address, not what the window holds. */
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { findChromium } from "./hostLayout.ts";
import type { HostLogs } from "./hostLogs.ts";
import { recordNotifications } from "./notifications.ts";

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
];

export interface ChromiumWindow {
  readonly page: Page;
  /** Hosts other than loopback that the page asked for. */
  readonly foreignHosts: ReadonlySet<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

function watchRequests(context: BrowserContext): Set<string> {
  const foreignHosts = new Set<string>();
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.hostname !== "127.0.0.1") {
      foreignHosts.add(url.host);
    }
  });
  return foreignHosts;
}

/** Opens `address` in a browser with its own profile; what the page prints goes to `logs`. */
export async function openChromiumWindow(
  address: string,
  profileDir: string,
  logs: HostLogs,
): Promise<ChromiumWindow> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("No Chromium found; run test/host/setup.ts.");
  const context = await chromium.launchPersistentContext(profileDir, {
    executablePath,
    headless: true,
    viewport: { width: 1280, height: 800 },
    permissions: ["clipboard-read", "clipboard-write"],
    args: FLAGS,
  });
  const window = {
    page: context.pages()[0] ?? (await context.newPage()),
    foreignHosts: watchRequests(context),
    [Symbol.asyncDispose]: () => context.close(),
  };
  try {
    window.page.on("console", (message) => logs.addConsole(message.type(), message.text()));
    window.page.on("pageerror", (error) => logs.addConsole("error", error.stack ?? error.message));
    await window.page.addInitScript(recordNotifications);
    await window.page.goto(address);
    return window;
  } catch (error) {
    await context.close();
    throw error;
  }
}
