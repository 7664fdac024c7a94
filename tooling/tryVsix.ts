/**
 * Proves that a VSIX is complete: `node tooling/tryVsix.ts FILE.vsix [NODE]`. It is unpacked into a temporary folder outside
 * of the repository, so that nothing is found there by chance, and its engine completes a line with the bundled pair, on
 * another Node if its path is given.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const [file, node = process.execPath] = process.argv.slice(2);
if (file === undefined) throw new Error("Name a VSIX.");

const root = await mkdtemp(join(tmpdir(), "treeline-try-"));
try {
  // On Windows at least as long as the folder that VS Code gives an extension.
  const folder = join(root, "extensions of a user");
  await mkdir(folder);
  // Windows and macOS have a tar that reads zip files; elsewhere unzip does.
  const path = resolve(file);
  if (process.platform === "linux") await run("unzip", ["-q", path, "-d", folder]);
  else await run("tar", ["-xf", path, "-C", folder]);
  await writeFile(
    join(folder, "a.ts"),
    "export function add(a: number, b: number) {\n  return \n}\n",
  );
  const cli = join(folder, "extension/dist/cli.mjs");
  const args = [cli, "complete", "a.ts", "--line", "2", "--column", "10", "--json"];
  const { stdout } = await run(node, args, { cwd: folder });
  const { tokens, backend, models } = JSON.parse(stdout) as {
    tokens: number[];
    backend: string;
    models: { target: { path: string } };
  };
  if (tokens.length === 0 || !resolve(models.target.path).startsWith(resolve(folder))) {
    throw new Error(`The packed engine did not complete: ${stdout}`);
  }
  process.stdout.write(`${tokens.length} tokens on ${backend} from ${models.target.path}\n`);
} finally {
  await rm(root, { recursive: true, force: true });
}
