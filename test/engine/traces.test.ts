/** Traces of the tiny pair, by the built command: recorded, killed and gone on with, replayed, checked against the models. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BranchedTarget } from "../../src/core/tree/branchedTarget.ts";
import { rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import { loadModelPair, type ModelPair } from "../../src/engine/models/modelHost.ts";
import { checkTrace } from "../../tooling/traces/record/checkTrace.ts";
import { drawRestSpots } from "../../tooling/traces/record/restSpots.ts";
import { readTrace, TraceWriter } from "../../tooling/traces/record/traceFile.ts";
import { ALL_REPLAY_CONFIGS } from "../../tooling/traces/replay/replayConfigs.ts";
import type { ReplayCosts } from "../../tooling/traces/replay/replayCosts.ts";
import { RowTrie } from "../../tooling/traces/trace/rowTrie.ts";
import { pathOf } from "../../tooling/traces/trace/trace.ts";
import { encodePrompt } from "../../tooling/traces/trace/traceCodec.ts";
import { assertBuilt, PAIR } from "../support/builtEngine.ts";
import { DRAFT_PATH, TARGET_PATH } from "../support/modelPaths.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";
import { tokensTo } from "../support/traces.ts";
import { ignore } from "../support/useBuiltEngine.ts";

const run = promisify(execFile);
const TRACES = join(import.meta.dirname, "../../dist/traces.mjs");
const NUM_TOKENS = 100;
const folder = mkdtempSync(join(tmpdir(), "treeline-traces-"));
const sources = join(folder, "sources");
const path = join(folder, "tiny.trace");
/** The same without a row beside the output, and what that is completed to. */
const poor = join(folder, "poor.trace");
const whole = join(folder, "whole.trace");
const MODELS = ["--target", TARGET_PATH, "--draft", DRAFT_PATH, "--gpu", "off"];

/** As on two cores with a model that takes its time; not what this machine takes, or runs would differ. */
const COSTS: ReplayCosts = {
  name: "made up",
  target: {
    passMs: [
      { numRows: 1, ms: 84 },
      { numRows: 2, ms: 125 },
      { numRows: 4, ms: 145 },
      { numRows: 8, ms: 235 },
    ],
    promptTokenMs: 8,
  },
  draft: { passMs: [{ numRows: 1, ms: 12 }], promptTokenMs: 1 },
  drafterMs: { recycling: 0.2, workspace: 0.2 },
  unionNodes: 3,
};

