/**
 * The smallest version of the host tests in desktop VS Code: `npm run test:electron`. It downloads VS Code; where that
 * fails there is nothing to test with, which is said and is no failure unless CI is set. On Linux it needs a display.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  downloadAndUnzipVSCode,
  resolveCliPathFromVSCodeExecutablePath,
  runTests,
  runVSCodeCommand,
} from "@vscode/test-electron";
import { packageVsix } from "../../tooling/packageVsix.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const VERSION = process.env["VSCODE_VERSION"] ?? "stable";

async function download(): Promise<string | undefined> {
  try {
    return await downloadAndUnzipVSCode({ version: VERSION, timeout: 60_000 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stdout.write(`skipped: VS Code ${VERSION} could not be downloaded: ${reason}\n`);
    if (process.env["CI"] !== undefined) process.exitCode = 1;
    return undefined;
  }
}

const vscodeExecutablePath = await download();
if (vscodeExecutablePath !== undefined) {
  const folder = await mkdtemp(join(tmpdir(), "treeline-electron-"));
  const dirs = [
    `--user-data-dir=${join(folder, "user")}`,
    `--extensions-dir=${join(folder, "extensions")}`,
  ];
  try {
    const vsix = await packageVsix(join(folder, "treeline.vsix"));
    process.stdout.write(
      `VS Code: ${resolveCliPathFromVSCodeExecutablePath(vscodeExecutablePath)}\n`,
    );
    await runVSCodeCommand(["--install-extension", vsix, ...dirs], { version: VERSION });
    process.exitCode = await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: join(FOLDER, "driver"),
      extensionTestsPath: join(FOLDER, "suite.cjs"),
      launchArgs: [folder, ...dirs, "--disable-workspace-trust", "--disable-telemetry"],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
