// Bundles the entries: node esbuild.mjs [--watch]
import { chmod, readFile } from "node:fs/promises";
import { build, context } from "esbuild";
import { esbuildLicenses } from "./tooling/licensesPlugin.mjs";
import { esbuildWat } from "./tooling/watPlugin.mjs";

// CommonJS packages inside an ESM bundle call require() for Node's own modules.
const requireShim =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

const { version } = JSON.parse(await readFile("package.json", "utf8"));

/** @type {import("esbuild").BuildOptions} */
const node = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  sourcemap: true,
  legalComments: "none",
  logLevel: "info",
  plugins: [esbuildWat()],
  define: { TREELINE_VERSION: JSON.stringify(version) },
  // Native, or found at run time beside what they load.
  external: ["node-llama-cpp", "koffi"],
};

const entries = [
  {
    ...node,
    entryPoints: {
      engine: "src/engine/main.ts",
      // Of a clone, not of the VSIX.
      hostBench: "tooling/hostBench.ts",
      traces: "tooling/traces/record/tracesMain.ts",
      studies: "tooling/studies/main.ts",
      peers: "tooling/peers/peers.ts",
    },
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
    banner: { js: requireShim },
  },
  {
    ...node,
    entryPoints: { cli: "src/cli/main.ts" },
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
    banner: { js: `#!/usr/bin/env node\n${requireShim}` },
  },
  {
    ...node,
    entryPoints: { extension: "src/ui/extension.ts" },
    outdir: "dist",
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    external: ["vscode"],
  },
  // The script and the style sheet of the benchmark panel's page: the only code here that runs in a browser.
  {
    bundle: true,
    platform: "browser",
    // Of the oldest VS Code that package.json allows.
    target: "chrome132",
    format: "iife",
    minify: true,
    sourcemap: true,
    legalComments: "none",
    logLevel: "info",
    plugins: [esbuildLicenses("dist/benchPanel.licenses.txt")],
    entryPoints: { benchPanel: "src/panel/main.ts" },
    outdir: "dist",
  },
];

if (process.argv.includes("--watch")) {
  for (const entry of entries) await (await context(entry)).watch();
} else {
  await Promise.all(entries.map((entry) => build(entry)));
  await chmod("dist/cli.mjs", 0o755);
}
