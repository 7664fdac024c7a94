/** Where the parts of an installed Treeline lie, seen from the bundled command line (`dist/cli.mjs`). */
import { fileURLToPath } from "node:url";

export interface ModelPaths {
  readonly targetPath: string;
  readonly draftPath?: string;
}

/** @param cliUrl - `import.meta.url` of the bundled entry. */
export function bundledModels(cliUrl: string): Required<ModelPaths> {
  return {
    targetPath: packagePath(cliUrl, "models/treeline-tiny-target-q8_0.gguf"),
    draftPath: packagePath(cliUrl, "models/treeline-tiny-draft-q8_0.gguf"),
  };
}

/** The built engine beside the command line. */
export function bundledEngine(cliUrl: string): string {
  return fileURLToPath(new URL("./engine.mjs", cliUrl));
}

/** @param path - relative to the package's root, with forward slashes. */
export function packagePath(cliUrl: string, path: string): string {
  return fileURLToPath(new URL(`../${path}`, cliUrl));
}
