/** Builds and packs Treeline once for all test files, which find the VSIX's path with `inject("treelineVsix")`. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { REPOSITORY } from "./hostLayout.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the packed extension. */
    treelineVsix: string;
  }
}

/** Packs as `npm run package` does, dist included, so the command line beside it is of the same sources. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "treeline-packed-"));
  const vsix = join(folder, "treeline.vsix");
  const args = ["tooling/packageVsix.ts", "--out", vsix];
  await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY });
  project.provide("treelineVsix", vsix);
  return () => rm(folder, { recursive: true, force: true });
}
