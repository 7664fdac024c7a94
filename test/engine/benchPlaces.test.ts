/** The suite `accuracy` and `bench --against` on the real engine and models, and through the built command line. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatAccuracyReport } from "../../src/bench/accuracy/accuracyReport.ts";
import { type PlaceResult, rawTextOf } from "../../src/bench/accuracy/placeResult.ts";
import { EDITOR_ARM, promptArm } from "../../src/bench/accuracy/promptArms.ts";
import { drawStopSpots } from "../../src/bench/spots/stopSpots.ts";
import { Terminal } from "../../src/cli/base/terminal.ts";
import { accuracySuite } from "../../src/cli/bench/accuracySuite.ts";
import { againstSuite } from "../../src/cli/bench/againstSuite.ts";
import type { BenchOptions } from "../../src/cli/bench/benchSuite.ts";
import { trimCompletion } from "../../src/core/ending/trimCompletion.ts";
import { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import { type CompletionBody, FakeLlamaServer } from "../fakes/fakeLlamaServer.ts";
import { CLI_PATH, PAIR } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";
import { repositoryModel } from "../support/repositoryModel.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-tests-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a suite measures with: the bundled pair, no terminal. */
async function surroundings(options: Partial<BenchOptions>, targetPath?: string) {
  const workspace = new WorkspaceFeed();
  const client = createClient({}, { workspace });
  const params = { ...(targetPath === undefined ? PAIR : { targetPath }), contextSize: 4096 };
  const models = await client.load(params, ignore, NEVER);
  const notes: string[] = [];
  const stream = { write: (text: string) => notes.push(text) };
  return {
    notes,
    options: { seed: 1, gpu: "off" as const, ...options },
    context: {
      terminal: new Terminal({ write: ignore }, stream, {}),
      cliUrl: new URL(`file://${CLI_PATH}`).href,
      env: {},
      workingFolder: folder,
    },
    session: { client, params, models, workspace },
  };
}

describe("promptOf", () => {
  test("is the prompt that a completion evaluates, and tells whether its tokens are kept", async () => {
    const { session } = await surroundings({});
    const { client } = session;
    for (const spot of drawStopSpots(packageSources(), 12, 9)) {
      const { prefixText, suffixText, path: filePath } = spot;
      const request = { prefixText, suffixText, filePath, maxTokens: 8 };
      const { promptTokens } = await client.promptOf({ ...request, nextText: "" }, NEVER);
      const { stats } = await client.complete({ ...request, sources: [] }, ignore, NEVER);
      expect(promptTokens.length).toBe(stats.numPromptTokens);
    }
    const keeps = async (prefixText: string, nextText: string) => {
      const question = { prefixText, suffixText: "", maxTokens: 8, nextText };
      return (await client.promptOf(question, NEVER)).keepsTokens;
    };
    expect(await keeps("const a = fun", "ction() {}")).toBe(false);
    expect(await keeps("const a =", " function() {}")).toBe(true);
    expect(await keeps("const a = fun", "")).toBe(true);
  });

  test("refuses what is no question, and a client without models says so", async () => {
    const { session } = await surroundings({});
    const question = { prefixText: "a", suffixText: "", maxTokens: 0, nextText: "" };
    await expect(session.client.promptOf(question, NEVER)).rejects.toMatchObject({
      code: "invalidRequest",
      message: "maxTokens is 0, expected an integer of at least 1.",
    });
    const unloaded = createClient();
    await expect(unloaded.promptOf({ ...question, maxTokens: 1 }, NEVER)).rejects.toMatchObject({
      code: "notLoaded",
    });
  });
});

/** A module whose every function names what another one declares. */
function part(number: number): string {
  const other = (number + 1) % 3;
  const uses = Array.from({ length: 12 }, (_, index) => [
    `export function step${number}x${index}(count: number): number {`,
    `  const first = step${other}x${index}(count + ${index});`,
    `  if (first > ${index * 7}) return first * ${index};`,
    `  return step${other}x${index}(first) - ${index};`,
    "}",
  ]);
  const names = uses.map((_, index) => `step${other}x${index}`).join(", ");
  return [`import { ${names} } from "./part${other}.ts";`, ...uses.flat(), ""].join("\n");
}

