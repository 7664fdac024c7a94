/** The npm packages that the built engine can load: what a bundler reaches from the native entry points. */
import { build } from "esbuild";
import { packageFolder } from "./packageFolder.mjs";

/** Left out of the bundles by esbuild.mjs or found at run time, so needed as packages. */
const ENTRIES = ["node-llama-cpp", "koffi", "@vscode/tree-sitter-wasm"];

/**
 * Folders of packages, relative to `repository` and with forward slashes, nested ones included. Much of what
 * node-llama-cpp depends on (compiling, its command line) is never reached.
 */
export async function runtimePackageFolders(repository: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: {
      contents: ENTRIES.map((name) => `import "${name}";`).join("\n"),
      resolveDir: repository,
    },
    absWorkingDir: repository,
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    outfile: "unused.mjs",
    logLevel: "silent",
    loader: { ".node": "empty" },
    // Chosen by platform at run time.
    external: ["@node-llama-cpp/*", "@koromix/*"],
  });
  const folders = Object.keys(metafile.inputs).map(packageFolder);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}
