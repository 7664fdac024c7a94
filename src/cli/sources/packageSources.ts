/** The sources of pinned packages: the workspaces that benchmarks type in. */
import { readdir, readFile } from "node:fs/promises";
import type { SourceFile } from "../../bench/spots/sourceSpots.ts";
import type { BenchSources } from "../../engine/protocol/benchMessages.ts";
import { packagePath } from "../base/bundledModels.ts";
import { CliError } from "../base/cliError.ts";
import type { CommandContext } from "../base/engineSession.ts";
import { readSourceFile } from "./sourceFile.ts";

/** Outside the tiny pair's training set (models/training/corpus.mjs). */
export const SOURCE_PACKAGES = ["immer", "redux", "reselect", "@reduxjs/toolkit"] as const;
export type SourcePackage = (typeof SOURCE_PACKAGES)[number];

/** Whether a path below a package's `src` is a source file and no test. */
export function isPackageSource(path: string): boolean {
  return /\.tsx?$/.test(path) && !/test/i.test(path);
}

/**
 * Every source file of the packages but tests, in a fixed order.
 * @throws CliError if a package is missing: the same seed would draw other places.
 */
export async function readPackageSources(
  { cliUrl }: Pick<CommandContext, "cliUrl">,
  signal: AbortSignal,
  names: readonly SourcePackage[] = SOURCE_PACKAGES,
): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const name of names) {
    const folder = packagePath(cliUrl, `node_modules/${name}/src`);
    for (const path of await sourcePaths(name, folder)) {
      const text = await readSourceFile(`${folder}/${path}`, signal);
      files.push({ path: `${name}/src/${path}`, text });
    }
  }
  return files;
}

/** The same with the packages' names and versions. */
export async function readNamedSources(
  context: Pick<CommandContext, "cliUrl">,
  names: readonly SourcePackage[],
  signal: AbortSignal,
): Promise<BenchSources> {
  const files = await readPackageSources(context, signal, names);
  const named: string[] = [];
  for (const name of names) {
    const manifest = packagePath(context.cliUrl, `node_modules/${name}/package.json`);
    const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
    named.push(`${name} ${version}`);
  }
  return { origin: `${named.join(", ")} (${files.length} files)`, files };
}

async function sourcePaths(name: string, folder: string): Promise<string[]> {
  try {
    const paths = await readdir(folder, { recursive: true });
    return paths
      .map((path) => path.replaceAll("\\", "/"))
      .filter(isPackageSource)
      .sort();
  } catch {
    throw new CliError(
      `Expected the sources of the package ${name} in ${folder}, found none. Run npm ci in Treeline's repository.`,
    );
  }
}
