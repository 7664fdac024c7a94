/** The benchmark panel in a real VS Code, on reports that are handed in: nothing is measured here. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { GAIN_REPORT, LOSS_REPORT, withFused } from "../support/benchReports.ts";
import {
  BENCH_FIXTURE,
  benchPage,
  createSources,
  packBenchFixture,
  startBenchmark,
} from "./benchFixture.ts";
import { badLabels, contrasts, isTooWide } from "./panelPage.ts";
import { startVscode, type VscodeHost } from "./vscodeHost.ts";

const THEMES = {
  dark: "Default Dark Modern",
  light: "Default Light Modern",
  highContrast: "Default High Contrast",
  highContrastLight: "Default High Contrast Light",
} as const;
const LOSING = {
  ...GAIN_REPORT,
  verdict: LOSS_REPORT.verdict,
  warnings: LOSS_REPORT.warnings.filter((text) => text.includes("SLOWER")),
  suites: {
    repo: withFused(GAIN_REPORT.suites["repo"]!, {
      ratioToPlain: { ratio: 0.86, low: 0.79, high: 0.94 },
    }),
  },
};
const SETTINGS = {
  "files.exclude": { "**/excluded": true },
  "search.exclude": { "**/{hidden,other}": true },
};

const OWN_FILES = ".vscode-resource.vscode-cdn.net";

