/** `treeline models` and the commands that use what it installs, as processes, against a hub on this machine. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assemble, disassemble } from "../support/ggufWriter.ts";
import { ModelHub } from "../support/modelHub.ts";
import { TARGET_PATH } from "../support/modelPaths.ts";

const run = promisify(execFile);
const ENTRY = {
  name: "tiny",
  title: "Tiny",
  repository: "me/tiny-GGUF",
  file: "tiny.gguf",
  licence: { name: "MIT", commercialUse: "yes" },
};

/** The tiny target with a token that it does not have. */
async function withOwnTokens(): Promise<Uint8Array> {
  const model = disassemble(await readFile(TARGET_PATH));
  const tokens = model.metadata.get("tokenizer.ggml.tokens");
  if (tokens?.type !== "array" || tokens.elementType !== "string") throw new Error("no tokens");
  const value = tokens.value.map((text, id) => (id === 1_000 ? "another" : text));
  const metadata = new Map([...model.metadata, ["tokenizer.ggml.tokens", { ...tokens, value }]]);
  return assemble({ ...model, metadata });
}

describe("treeline models", () => {
  let hub: ModelHub;
  let folder: string;

  beforeAll(async () => {
    hub = await ModelHub.start();
    await hub.serveFile(ENTRY.repository, ENTRY.file, TARGET_PATH);
    await hub.serveFile("me/other", "other.gguf", TARGET_PATH);
    folder = await mkdtemp(join(tmpdir(), "treeline-installed-"));
    const other = { ...ENTRY, name: "other", repository: "me/other", file: "other.gguf" };
    const licence = { name: "Research", commercialUse: "no" };
    const own = { ...ENTRY, name: "own", repository: "me/own" };
    hub.serveBytes("me/own", ENTRY.file, await withOwnTokens());
    const entries = [ENTRY, { ...other, licence }, own];
    await writeFile(join(folder, "own.json"), JSON.stringify(entries));
    await writeFile(join(folder, "a.ts"), "export const a = 1;\nexport const b = \n");
  });
  afterAll(async () => {
    await hub[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function treeline(args: readonly string[], env: Record<string, string> = {}) {
    const { NODE_OPTIONS: _ignored, ...own } = process.env;
    const all = {
      ...own,
      HF_ENDPOINT: hub.address,
      TREELINE_MODELS: join(folder, "models"),
      TREELINE_CATALOGUE: join(folder, "own.json"),
      ...env,
    };
    const started = run(process.execPath, ["dist/cli.mjs", ...args], { env: all });
    return started.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }) => ({ code: code as number, stdout, stderr }),
    );
  }
  const completeAt = (...args: string[]) =>
    treeline([
      "complete",
      join(folder, "a.ts"),
      "--line",
      "2",
      "--column",
      "18",
      "--gpu",
      "off",
      "--json",
      ...args,
    ]);
  const targetOf = (stdout: string) => JSON.parse(stdout).models.target.path as string;

  test("no command asks the network for anything but install", async () => {
    for (const args of [["models"], ["models", "list"], ["models", "where"]]) {
      expect((await treeline(args)).code).toBe(0);
    }
    expect(targetOf((await completeAt()).stdout)).toContain("treeline-tiny-target");
    expect(hub.seen).toEqual([]);
  });

  test("recommend measures with a model of its own, which goes again, and asks for nothing", async () => {
    const cache = { XDG_CACHE_HOME: join(folder, "cache") };
    const { code, stdout, stderr } = await treeline(["models", "recommend", "--gpu", "off"], cache);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining("advised: treeline models install"),
    ]);
    expect(stdout).toMatch(
      /^qwen2\.5-coder-0\.5b-q8_0 .* shows a line after about .* \(estimated\)/m,
    );
    expect(await readdir(join(folder, "cache/treeline"))).toEqual(["speed.json"]);
    expect(hub.seen).toEqual([]);
  });

  test("recommend advises all the same where the chosen model does not load", async () => {
    const models = join(folder, "broken");
    const env = { XDG_CACHE_HOME: join(folder, "brokenCache"), TREELINE_MODELS: models };
    await treeline(["models", "install", "tiny"], env);
    hub.seen.length = 0;
    // As long as it was, so that it counts as installed.
    const bytes = await readFile(join(models, "tiny.gguf"));
    await writeFile(join(models, "tiny.gguf"), bytes.fill(0, 0, 64));
    const { code, stderr } = await treeline(["models", "recommend", "--gpu", "off"], env);
    expect(stderr).toMatch(/tiny is not measured: .*\n.*advised: treeline models install/s);
    expect(code).toBe(0);
  });

  test("a name that is not installed is a clear error", async () => {
    const { code, stderr } = await completeAt("--target", "tiny");
    expect(code).toBe(1);
    expect(stderr).toContain('"treeline models install tiny" fetches it');
    expect((await treeline(["models", "install", "nosuch"])).stderr).toContain(
      "expected a name of the catalogue",
    );
  });

  test("offline nothing is asked for", async () => {
    const { code, stderr } = await treeline(["models", "install", "tiny"], { HF_HUB_OFFLINE: "1" });
    expect([code, stderr]).toEqual([1, expect.stringContaining("offline by your setting")]);
    expect(hub.seen).toEqual([]);
  });

  test("a licence that forbids commercial use is shown before the first byte, and must be accepted", async () => {
    const refused = await treeline(["models", "install", "other"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("licence: Research, no commercial use");
    expect(hub.seen).toEqual([]);
    expect((await treeline(["models", "install", "other", "--accept-licence"])).code).toBe(0);
    await treeline(["models", "remove", "other"]);
  });

  test("the draft's licence, too, is asked for before the first byte of either", async () => {
    hub.seen.length = 0;
    const refused = await treeline(["models", "install", "tiny", "--draft", "other"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/licence: MIT.*licence: Research/s);
    expect(refused.stderr).toContain("other: expected leave for commercial use");
    expect(hub.seen).toEqual([]);
  });

  test("a draft of another vocabulary is not what the commands use from then on", async () => {
    const { code, stderr } = await treeline(["models", "install", "tiny", "--draft", "own"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/own\.gguf cannot draft for .*tiny\.gguf: token \d+ is/);
    expect(targetOf((await completeAt()).stdout)).toContain("treeline-tiny-target");
    for (const name of ["tiny", "own"]) await treeline(["models", "remove", name]);
  });

  test("install, and the commands use it; by name as well; remove, and they do no more", async () => {
    const { code, stderr } = await treeline(["models", "install", "tiny"]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("ready: tiny")]);
    const path = join(folder, "models/tiny.gguf");
    expect((await treeline(["models", "where", "tiny"])).stdout).toBe(`${path}\n`);
    expect((await treeline(["models", "list"])).stdout).toMatch(/^tiny .*installed, the target/m);
    expect(targetOf((await completeAt()).stdout)).toBe(path);
    expect(targetOf((await completeAt("--target", "tiny")).stdout)).toBe(path);
    expect((await treeline(["models", "remove", "../own.json"])).code).toBe(2);
    expect((await treeline(["models", "remove", "tiny"])).stderr).toContain("removed: tiny");
    expect((await treeline(["models", "remove", "tiny"])).code).toBe(1);
    expect(targetOf((await completeAt()).stdout)).toContain("treeline-tiny-target");
  });
});