beforeAll(() => {
  assertBuilt();
  mkdirSync(sources);
  const all = packageSources();
  for (const [index, name] of ["redux", "immer"].entries()) {
    const files = all.filter((file) => file.path.startsWith(`${name}/`));
    const half = index === 0 ? "choose" : "report";
    const spots = drawRestSpots(files, 40, 1);
    const about = { name: `${name} 1`, license: "MIT", half, languageId: "typescript" };
    writeFileSync(join(sources, `${index}.json`), JSON.stringify({ ...about, files, spots }));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const recordArgs = (file: string, ...others: readonly string[]) => [
  ...[TRACES, "record", file, ...MODELS, "--sources", sources, "--tokens", `${NUM_TOKENS}`],
  ...["--max-tokens", "24", "--prompt-tokens", "128", ...others],
];

async function traces(...args: string[]) {
  return run(process.execPath, [TRACES, ...args]);
}

/** Starts to record, and kills the process after so many places. */
async function recordAndKill(file: string, numPlaces: number): Promise<void> {
  const child = spawn(process.execPath, recordArgs(file), { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  let seen = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    seen += text;
    if (seen.includes(` ${numPlaces} places`)) child.kill("SIGKILL");
  });
  expect(await ended).toEqual([null, "SIGKILL"]);
}

async function writePoor(): Promise<void> {
  const { header, repositories, prompts } = await readTrace(path);
  await using file = await TraceWriter.create(poor, header, repositories);
  for (const prompt of prompts) {
    const onPath = (trie: RowTrie) => {
      const kept = new RowTrie();
      const [from, to] = [trie, kept].map((each) => each.addPath(pathOf(prompt)));
      for (const [index, node] of from!.entries()) {
        const row = trie.row(node);
        if (row !== undefined) kept.setRow(to![index]!, row);
      }
      return kept;
    };
    await file.append({ ...prompt, target: onPath(prompt.target), draft: onPath(prompt.draft!) });
  }
}

function numRowsOf(trie: RowTrie): number {
  return Array.from({ length: trie.size }, (_, node) => trie.row(node)).filter(Boolean).length;
}

describe("npm run traces", () => {
  test("a recording that is killed and gone on with is the one that ran through", async () => {
    const straight = join(folder, "straight.trace");
    await run(process.execPath, recordArgs(straight));
    await recordAndKill(path, 2);
    // A place that was being written.
    appendFileSync(path, Buffer.of(2, 200, 0, 0, 0, 1, 2, 3));
    await expect(traces("replay", path)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cut off. Record again with the same options"),
    });
    const { stdout } = await run(process.execPath, recordArgs(path));
    expect(stdout).toContain("| redux 1");
    const [whole, resumed] = [await readTrace(straight), await readTrace(path)];
    const tokens = resumed.prompts.reduce((sum, { output }) => sum + output.length, 0);
    expect(tokens).toBeGreaterThanOrEqual(NUM_TOKENS);
    expect(resumed.prompts.length).toBeGreaterThan(2);
    expect(resumed.prompts.map((prompt) => Buffer.from(encodePrompt(prompt)))).toEqual(
      whole.prompts.map((prompt) => Buffer.from(encodePrompt(prompt))),
    );
  });

  test("refuses to go on with another model, another cut, or other sources", async () => {
    for (const [args, what] of [
      [recordArgs(path, "--prompt-tokens", "96"), "settings.maxPromptTokens: 128 in place of 96"],
      [recordArgs(path, "--target", DRAFT_PATH), "target.name"],
    ] as const) {
      await expect(run(process.execPath, args)).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining(what),
      });
    }
    await expect(traces("record", path, ...MODELS, "--sources", folder)).rejects.toMatchObject({
      stderr: expect.stringContaining("npm run traces:sources"),
    });
  });

  test("replays every configuration without a model, on one half", async () => {
    const { stdout } = await traces("replay", path, "--configs", "all", "--costs", "cpu,flat8");
    for (const config of ALL_REPLAY_CONFIGS) expect(stdout).toContain(`| ${config} `);
    expect(stdout.match(/^Costs: /gm)).toHaveLength(2);
    expect(stdout).toContain("Replayed: report.");
  });

  test("a replay compares with plain decoding, whatever is asked for, and Ctrl+C ends it", async () => {
    const { stdout } = await traces("replay", path, "--configs", "union", "--costs", "cpu");
    expect(stdout).toMatch(/\| plain +\|.*\n\| union +\|/);
    const args = ["replay", path, "--half", "all", "--costs", Array(200).fill("flat8").join()];
    const child = spawn(process.execPath, [TRACES, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "exit");
    child.stdout.resume();
    child.stderr.setEncoding("utf8").once("data", () => child.kill("SIGINT"));
    expect(await ended).toEqual([130, null]);
  });

  test("a completed recording has the rows that it lacked, and all that it had", async () => {
    await writePoor();
    const ofThese = ["--configs", "recycling,union,fused", "--costs", "flat8"];
    const completeArgs = (out: string) => ["complete", poor, "--out", out, ...MODELS, ...ofThese];
    const lackedShares = async (file: string) => {
      const { stdout } = await traces("replay", file, ...ofThese, "--half", "all");
      const [plain, ...shares] = Array.from(stdout.matchAll(/ (\d+\.\d+) % +\|$/gm), ([, share]) =>
        Number(share),
      );
      expect(plain).toBe(0);
      expect(shares).toHaveLength(3);
      return shares;
    };
    const { stderr } = await traces(...completeArgs(whole));
    const told = Array.from(stderr.matchAll(/(\d+) rows more/g), ([, numRows]) => Number(numRows));
    const before = await lackedShares(poor);
    const after = await lackedShares(whole);
    for (const [index, share] of before.entries()) {
      expect(share).toBeGreaterThan(2);
      expect(after[index]).toBeLessThan(share / 4);
    }
    const [first, second] = [await readTrace(poor), await readTrace(whole)];
    let numAdded = 0;
    for (const [index, prompt] of first.prompts.entries()) {
      const { target, draft, ...others } = second.prompts[index]!;
      const { target: _, draft: __, ...same } = prompt;
      expect(others).toEqual(same);
      for (const [had, has] of [
        [prompt.target, target],
        [prompt.draft!, draft!],
      ] as const) {
        for (let node = 0; node < had.size; node++) {
          const there = has.addPath(tokensTo(had, node)).at(-1)!;
          expect(has.row(there)).toEqual(had.row(node));
        }
        numAdded += numRowsOf(has) - numRowsOf(had);
      }
    }
    expect(told.reduce((sum, numRows) => sum + numRows)).toBe(numAdded);
    expect(numAdded).toBeGreaterThan(100);
    await expect(traces(...completeArgs(whole))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Expected no file at"),
    });
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("a completion that is killed goes on, and one for other costs begins anew", async () => {
    const out = join(folder, "resumed.trace");
    const args = ["complete", path, "--out", out, ...MODELS, "--configs", "recycling", "--costs"];
    const child = spawn(process.execPath, [TRACES, ...args, "flat8"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = once(child, "exit");
    let seen = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
      if (seen.includes("2 of ")) child.kill("SIGKILL");
    });
    expect(await ended).toEqual([null, "SIGKILL"]);
    const parts = () =>
      readdirSync(folder).filter((name) => /^resumed\.trace\.\w+\.part$/.test(name));
    expect(parts()).toHaveLength(1);
    appendFileSync(join(folder, parts()[0]!), Buffer.of(2, 200, 0, 0, 0, 1, 2, 3));
    const { stderr } = await traces(...args, "flat8");
    expect(stderr).not.toMatch(/^1 of /m);
    expect(parts()).toEqual([]);
    const numPlaces = (await readTrace(path)).prompts.length;
    expect((await readTrace(out)).prompts).toHaveLength(numPlaces);
    rmSync(out);
    const { stderr: anew } = await traces(...args, "flat16");
    expect(anew).toMatch(/^1 of /m);
  });

  test.each([
    [["nonsense"], "Expected record, complete, replay, check and a file"],
    [["replay", path, "--configs", "fast"], '"fast" is none of plain'],
    [["replay", path, "--half", "both"], "expected choose, report or all"],
    [["record", path], "Expected a target model"],
    [["replay", path, "--before", TARGET_PATH], "that --json wrote, found no JSON"],
    [["replay", path, "--costs", "gpu"], 'has "gpu", expected cpu, flat8'],
    [
      ["replay", path, "--json", join(path, "x", "y.json")],
      "expected a folder that can be written",
    ],
    [["complete", path], "Expected a file for the completed trace"],
  ])("refuses %j with a message", async (args, message) => {
    await expect(traces(...args)).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining(message),
    });
  });
});