describe("accuracySuite", () => {
  test("asks with text of a workspace's other files, and says how much of the prompts that is", async () => {
    const workspace = join(folder, "modules");
    await mkdir(workspace);
    for (const number of [0, 1, 2])
      await writeFile(join(workspace, `part${number}.ts`), part(number));
    const options = { prompts: 4, maxTokens: 4, suggestions: 1, workspace };
    const model = repositoryModel();
    const plain = await accuracySuite.measure(await surroundings(options, model), NEVER);
    expect(plain).toMatchObject({ prompt: "line+heal", promptShares: { imports: 0, similar: 0 } });
    const asked = { ...options, context: "all", contextTokens: 200, promptTokens: 700 } as const;
    const around = await surroundings(asked, model);
    const report = await accuracySuite.measure(around, NEVER);
    expect(report.prompt).toBe(
      "line+heal+context, with imports and similar of 200 tokens, 700 tokens at most",
    );
    const shares = report.places.map((place) => place.shares!);
    for (const { imports } of shares) expect(imports).toBeGreaterThan(0);
    for (const { imports, similar } of shares) expect(imports + similar).toBeLessThanOrEqual(200);
    expect(Object.values(report.promptShares!).reduce((a, b) => a + b)).toBeCloseTo(1);
    expect(report.meanPromptTokens).toBeLessThanOrEqual(700);
    expect(formatAccuracyReport(report)).toMatch(
      /Prompts have \d+ tokens on average: .*(declarations of imported files|like code) \d+ %/,
    );
    await expect(
      accuracySuite.measure(await surroundings({ context: "all" }, model), NEVER),
    ).rejects.toThrow("Expected --workspace beside --context");
    await expect(
      accuracySuite.measure(await surroundings({ contextTokens: 9 }, model), NEVER),
    ).rejects.toThrow("Expected --context beside --context-tokens");
    for (const [arms, context, expected] of [
      [[promptArm("line+context")!], "none", "Expected --context beside an arm"],
      [[promptArm("line")!], "all", "Expected an arm with +context"],
    ] as const) {
      const other = await surroundings({ ...options, arms, context }, model);
      await expect(accuracySuite.measure(other, NEVER)).rejects.toThrow(expected);
    }
    const arms = ["line", "line+context"].map((name) => promptArm(name)!);
    const both = await accuracySuite.measure(await surroundings({ ...asked, arms }, model), NEVER);
    expect(both).toMatchObject({
      prompt: "line, 700 tokens at most",
      promptShares: { imports: 0 },
    });
    for (const { shares } of both.arms[0]!.places) expect(shares!.imports).toBeGreaterThan(0);
    expect(both.arms[0]!.meanPromptTokens).toBeGreaterThan(both.meanPromptTokens!);
    expect(formatAccuracyReport(both)).toContain(
      ` ${both.arms[0]!.meanPromptTokens!.toFixed(0)} |`,
    );
  });

  test("answers places as a completion does, and judges what the target wrote beside what is offered", async () => {
    const around = await surroundings({ prompts: 8, maxTokens: 24 });
    const report = await accuracySuite.measure(around, NEVER);
    expect(report).toMatchObject({ isComplete: true, numSuggestions: 3, seed: 1 });
    expect(report.places).toHaveLength(8);
    expect(around.notes).toContain("accuracy: 8 places in 2 files, typescript\n");
    const spots = drawStopSpots(packageSources(), 8, 1);
    for (const [index, place] of report.places.entries()) {
      const { prefixText, suffixText, path, hiddenText } = spots[index]!;
      expect(place).toMatchObject({ path, hiddenText, parses: { original: true } });
      const plain = await around.session.client.complete(
        {
          prefixText,
          suffixText,
          filePath: path,
          languageId: "typescript",
          maxTokens: 24,
          sources: [],
          ...EDITOR_ARM.request,
        },
        ignore,
        NEVER,
      );
      expect(place.offeredText).toBe(plain.text);
      expect(place.rejection).toBe(plain.rejection ?? null);
      expect(place.rawText).toBe(rawTextOf(plain.pieces, spots[index]!));
      const isUnfinished = plain.finishReason === "maxTokens";
      const trimmed = trimCompletion(
        plain.pieces.join(""),
        { prefixText, suffixText, languageId: "typescript" },
        { isUnfinished },
      );
      expect("text" in trimmed ? trimmed.text : "").toBe(place.offeredText);
    }
    expect(formatAccuracyReport(report)).not.toMatch(/NaN|undefined/);
  });

  test("asks each place with every arm, each as it would be asked alone, and goes on in the middle of a place", async () => {
    const arms = ["cursor", "line+heal", "line~60@100"].map((name) => promptArm(name)!);
    const options = { prompts: 4, maxTokens: 8, suggestions: 1 };
    const resume = "arms.jsonl";
    const together = { ...options, arms, resume };
    const report = await accuracySuite.measure(await surroundings(together), NEVER);
    expect(report.arms.map(({ name }) => name)).toEqual(["line+heal", "line~60@100"]);
    for (const { shares } of report.arms[1]!.places) {
      expect(shares!.before + shares!.after + shares!.markers).toBeLessThanOrEqual(100);
      expect(shares!.after).toBeLessThanOrEqual(60);
    }
    const answers = [report.places, ...report.arms.map(({ places }) => places)];
    for (const [index, arm] of arms.entries()) {
      const alone = await accuracySuite.measure(
        await surroundings({ ...options, arms: [arm] }),
        NEVER,
      );
      const texts = alone.places.map(({ key, rawText }) => [key, rawText]);
      expect(answers[index]!.map(({ key, rawText }) => [key, rawText])).toEqual(texts);
    }
    const path = join(folder, resume);
    const lines = (await readFile(path, "utf8")).split("\n");
    expect(lines).toHaveLength(1 + 3 * 4 + 1);
    await writeFile(path, `${lines.slice(0, 6).join("\n")}\n`);
    const again = await accuracySuite.measure(await surroundings(together), NEVER);
    expect(again.arms.map(({ pairs }) => pairs)).toEqual(report.arms.map(({ pairs }) => pairs));
    expect((await readFile(path, "utf8")).split("\n")).toHaveLength(lines.length);
    const fewer = accuracySuite.measure(
      await surroundings({ ...options, arms: arms.slice(0, 1), resume }),
      NEVER,
    );
    await expect(fewer).rejects.toThrow("its arms is");
  });

  test("goes on from what a killed run left, and asks no place twice", async () => {
    const resume = "run.jsonl";
    const options = { prompts: 5, maxTokens: 8, suggestions: 1, resume };
    const { places } = await accuracySuite.measure(await surroundings(options), NEVER);
    const path = join(folder, resume);
    const lines = (await readFile(path, "utf8")).split("\n");
    expect(lines).toHaveLength(7);
    // Killed while it wrote the fourth; the third is marked, to tell it from one that is asked again.
    const third = { ...(JSON.parse(lines[3]!) as PlaceResult), offeredText: "marked" };
    const left = [...lines.slice(0, 3), JSON.stringify(third), lines[4]!.slice(0, 40)].join("\n");
    await writeFile(path, left);
    const again = await accuracySuite.measure(await surroundings(options), NEVER);
    expect(again.places.map(({ offeredText }) => offeredText)).toEqual(
      places.map(({ offeredText }, index) => (index === 2 ? "marked" : offeredText)),
    );
    expect((await readFile(path, "utf8")).split("\n")).toHaveLength(7);
    const other = accuracySuite.measure(await surroundings({ ...options, seed: 2 }), NEVER);
    await expect(other).rejects.toThrow(/its seed is 1, this run's 2/);
  });

  test("through the command line: JSON to compare with, and an error for JSON that is something else", async () => {
    const run = (...args: string[]) =>
      promisify(execFile)(
        process.execPath,
        [CLI_PATH, "bench", "--suite", "accuracy", "--gpu", "off", "--prompts", "5", ...args],
        { cwd: folder },
      );
    await run("--json", "one.json", "--max-tokens", "8");
    const { stdout } = await run("--compare", "one.json", "--max-tokens", "8");
    expect(stdout).toMatch(/^# Accuracy\n\n\*\*At 5 places in 1 file /);
    expect(stdout).toContain(" at 5 places: no difference in exact lines (");
    await writeFile(join(folder, "other.json"), "{}");
    await expect(run("--compare", "other.json")).rejects.toMatchObject({
      stderr: expect.stringContaining("Expected a report of --suite accuracy"),
    });
  });
});

describe("againstSuite", () => {
  test("runs the very prompts on a server, to plain's length, and compares tokens", async () => {
    await using server = await FakeLlamaServer.start();
    server.modelPath = PAIR.targetPath;
    const against = [{ url: server.url }, { label: "same", url: server.url }];
    const around = await surroundings({ prompts: 3, maxTokens: 12, against });
    const spots = drawStopSpots(packageSources(), 7, 1);
    const expected: CompletionBody[] = [];
    const tokensOf = new Map<string, readonly number[]>();
    for (const { prefixText, suffixText, path: filePath, language: languageId } of spots) {
      const request = { prefixText, suffixText, filePath, languageId, maxTokens: 12 };
      const { promptTokens } = await around.session.client.promptOf(
        { ...request, nextText: "" },
        NEVER,
      );
      const { tokens, finishReason } = await around.session.client.complete(
        { ...request, sources: [] },
        ignore,
        NEVER,
      );
      const prompt = Array.from(promptTokens);
      const count = tokens.length + Number(finishReason === "endToken");
      expected.push({ prompt, n_predict: count, cache_prompt: false, temperature: 0 });
      tokensOf.set(String(prompt), [...tokens, 0]);
    }
    // Says what Treeline says, but for the last place.
    server.answer = ({ prompt, n_predict }) => ({
      tokens: (tokensOf.get(String(prompt)) ?? [])
        .slice(0, n_predict)
        .map((token) => (String(prompt) === String(expected.at(-1)!.prompt) ? token + 1 : token)),
      content: "",
    });
    const report = await againstSuite.measure(around, NEVER);
    const asked = server.completions.map(({ prompt, n_predict, cache_prompt, temperature }) => ({
      ...{ prompt, n_predict, cache_prompt, temperature },
    }));
    // Each of the two at each place, those that warm up included.
    expect(asked).toEqual(expected.flatMap((one) => [one, one]));
    expect(report.places).toHaveLength(3);
    expect(report.figures.map(({ name, numSame }) => [name, numSame])).toEqual([
      ...[
        ["plain", 3],
        ["fused", 3],
      ],
      ...[
        [server.url.host, 2],
        ["same", 2],
      ],
    ]);
    expect(report.figures[2]!.speculation).toBe("draft-simple, n_max 3");
    expect(around.notes).toContain(
      `The text around each place is sent to ${server.url.host} (same).\n`,
    );
    expect(againstSuite.format(report)).toContain(
      `llama-server b7000-abcdef0 at ${server.url.host}`,
    );
  });

  test("refuses a server with another vocabulary, and doubts one with another file", async () => {
    await using server = await FakeLlamaServer.start();
    const against = [{ url: server.url }];
    const options = { prompts: 1, maxTokens: 4, against };
    const { warnings } = await againstSuite.measure(await surroundings(options), NEVER);
    expect(warnings).toContainEqual(
      expect.stringMatching(/serves some-target\.gguf, Treeline .*: are they the same model\?$/),
    );
    server.vocabSize = 151_936;
    const refused = againstSuite.measure(await surroundings(options), NEVER);
    await expect(refused).rejects.toThrow(
      /found some-target\.gguf: its vocabulary has 151936 tokens, the target's 8192\. Start it with -m /,
    );
  });

  test.each([
    "not an address",
    "file:///etc/passwd",
    "a=b=http://127.0.0.1:1",
    "http://me:secret@127.0.0.1:1",
  ])("the command line refuses %s as a server", async (address) => {
    const run = promisify(execFile)(process.execPath, [CLI_PATH, "bench", "--against", address]);
    await expect(run).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/Expected an address such as http:/),
    });
  });

  test("the command line says that nothing answers", async () => {
    const { url } = await FakeLlamaServer.start().then(async (server) => {
      await using closed = server;
      return { url: closed.url };
    });
    const run = promisify(execFile)(process.execPath, [
      ...[CLI_PATH, "bench", "--gpu", "off", "--against", url.href],
    ]);
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `error: No llama-server answers at ${url.host}: ECONNREFUSED.`,
      ),
    });
  });

  test("refuses two servers of one name, and one that keeps prompts", async () => {
    await using server = await FakeLlamaServer.start();
    const twice = [{ url: server.url }, { url: server.url }];
    const same = againstSuite.measure(await surroundings({ against: twice }), NEVER);
    await expect(same).rejects.toThrow(
      /Two contenders are called 127\.0\.0\.1:\d+\. Name servers apart/,
    );
    const answer = {
      content: "",
      tokens: [],
      timings: { prompt_ms: 1, predicted_ms: 1, prompt_n: 1 },
    };
    server.routes.set("/completion", (_, response) => response.end(JSON.stringify(answer)));
    const keeps = againstSuite.measure(
      await surroundings({ against: [{ url: server.url }], prompts: 1 }),
      NEVER,
    );
    await expect(keeps).rejects.toThrow(
      /to evaluate all \d+ tokens of the prompt, found 1\. Start it/,
    );
  });
});
