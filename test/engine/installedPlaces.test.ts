/** Where the packed extension runs: in folders as users have them. */
import { execFile } from "node:child_process";
import { copyFile, link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { packedFiles } from "../../tooling/packageVsix.ts";
import { assertBuilt } from "../support/builtEngine.ts";

const run = promisify(execFile);

beforeAll(assertBuilt);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-places-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function complete(cli: string) {
  await writeFile(join(folder, "a.ts"), "function add(a: number, b: number) {\n  return \n}\n");
  const cursor = ["complete", "a.ts", "--line", "2", "--column", "10", "--gpu", "off", "--json"];
  return run(process.execPath, [cli, ...cursor], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
}

/** What a VSIX holds, laid out as VS Code does. */
async function install(place: string): Promise<void> {
  for (const { from, to } of await packedFiles()) {
    const path = join(place, to);
    await mkdir(dirname(path), { recursive: true });
    await link(from, path).catch(() => copyFile(from, path));
  }
}

describe("the packed extension", () => {
  // Windows' own limit is 260; Node once knew 129 characters of its libraries' paths, where VS Code needs 142.
  const segments =
    process.platform === "win32"
      ? ["Jürgen", "treeline.treeline-0.1.0-win32-x64"]
      : ["日本語 und Jürgen's 🌲", "very ".repeat(40).trim(), "%20#?", "treeline-0.1.0"];

  test("completes from a long folder beyond ASCII", async () => {
    const place = join(folder, ...segments);
    await install(place);
    if (process.platform !== "win32") expect(place.length).toBeGreaterThan(260);
    const { stdout } = await complete(join(place, "dist/cli.mjs"));
    const report = JSON.parse(stdout);
    expect(report.tokens.length).toBeGreaterThan(0);
    expect(report.models.target.path).toContain(place);
  });
});
