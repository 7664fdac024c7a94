/** The benchmark on the real engine and models: every configuration, peers included, and every early end. */
import { describe, expect, test, vi } from "vitest";
import { ALL_CONFIGS, FIXED_CONFIGS, PEER_CONFIGS } from "../../src/bench/base/benchConfigNames.ts";
import { formatBenchMarkdown } from "../../src/bench/speed/benchMarkdown.ts";
import { MAX_NEAR_TIE_RATE } from "../../src/bench/speed/losslessCheck.ts";
import type { BenchParams } from "../../src/engine/protocol/benchMessages.ts";
import { PAIR, SHORT_REQUEST } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

const files = packageSources();
const filesOf = (name: string) => files.filter(({ path }) => path.startsWith(`${name}/`));
const PARAMS: BenchParams = {
  suites: ["repo"],
  workspace: { origin: "redux", files: filesOf("redux") },
  foreign: { origin: "immer", files: filesOf("immer") },
  configs: ALL_CONFIGS,
  // The machine may be slow; what ends a run here is the number of prompts, or an abort.
  budgetMs: 600_000,
  numPrompts: 2,
  maxTokens: 24,
  maxPromptTokens: 128,
  seed: 3,
};

async function openPair(params = PAIR) {
  const client = createClient();
  await client.load(params, ignore, NEVER);
  return client;
}

