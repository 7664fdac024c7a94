/** Runs the benchmark in the engine, with the models that are loaded there. */
import { DEFAULT_CONFIGS } from "../../bench/base/benchConfigNames.ts";
import {
  DEFAULT_MAX_TOKENS,
  DEFAULT_MINUTES,
  DEFAULT_PROMPT_TOKENS,
  MS_PER_MINUTE,
  progressText,
} from "../../bench/speed/benchPlan.ts";
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import type { SourceFile } from "../../bench/spots/sourceSpots.ts";
import type { BenchParams, BenchProgress } from "../../engine/protocol/benchMessages.ts";
import type { BenchmarkOptions, BenchmarkProgress, BenchmarkRunner } from "./benchmarkRunner.ts";

type EngineBench = (
  params: BenchParams,
  onProgress: (progress: BenchProgress) => void,
  signal: AbortSignal,
) => Promise<BenchReport>;

/** Asks for what the command line asks for. */
export class EngineBenchmarkRunner implements BenchmarkRunner {
  readonly #bench: EngineBench;

  constructor(bench: EngineBench) {
    this.#bench = bench;
  }

  async run(
    files: readonly SourceFile[],
    { seed, origin, repoName }: BenchmarkOptions,
    onProgress: (progress: BenchmarkProgress) => void,
    signal: AbortSignal,
  ): Promise<BenchReport> {
    const params: BenchParams = {
      suites: ["repo"],
      workspace: { origin, repoName, files },
      foreign: { origin: "nothing", files: [] },
      configs: DEFAULT_CONFIGS,
      budgetMs: DEFAULT_MINUTES * MS_PER_MINUTE,
      maxTokens: DEFAULT_MAX_TOKENS,
      maxPromptTokens: DEFAULT_PROMPT_TOKENS,
      seed,
    };
    const report = await this.#bench(params, (each) => onProgress(progressOf(each)), signal);
    // Cancelled before a prompt was finished: there is nothing to show.
    if (Object.keys(report.suites).length === 0) signal.throwIfAborted();
    return report;
  }
}

export function progressOf({ part, done, fraction = 0, what }: BenchProgress): BenchmarkProgress {
  return { message: progressText(part, done, fraction, what), fraction };
}
