/** Packs the extension of benchExtension/ with the built panel, and runs it on reports. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import type { FrameLocator } from "playwright-core";
import type { BenchReport } from "../../src/bench/speed/benchReport.ts";
import { HOST_DIR, REPOSITORY } from "./hostLayout.ts";
import { packVsix } from "./packVsix.ts";
import type { VscodeHost } from "./vscodeHost.ts";

export const BENCH_FIXTURE = "treeline-test.benchFixture";

const SOURCE = join(HOST_DIR, "benchExtension");

/** The VSIX's path. Treeline has been built before (packedTreeline.ts). @param folder - holds what is made. */
export async function packBenchFixture(folder: string): Promise<string> {
  const staged = join(folder, "extension");
  await mkdir(join(staged, "dist"), { recursive: true });
  await build({
    entryPoints: [join(SOURCE, "extension.ts")],
    outfile: join(staged, "extension.cjs"),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode"],
    logLevel: "silent",
  });
  for (const name of ["benchPanel.js", "benchPanel.css"]) {
    await copyFile(join(REPOSITORY, "dist", name), join(staged, "dist", name));
  }
  // The settings are Treeline's, so that they can be written.
  const read = async (path: string) => JSON.parse(await readFile(path, "utf8"));
  const own = await read(join(SOURCE, "package.json"));
  const { contributes } = await read(join(REPOSITORY, "package.json"));
  own.contributes = { configuration: contributes.configuration };
  await writeFile(join(staged, "package.json"), JSON.stringify(own));
  const vsix = join(folder, "benchFixture.vsix");
  await packVsix(staged, vsix);
  return vsix;
}

/** Starts a run that ends with this report; `hangs` until it is cancelled. Does not wait for its end. */
export async function startBenchmark(
  host: VscodeHost,
  report: BenchReport,
  hangs = false,
): Promise<void> {
  await host.evaluate(
    (vscode, request) => {
      void vscode.commands.executeCommand("benchFixture.run", request);
    },
    { report, hangs },
  );
}

/** The panel's page, once it shows a report. */
export async function benchPage(host: VscodeHost): Promise<FrameLocator> {
  const page = host.webview();
  await page.locator("main").waitFor({ timeout: 20_000 });
  return page;
}

/** Files that a run may read, and some that it must not. */
export async function createSources(folder: string): Promise<void> {
  const line = "export const answer = 42;\n";
  const files = {
    "src/point.ts": line,
    "src/stack.py": "answer = 42\n",
    "src/keys/server.pem": line,
    "src/.env": "TOKEN=1\n",
    "src/credentials.ts": line,
    "src/made.min.js": line,
    "excluded/byFiles.ts": line,
    "hidden/bySearch.ts": line,
    "node_modules/lib/index.js": line,
    "dist/bundle.js": line,
    "notes.md": "# Notes\n",
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}