/** Reads rows again that the second trie has and the first lacks, each behind a prompt of its own; returns how many. */
async function compareAdded(
  model: BranchedTarget,
  promptTokens: Int32Array,
  before: RowTrie,
  after: RowTrie,
): Promise<number> {
  let numCompared = 0;
  for (let node = 1; node < after.size && numCompared < 8; node++) {
    const row = after.row(node);
    const tokens = tokensTo(after, node);
    if (row === undefined || before.row(before.addPath(tokens).at(-1)!) !== undefined) continue;
    await model.prefill(Int32Array.of(...promptTokens, ...tokens.slice(0, -1)), NEVER);
    const logits = await model.evaluateTree(rootOnlyTree(tokens.at(-1)!), NEVER);
    // Of another cut; rows of other places lie apart by several.
    for (const [rank, token] of row.tokens.entries()) {
      expect(logits.logit(0, token)).toBeCloseTo(row.logits[rank]!, 0);
    }
    expect(logits.logSumExp(0)).toBeCloseTo(row.logSumExp, 0);
    numCompared++;
  }
  return numCompared;
}

describe("checkTrace", () => {
  let pair: ModelPair;
  beforeAll(async () => {
    pair = await loadModelPair("off", { ...PAIR, contextSize: 4096 }, ignore, NEVER);
  });
  afterAll(() => pair[Symbol.dispose]());

  test("the models take the recorded steps by the same clock: all of them where no row is lacked", async () => {
    const trace = await readTrace(path);
    const numPlaces = trace.prompts.length;
    const settings = { path, configs: ALL_REPLAY_CONFIGS, numPlaces, isFree: true, costs: COSTS };
    const checks = await checkTrace(pair, trace, settings, ignore, NEVER);
    expect(checks.map(({ config }) => config)).toEqual(ALL_REPLAY_CONFIGS);
    for (const check of checks) {
      expect(check.numSame).toBe(numPlaces);
      expect(check.error).toBeLessThan(0.01);
      if (check.lackedShare === 0) expect(check.numSameSteps).toBe(numPlaces);
    }
    const { real, lackedShare } = checks.find(({ config }) => config === "union")!;
    expect(real).toBeGreaterThan(1.2);
    expect(lackedShare).toBe(0);
    expect(checks.filter((check) => check.lackedShare === 0).length).toBeGreaterThan(4);
  });

  test("rows that were added are the models' own, of both", async () => {
    const [first, second] = [await readTrace(poor), await readTrace(whole)];
    let [numTarget, numDraft] = [0, 0];
    for (const [index, prompt] of second.prompts.slice(0, 3).entries()) {
      const before = first.prompts[index]!;
      numTarget += await compareAdded(
        pair.target.target,
        prompt.promptTokens,
        before.target,
        prompt.target,
      );
      numDraft += await compareAdded(
        pair.draft!.target,
        prompt.draftPromptTokens,
        before.draft!,
        prompt.draft!,
      );
    }
    expect(numTarget).toBeGreaterThan(10);
    expect(numDraft).toBeGreaterThan(0);
  });
});
