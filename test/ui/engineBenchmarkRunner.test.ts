import { describe, expect, test } from "vitest";
import { DEFAULT_CONFIGS } from "../../src/bench/benchConfigNames.ts";
import { type BenchParams, checkBenchParams } from "../../src/engine/protocol.ts";
import {
  type EngineBenchmarkOptions,
  EngineBenchmarkRunner,
  progressOf,
} from "../../src/ui/engineBenchmarkRunner.ts";
import { GAIN_REPORT } from "../support/benchReports.ts";

const FILES = [{ path: "a.ts", text: "const a = 1;\n" }];
const OPTIONS = { seed: 1, origin: "ws (1 file, 1 kB)", repoName: "ws" };
const FOREIGN = { origin: "lib 1.0.0 (1 file)", files: [{ path: "b.js", text: "b();\n" }] };
const never = new AbortController().signal;

function runnerWith(overrides: Partial<EngineBenchmarkOptions>) {
  return new EngineBenchmarkRunner({
    bench: async () => GAIN_REPORT,
    readForeign: async () => FOREIGN,
    ...overrides,
  });
}

describe("EngineBenchmarkRunner", () => {
  test("asks for what the engine accepts, and passes its report on", async () => {
    const asked: BenchParams[] = [];
    const runner = runnerWith({
      bench: async (params) => {
        checkBenchParams(params);
        asked.push(params);
        return GAIN_REPORT;
      },
    });
    expect(await runner.run(FILES, OPTIONS, () => {}, never)).toBe(GAIN_REPORT);
    expect(asked[0]).toMatchObject({
      suites: ["repo", "scratch"],
      workspace: { origin: OPTIONS.origin, repoName: "ws", files: FILES },
      foreign: FOREIGN,
      configs: DEFAULT_CONFIGS,
      seed: 1,
    });
  });

  test("without foreign code measures on the workspace alone", async () => {
    let suites: readonly string[] = [];
    const runner = runnerWith({
      readForeign: async () => undefined,
      bench: async (params) => {
        checkBenchParams(params);
        suites = params.suites;
        return GAIN_REPORT;
      },
    });
    await runner.run(FILES, OPTIONS, () => {}, never);
    expect(suites).toEqual(["repo"]);
  });

  test("a run that was cancelled gives what it has, and rejects if that is nothing", async () => {
    const signal = AbortSignal.abort();
    const partial = { ...GAIN_REPORT, isComplete: false };
    const some = runnerWith({ bench: async () => partial });
    expect(await some.run(FILES, OPTIONS, () => {}, signal)).toBe(partial);
    const none = runnerWith({ bench: async () => ({ ...partial, suites: {} }) });
    await expect(none.run(FILES, OPTIONS, () => {}, signal)).rejects.toThrow(/abort/i);
  });
});

describe("progressOf", () => {
  const SUITES = ["repo", "scratch"];
  test.each([
    [{ part: "the machine", done: 0, total: 16, what: "watching" }, 0, "the machine: watching"],
    [{ part: "repo", done: 0, total: 16, what: "plain" }, 0, "repo: 0 of 16 prompts (plain)"],
    [{ part: "repo", done: 8, total: 16, what: "fused" }, 0.25, "repo: 8 of 16 prompts (fused)"],
    [
      { part: "scratch", done: 8, total: 16, what: "plain" },
      0.75,
      "scratch: 8 of 16 prompts (plain)",
    ],
    [{ part: "scratch", done: 0, total: 0, what: "x" }, 0.5, "scratch: 0 of 0 prompts (x)"],
  ])("of %j", (progress, fraction, message) => {
    expect(progressOf(SUITES, progress)).toEqual({ fraction, message });
  });
});
