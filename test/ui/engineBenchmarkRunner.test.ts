import { describe, expect, test } from "vitest";
import { DEFAULT_CONFIGS } from "../../src/bench/base/benchConfigNames.ts";
import { type BenchParams, benchParams } from "../../src/engine/protocol/benchMessages.ts";
import { checkRequest } from "../../src/engine/requestChecks.ts";
import { EngineBenchmarkRunner, progressOf } from "../../src/ui/measure/engineBenchmarkRunner.ts";
import { GAIN_REPORT } from "../support/benchReports.ts";

const FILES = [{ path: "a.ts", text: "const a = 1;\n" }];
const OPTIONS = { seed: 1, origin: "ws (1 file, 1 kB)", repoName: "ws" };
const never = new AbortController().signal;

describe("EngineBenchmarkRunner", () => {
  test("asks for what the engine accepts, three minutes of it, and passes its report on", async () => {
    const asked: BenchParams[] = [];
    const runner = new EngineBenchmarkRunner(async (params) => {
      checkRequest(benchParams, params);
      asked.push(params);
      return GAIN_REPORT;
    });
    expect(await runner.run(FILES, OPTIONS, () => {}, never)).toBe(GAIN_REPORT);
    expect(asked).toMatchObject([
      {
        suites: ["repo"],
        workspace: { origin: OPTIONS.origin, repoName: "ws", files: FILES },
        configs: DEFAULT_CONFIGS,
        budgetMs: 180_000,
        seed: 1,
      },
    ]);
  });

  test("a run that was cancelled gives what it has, and rejects if that is nothing", async () => {
    const signal = AbortSignal.abort();
    const partial = { ...GAIN_REPORT, isComplete: false };
    const some = new EngineBenchmarkRunner(async () => partial);
    expect(await some.run(FILES, OPTIONS, () => {}, signal)).toBe(partial);
    const none = new EngineBenchmarkRunner(async () => ({ ...partial, suites: {} }));
    await expect(none.run(FILES, OPTIONS, () => {}, signal)).rejects.toThrow(/abort/i);
  });
});

describe("progressOf", () => {
  test.each([
    [
      { part: "the machine", done: 0, fraction: 0, what: "watching" },
      "the machine: 0 % of the time (watching)",
    ],
    [
      { part: "repo", done: 1, fraction: 0.25, what: "fused" },
      "repo: 1 prompt measured, 25 % of the time (fused)",
    ],
    [
      { part: "repo", done: 8, fraction: 0.751, what: "plain" },
      "repo: 8 prompts measured, 75 % of the time (plain)",
    ],
  ])("of %j", (progress, message) => {
    expect(progressOf(progress)).toEqual({ fraction: progress.fraction, message });
  });
});