describe("the benchmark panel", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "treeline-panel-"));
    const workspaceFolder = join(folder, "ws");
    await createSources(workspaceFolder);
    const vsix = await packBenchFixture(folder);
    host = await startVscode({ vsix: [vsix], settings: SETTINGS, workspaceFolder });
    await host.waitForExtension(BENCH_FIXTURE);
    await host.page.setViewportSize({ width: 1400, height: 1000 });
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

  const command = <R>(name: string) =>
    host.evaluate<R, string>(
      async (vscode, id) => await vscode.commands.executeCommand<R>(id),
      `benchFixture.${name}`,
    );

  async function setTheme(theme: string, bodyClass: string): Promise<void> {
    await host.evaluate(async (vscode, name) => {
      const settings = vscode.workspace.getConfiguration("workbench");
      await settings.update("colorTheme", name, vscode.ConfigurationTarget.Global);
    }, theme);
    await expect
      .poll(() => host.webview().locator("body").getAttribute("class"))
      .toContain(bodyClass);
  }

  test("a cancelled run shows what it has, and says that it is a part", async () => {
    await startBenchmark(host, GAIN_REPORT, true);
    expect(await host.waitForNotification("4 prompts measured")).toContain("Treeline benchmark");
    await host.screenshot("benchmark-progress.png");
    await host.pressNotificationButton("4 prompts measured", "Cancel");
    const page = await benchPage(host);
    expect(await page.locator(".verdict").innerText()).toContain(GAIN_REPORT.verdict.sentence);
    expect(await page.locator("header").innerText()).toContain("ws (2 files");
  });

  test("reads sources only, and what neither setting leaves out", async () => {
    expect(await command("paths")).toEqual(["src/point.ts", "src/stack.py"]);
  });

  test("draws every chart, each with its table", async () => {
    await startBenchmark(host, GAIN_REPORT);
    const page = await benchPage(host);
    await expect.poll(() => page.locator("figure svg.plot").count()).toBe(11);
    for (const figure of await page.locator("figure").all()) {
      const table = figure.locator("table");
      expect(await figure.locator("h3").innerText()).not.toBe("");
      expect(await figure.locator("[role=img]").getAttribute("aria-label")).toMatch(/\w+\. /);
      expect(await table.locator("caption").textContent()).not.toBe("");
      expect(await table.locator("th[scope=row]").count()).toBeGreaterThan(1);
      expect(await table.locator("thead th:not([scope=col])").count()).toBe(0);
      expect(await table.isVisible()).toBe(false);
    }
    expect(await badLabels(page)).toEqual([]);
  });

  test.each(Object.entries(THEMES))("can be read in the theme %s", async (name, theme) => {
    await setTheme(theme, name.startsWith("high") ? "vscode-high-contrast" : `vscode-${name}`);
    const page = await benchPage(host);
    const { text = 0, muted = 0, ...marks } = await contrasts(page);
    expect(text).toBeGreaterThan(4.5);
    expect(muted).toBeGreaterThan(4.5);
    for (const [color, contrast] of Object.entries(marks)) {
      expect(contrast, color).toBeGreaterThan(3);
    }
    await host.page.setViewportSize({ width: 1400, height: 2600 });
    await expect.poll(() => badLabels(page)).toEqual([]);
    await host.screenshot(`benchmark-${name}.png`);
    await host.page.setViewportSize({ width: 1400, height: 1000 });
  });

  test("a page that was hidden comes back as the user left it", async () => {
    const first = await benchPage(host);
    await first.locator("figure details summary").first().click();
    await expect.poll(() => first.locator("figure table").first().isVisible()).toBe(true);
    await host.openFile(join(folder, "ws/src/point.ts"));
    await expect.poll(() => host.page.locator("iframe.webview.ready:visible").count()).toBe(0);
    await host.page
      .locator('.tab[data-resource-name*="Treeline"], .tab', { hasText: "Treeline Benchmark" })
      .first()
      .click();
    const page = await benchPage(host);
    await expect.poll(() => page.locator("figure svg.plot").count()).toBe(11);
    await expect.poll(() => page.locator("figure table").first().isVisible()).toBe(true);
    await page.locator("figure details summary").first().click();
  });

  test.each([1400, 900, 480, 300])("fits into a window of %d px", async (width) => {
    await host.evaluate((vscode) => {
      void vscode.commands.executeCommand("workbench.action.closeSidebar");
    });
    await host.page.setViewportSize({ width, height: 1000 });
    const page = await benchPage(host);
    await expect.poll(() => isTooWide(page)).toBe(false);
    // The narrowest scrolls its charts.
    if (width > 300) await expect.poll(() => badLabels(page)).toEqual([]);
    if (width === 480) await host.screenshot("benchmark-narrow.png");
  });

  test("shows losses as losses, and Apply changes settings after asking", async () => {
    await host.page.setViewportSize({ width: 1400, height: 1000 });
    await setTheme(THEMES.light, "vscode-light");
    await startBenchmark(host, LOSING);
    const page = await benchPage(host);
    await expect.poll(() => page.locator(".notice.loss").count()).toBe(1);
    expect(await page.locator(".notice.loss").innerText()).toContain(
      "fused is SLOWER than plain decoding",
    );
    expect(await page.locator(".verdict.loss").innerText()).toContain("drafting makes it slower");
    expect(await page.locator(".tile.loss").innerText()).toContain("slower than plain");
    await page.getByRole("button", { name: "Apply…" }).click();
    const dialog = host.page.locator(".monaco-dialog-box");
    await expect.poll(() => dialog.innerText()).toContain("treeline.speculation.enabled: on → off");
    await host.screenshot("benchmark-apply.png");
    await dialog.getByText("Change Settings").click();
    const isOn = () =>
      host.evaluate((vscode) =>
        vscode.workspace.getConfiguration("treeline").get("speculation.enabled"),
      );
    await expect.poll(isOn).toBe(false);
    await expect
      .poll(() => page.locator("main").innerText())
      .toContain("Nothing is recommended to change");
  });

  test("exports Markdown and JSON where the user wants it", async () => {
    const page = await benchPage(host);
    for (const [name, ending] of [
      ["Export Markdown…", "md"],
      ["Export JSON…", "json"],
    ]) {
      await page.getByRole("button", { name: name! }).click();
      const file = `treeline-benchmark-2026-11-21.${ending}`;
      // The dialog writes its proposal a while after it is there.
      const path = host.page.locator(".quick-input-box input").first();
      await expect.poll(() => path.inputValue(), { timeout: 10_000 }).toContain(file);
      await host.page.getByRole("button", { name: "OK" }).click();
      await host.quickPick.waitUntilClosed();
      await host.waitForNotification(file);
      const text = await readFile(join(folder, "ws", file), "utf8");
      if (ending === "json") expect(JSON.parse(text)).toEqual(LOSING);
      else expect(text).toContain("# Treeline benchmark");
    }
  });

  test("warns of a stopped, losing run and recommends nothing from it", async () => {
    await startBenchmark(host, LOSS_REPORT);
    const page = await benchPage(host);
    await expect.poll(() => page.locator(".notice").count()).toBe(2);
    await host.page.setViewportSize({ width: 1400, height: 1400 });
    await host.screenshot("benchmark-losses.png");
    expect(await page.locator("main").innerText()).toContain("these figures decide nothing");
    expect(await page.getByRole("button", { name: "Apply…" }).count()).toBe(0);
  });

  test("breaks no security policy, asks no other host, and logs no error", async () => {
    // Such addresses never leave the browser: VS Code's service worker answers them from the extension's folder.
    const others = [...host.foreignHosts].filter((name) => !name.endsWith(OWN_FILES));
    expect(others).toEqual([]);
    expect(await host.logs.errors()).toEqual([]);
    const log = await command<string[]>("log");
    expect(log.filter((line) => !line.startsWith("info"))).toEqual([]);
  });
});
