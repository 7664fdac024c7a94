/** Packs an extension folder into a VSIX with vsce, the tool that also packs for the marketplace. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { HOST_DIR } from "./hostLayout.ts";

const VSCE = join(HOST_DIR, "node_modules/@vscode/vsce/vsce");

/**
 * Packs `extensionDir` as it lies there into `vsixPath`; nothing is built and no dependency is collected.
 *
 * @throws Error with vsce's output if it refuses the folder.
 */
export async function packVsix(extensionDir: string, vsixPath: string): Promise<void> {
  const flags = ["--no-dependencies", "--allow-missing-repository", "--skip-license"];
  const args = [VSCE, "package", ...flags, "--out", vsixPath];
  await promisify(execFile)(process.execPath, args, { cwd: extensionDir });
}
