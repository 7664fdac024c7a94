/** What users start: the built command line and engine, on the Node of the tests and on an older one. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { assertBuilt, CLI_PATH } from "../support/builtEngine.ts";
import { TARGET_PATH } from "../support/modelPaths.ts";

const run = promisify(execFile);
const project = join(import.meta.dirname, "../..");
const SOURCE = "node_modules/redux/src/createStore.ts";
/** The oldest Node that package.json admits. */
const OLDEST_NODE = 20;

beforeAll(assertBuilt);

function versionOf(node: string): number {
  return Number(/^v(\d+)/.exec(execFileSync(node, ["--version"], { encoding: "utf8" }))?.[1]);
}

/** The first Node on PATH that is not the tests' own and older. */
function findOlderNode(): string | undefined {
  const own = versionOf(process.execPath);
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && !folder.includes("node_modules"))
    .map((folder) => join(folder, process.platform === "win32" ? "node.exe" : "node"))
    .find((node) => existsSync(node) && versionOf(node) >= OLDEST_NODE && versionOf(node) < own);
}

const older = findOlderNode();
if (older === undefined) {
  process.stdout.write("skipped: the bundle on an older Node (PATH has none from 20 on)\n");
}
const nodes = [
  { node: process.execPath, label: `Node ${versionOf(process.execPath)}` },
  ...(older === undefined ? [] : [{ node: older, label: `Node ${versionOf(older)}` }]),
];

describe.each(nodes)("the bundle on $label", ({ node }) => {
  async function treeline(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    // Not the tests' own flags, which Vitest passes on to what it starts.
    const env = { ...process.env, NODE_OPTIONS: "" };
    return run(node, [CLI_PATH, ...args], { cwd: project, env });
  }
  const cursor = ["complete", SOURCE, "--line", "260", "--column", "20", "--gpu", "off", "--json"];

  test("prints its help and its version", async () => {
    const { stdout } = await treeline("--help");
    expect(stdout).toMatch(/^Usage: treeline/);
    expect(stdout).toContain("complete");
    const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    expect((await treeline("--version")).stdout).toBe(`${manifest.version}\n`);
  });

  test("completes, as JSON and nothing else, the same every time and with or without drafts", async () => {
    const first = await treeline(...cursor);
    const report = JSON.parse(first.stdout);
    expect(Object.keys(report)).toEqual([
      "text",
      "tokens",
      "logProbs",
      "stats",
      "timings",
      "models",
      "backend",
    ]);
    expect(first.stdout.trim().split("\n")).toHaveLength(1);
    expect(first.stderr).toBe("");
    expect(report.tokens.length).toBeGreaterThan(1);
    expect(report.backend).toBe("cpu");
    const second = JSON.parse((await treeline(...cursor)).stdout);
    expect(second.tokens).toEqual(report.tokens);
    const plain = JSON.parse((await treeline(...cursor, "--no-speculation")).stdout);
    expect(plain.tokens).toEqual(report.tokens);
    expect(plain.stats.numDraftTokens).toBe(0);
  });

  test("drafts from a workspace, with the same output, and says how large it is", async () => {
    const report = JSON.parse((await treeline(...cursor)).stdout);
    const workspace = ["--workspace", "node_modules/redux"];
    const { stdout, stderr } = await treeline(...cursor, ...workspace);
    const drafted = JSON.parse(stdout);
    expect(stderr).toBe("");
    expect(drafted.tokens).toEqual(report.tokens);
    expect(report.stats.bySource.workspace.numProposed).toBe(0);
    expect(drafted.stats.bySource.workspace.numProposed).toBeGreaterThan(0);
    const told = await treeline(...cursor.slice(0, -1), ...workspace);
    expect(told.stderr).toMatch(/^indexed \d+ files, \d+ tokens in \d+ ms\n/);
    const failure = await treeline(...cursor, "--workspace", "nowhere").catch((error) => error);
    expect(failure.stderr).toMatch(/Expected a folder at .*nowhere/);
  });

  test("widens a model that completes as the original does", async () => {
    const folder = await mkdtemp(join(tmpdir(), "treeline-bundle-"));
    try {
      const wide = join(folder, "wide.gguf");
      const dimensions = ["--width", "768", "--layers", "6", "--ffn", "512"];
      // Tooling is for the project's own Node.
      const widen = [join(project, "tooling/widen/main.ts"), TARGET_PATH, ...dimensions];
      const { stdout } = await run(process.execPath, [...widen, "-o", wide]);
      expect(stdout).toContain("6 layers, width 768");
      const tokensOf = async (target: string) =>
        JSON.parse((await treeline(...cursor, "--no-speculation", "--target", target)).stdout)
          .tokens;
      expect(await tokensOf(wide)).toEqual(await tokensOf(TARGET_PATH));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.each([
    [2, ["complete", SOURCE]],
    [2, ["complete", SOURCE, "--line", "0", "--column", "1"]],
    [2, ["nonsense"]],
    [1, [...cursor, "--target", "missing.gguf"]],
  ])("exits %i on %j, with a message and no output", async (code, args) => {
    const failure: unknown = await treeline(...args).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(/^error: /) });
  });
});
