/** Where and on what the packed extension runs: in folders as users have them, on systems that lack something. */
import { execFile } from "node:child_process";
import { copyFile, link, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { packedFiles } from "../../tooling/packageVsix.ts";
import { assertBuilt, CLI_PATH } from "../support/builtEngine.ts";

const run = promisify(execFile);

beforeAll(assertBuilt);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-places-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function complete(cli: string, env: NodeJS.ProcessEnv = {}) {
  await writeFile(join(folder, "a.ts"), "function add(a: number, b: number) {\n  return \n}\n");
  const cursor = ["complete", "a.ts", "--line", "2", "--column", "10", "--gpu", "off", "--json"];
  return run(process.execPath, [cli, ...cursor], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
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

describe.skipIf(process.platform !== "linux")("a system that is too old", () => {
  /** A libstdc++ that differs from this system's in one thing: the version that llama.cpp's binaries ask for is missing. */
  async function makeOldRuntime(): Promise<void> {
    const maps = await readFile("/proc/self/maps", "utf8");
    const path = /\/\S+\/libstdc\+\+\.so\.6\S*/.exec(maps)?.[0];
    if (path === undefined) throw new Error("this Node has no libstdc++ of its own");
    const library = await readFile(path, "latin1");
    const older = library.replace("\0GLIBCXX_3.4.30\0", "\0GLIBCXX_3.4.x0\0");
    expect(older).not.toBe(library);
    await writeFile(join(folder, "libstdc++.so.6"), older, "latin1");
  }

  test("is told what it lacks", async () => {
    await makeOldRuntime();
    const failure: unknown = await complete(CLI_PATH, { LD_LIBRARY_PATH: folder }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /need libstdc\+\+ of GCC 12 or later \(GLIBCXX_3\.4\.30\); the system says: .*libstdc\+\+\.so\.6.*Install a newer/,
      ),
    });
    expect(String(failure)).not.toMatch(/driver/);
  });
});
