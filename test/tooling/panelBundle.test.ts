import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** Modules that a bundler reaches from an entry. */
async function modulesOf(entry: string, external: readonly string[] = []): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: REPOSITORY,
    bundle: true,
    write: false,
    metafile: true,
    platform: external.length > 0 ? "node" : "browser",
    outdir: "unused",
    logLevel: "silent",
    external: [...external],
  });
  return Object.keys(metafile.inputs);
}

describe("the bundles", () => {
  test("the extension holds no chart, and of the panel only what both sides say", async () => {
    const modules = await modulesOf("src/ui/extension.ts", ["vscode"]);
    expect(modules.filter((path) => /node_modules\/(@observablehq|d3)/.test(path))).toEqual([]);
    expect(modules.filter((path) => path.startsWith("src/panel/")).sort()).toEqual([
      "src/panel/messages/panelProtocol.ts",
    ]);
  });

  test("the panel runs in a browser: of our rooms only panel, bench and core", async () => {
    // A `node:` import or `vscode` would not resolve for the browser.
    const modules = await modulesOf("src/panel/main.ts");
    const rooms = modules.flatMap((path) => /^src\/([^/]+)\//.exec(path)?.[1] ?? []);
    expect([...new Set(rooms)].sort()).toEqual(["bench", "core", "panel"]);
    expect(modules.some((path) => path.includes("@observablehq/plot"))).toBe(true);
  });
});
