/** *Run Benchmark* of the packed extension, with the bundled models, on the sources of a package. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { benchPage } from "./benchFixture.ts";
import { REPOSITORY } from "./hostLayout.ts";
import { badLabels } from "./panelPage.ts";
import { AUTOMATIC, showFailure, startTreeline } from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

/** Two cores that others use as well. */
const RUN_TIMEOUT_MS = 400_000;

describe("Treeline: Run Benchmark", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "treeline-bench-"));
    await cp(join(REPOSITORY, "node_modules/redux/src"), join(folder, "src"), { recursive: true });
    host = await startTreeline({
      workspaceFolder: folder,
      settings: { ...AUTOMATIC, "treeline.model.gpu": "off" },
    });
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  test(
    "cancelled: shows what was measured, and typing meanwhile does not end it",
    async () => {
      await host.openFile(join(folder, "src/createStore.ts"));
      // Models that are being loaded are not measured.
      const isLoaded = async () => (await host.logs.read("Treeline")).includes("loaded backend");
      await expect.poll(isLoaded, { timeout: 60_000, interval: 200 }).toBe(true);
      await host.runCommand("Treeline: Run Benchmark");
      // At once, and in words: what is done, and for how long.
      await host.waitForNotification("3 minutes at most");
      await host.waitForNotification("repo: ", RUN_TIMEOUT_MS);
      await host.typeText("const n = ");
      await host.waitForNotification("repo: 3 prompts measured", RUN_TIMEOUT_MS);
      expect(await host.ghostText()).toBeUndefined();
      await host.pressNotificationButton("prompts measured", "Cancel");
      const page = await benchPage(host);
      expect(await page.locator(".notices").innerText()).toContain("stopped before its end");
      await expect.poll(() => page.locator("section h2", { hasText: "repo" }).count()).toBe(1);
      expect(await badLabels(page)).toEqual([]);
    },
    RUN_TIMEOUT_MS,
  );

  test(
    "runs to its end, and the panel begins with the verdict",
    async () => {
      const page = await benchPage(host);
      await page.getByRole("button", { name: "Run Again" }).click();
      const isWhole = async () =>
        !(await page.locator("main").innerText()).includes("stopped before its end");
      await expect.poll(isWhole, { timeout: RUN_TIMEOUT_MS, interval: 500 }).toBe(true);
      expect(await page.locator(".verdict").innerText()).toContain(
        "On this machine Treeline shows a line after",
      );
      const text = await page.locator("main").innerText();
      expect(text).toContain("Treeline tiny target");
      expect(text).not.toContain("stopped before its end");
      expect(text).not.toContain("NOT LOSSLESS");
      await host.page.setViewportSize({ width: 1400, height: 2600 });
      await expect.poll(() => badLabels(page)).toEqual([]);
      await host.screenshot("benchmark-real.png");
    },
    RUN_TIMEOUT_MS,
  );

  test("suggestions are back afterwards", async () => {
    await host.page.setViewportSize({ width: 1280, height: 800 });
    await host.openFile(join(folder, "src/createStore.ts"));
    await host.moveCursor(1, 1);
    await host.typeText("export function isPlain(");
    expect(await host.waitForGhostText(30_000)).not.toBe("");
    const errors = await host.logs.errors();
    expect(errors).toEqual([]);
  });
});