describe("bench", () => {
  test("measures every configuration beside the peers, and all say what plain decoding says", async () => {
    const client = await openPair();
    const parts = new Set<string>();
    const suites = ["scratch", "repo", "unpredictable"] as const;
    const report = await client.bench({ ...PARAMS, suites }, ({ part }) => parts.add(part), NEVER);
    expect([...parts]).toEqual(["the machine", "peers", "indexing", ...suites]);
    expect(report).toMatchObject({
      isComplete: true,
      backend: "cpu",
      models: { target: { name: "Treeline tiny target" }, draft: { name: "Treeline tiny draft" } },
      settings: { seed: 3, configs: [...new Set([...FIXED_CONFIGS, ...ALL_CONFIGS])] },
      budgetMs: PARAMS.budgetMs,
      verdict: { kind: "undecided", sentence: expect.stringMatching(/^Too few prompts/) },
      versions: { nodeLlamaCpp: "3.21.1" },
    });
    expect(report.cost?.points[0]).toMatchObject({ numRows: 1 });
    expect(report.settings.threadsAtEnd).toBe(report.settings.threads);
    expect(report.lossless).toMatchObject({
      differingTokens: 0,
      maxNearTieRate: MAX_NEAR_TIE_RATE,
    });
    expect(report.lossless.tokens).toBeGreaterThan(0);
    expect(Object.keys(report.suites)).toEqual(suites);
    for (const [name, suite] of Object.entries(report.suites)) {
      expect(suite.numPrompts).toBe(2);
      const rows = [...suite.configs, ...suite.unmeasured];
      const expected =
        name === "unpredictable" ? [...FIXED_CONFIGS, "fused"] : report.settings.configs;
      expect(rows.map((row) => row.name).toSorted()).toEqual(expected.toSorted());
      for (const row of suite.configs) {
        // Peers evaluate other batches than ours, so ties may flip in them as well.
        expect(row.differingTokens, `${name} ${row.name}`).toBe(0);
        expect(row.isComparable).toBe(true);
        expect(row.tokensPerSecond).toBeGreaterThan(0);
        expect(row.meanAcceptanceLength).toBeGreaterThanOrEqual(1);
        expect(row.ttftMs.p50).toBeGreaterThan(0);
        expect(row.firstLineMs).toBeGreaterThanOrEqual(row.ttftMs.p50 / 2);
        const isPeer = PEER_CONFIGS.some((peer) => peer === row.name);
        expect(row.modelledRatio === null).toBe(isPeer);
        expect(row.tried.length).toBeGreaterThanOrEqual(isPeer ? 4 : 0);
        expect(/ for the draft model$/.test(row.setting)).toBe(row.name === "peer:draft");
      }
    }
    expect(Object.keys(report.suites["repo"]?.fusedFirstLineOver ?? {})).toContain("peer:draft");
    expect(formatBenchMarkdown(report)).toContain("## unpredictable");
    // The engine serves on as if nothing had been.
    const { text } = await client.complete(SHORT_REQUEST, ignore, NEVER);
    const fresh = await openPair();
    expect(text).toBe((await fresh.complete(SHORT_REQUEST, ignore, NEVER)).text);
  });

  test("reports what was finished when it is aborted, wherever that is", async () => {
    const client = await openPair();
    const configs = ["plain", "peer:lookup", "fused"];
    for (const numReports of [1, 3, 6, 24]) {
      const controller = new AbortController();
      let left = numReports;
      const onProgress = () => {
        if (--left === 0) controller.abort();
      };
      const params = { ...PARAMS, configs, numPrompts: 500 };
      const report = await client.bench(params, onProgress, controller.signal);
      expect(report.isComplete).toBe(false);
      for (const suite of Object.values(report.suites)) expect(suite.numPrompts).toBeGreaterThan(0);
      expect(report.warnings.join()).toContain("stopped before its end");
    }
  });

  test("a completion comes first", async () => {
    const client = await openPair();
    let part = "";
    const bench = client.bench(
      { ...PARAMS, configs: ["plain", "fused"], numPrompts: 500 },
      (progress) => {
        part = progress.part;
      },
      NEVER,
    );
    await vi.waitFor(() => expect(part).toBe("repo"), { timeout: 60_000 });
    const { text } = await client.complete(SHORT_REQUEST, ignore, NEVER);
    expect(text).not.toBe("");
    expect((await bench).isComplete).toBe(false);
  });

  test("leaves out what needs a draft model where there is none", async () => {
    const { draftPath: _none, ...params } = PAIR;
    const client = await openPair(params);
    const configs = ["plain", "peer:draft", "draftModel", "fused", "fused-draftModel"];
    const report = await client.bench({ ...PARAMS, configs, numPrompts: 1 }, ignore, NEVER);
    const leftOut = report.suites["repo"]?.unmeasured.filter(({ warnings }) => warnings.length > 0);
    expect(leftOut?.map(({ name }) => name)).toEqual([
      "peer:draft",
      "draftModel",
      "fused-draftModel",
    ]);
    expect(report.models.draft).toBeNull();
  });

  test("takes the time that it is given, and spends it on plain decoding, plain again and the product", async () => {
    const client = await openPair();
    const { numPrompts: _none, ...params } = PARAMS;
    const fractions: number[] = [];
    const budgetMs = 6_000;
    const report = await client.bench(
      { ...params, configs: ["fused"], budgetMs },
      ({ fraction = -1 }) => fractions.push(fraction),
      NEVER,
    );
    expect(report.suites["repo"]?.configs.map(({ name }) => name)).toEqual([
      "plain",
      "plain again",
      "fused",
    ]);
    expect(report.isComplete).toBe(true);
    const { numPrompts, ending } = report.suites["repo"]!;
    expect(ending).toBe("time");
    expect(numPrompts).toBeGreaterThan(1);
    // A prompt takes about as long as others did; the machine may be busy with something else.
    expect(report.elapsedMs).toBeLessThan(budgetMs + 3 * (budgetMs / numPrompts) + 1_000);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBeGreaterThan(0.5);
  });

  test("without a suite says what a pass costs, and no more", async () => {
    const client = createClient();
    await client.load(PAIR, ignore, NEVER);
    const { suites, cost } = await client.bench({ ...PARAMS, suites: [] }, ignore, NEVER);
    expect(suites).toEqual({});
    expect(cost?.points[0]).toMatchObject({ numRows: 1, ms: expect.any(Number) });
  });

  test("is refused before a load, and with fields that make no sense", async () => {
    const client = createClient();
    await expect(client.bench(PARAMS, ignore, NEVER)).rejects.toMatchObject({ code: "notLoaded" });
    await client.load(PAIR, ignore, NEVER);
    const invalid: readonly (readonly [string, unknown])[] = [
      ["suites", ["typing"]],
      ["configs", ["plain", "fastest"]],
      ["workspace", undefined],
      ["foreign", {}],
      ["numPrompts", 0],
      ["budgetMs", 0],
      ["budgetMs", Number.POSITIVE_INFINITY],
      ["maxTokens", 1.5],
      ["maxPromptTokens", Number.NaN],
      ["seed", "1"],
    ];
    for (const [field, value] of invalid) {
      const params = { ...PARAMS, [field]: value } as BenchParams;
      await expect(client.bench(params, ignore, NEVER), field).rejects.toMatchObject({
        code: "invalidRequest",
        message: expect.stringContaining(field),
      });
    }
    const empty = { ...PARAMS, workspace: { origin: "nothing", files: [] } };
    await expect(client.bench(empty, ignore, NEVER)).rejects.toMatchObject({
      code: "invalidRequest",
      message: expect.stringContaining("no line of code"),
    });
  });
});
