/** Runs the benchmark in the engine, with the models that are loaded there. */
import { DEFAULT_CONFIGS, type SpeedSuiteName } from "../bench/benchConfigNames.ts";
import type { BenchReport } from "../bench/benchReport.ts";
import type { SourceFile } from "../bench/sourceSpots.ts";
import type { BenchParams, BenchProgress, BenchSources } from "../engine/protocol.ts";
import type { BenchmarkOptions, BenchmarkProgress, BenchmarkRunner } from "./benchmarkRunner.ts";

/** What the command line measures, too. */
const NUM_PROMPTS = 16;
const MAX_TOKENS = 48;
const MAX_PROMPT_TOKENS = 512;

export interface EngineBenchmarkOptions {
  readonly bench: (
    params: BenchParams,
    onProgress: (progress: BenchProgress) => void,
    signal: AbortSignal,
  ) => Promise<BenchReport>;
  /** Code unlike the workspace; undefined if there is none. */
  readonly readForeign: (seed: number, signal: AbortSignal) => Promise<BenchSources | undefined>;
}

export class EngineBenchmarkRunner implements BenchmarkRunner {
  readonly #options: EngineBenchmarkOptions;

  constructor(options: EngineBenchmarkOptions) {
    this.#options = options;
  }

  async run(
    files: readonly SourceFile[],
    { seed, origin, repoName }: BenchmarkOptions,
    onProgress: (progress: BenchmarkProgress) => void,
    signal: AbortSignal,
  ): Promise<BenchReport> {
    const { bench, readForeign } = this.#options;
    const foreign = await readForeign(seed, signal);
    const suites: SpeedSuiteName[] = foreign === undefined ? ["repo"] : ["repo", "scratch"];
    const params: BenchParams = {
      suites,
      workspace: { origin, repoName, files },
      foreign: foreign ?? { origin: "nothing", files: [] },
      configs: DEFAULT_CONFIGS,
      numPrompts: NUM_PROMPTS,
      maxTokens: MAX_TOKENS,
      maxPromptTokens: MAX_PROMPT_TOKENS,
      seed,
    };
    const report = await bench(params, (each) => onProgress(progressOf(suites, each)), signal);
    // Cancelled before a prompt was finished: there is nothing to show.
    if (Object.keys(report.suites).length === 0) signal.throwIfAborted();
    return report;
  }
}

/** Suites count alike; what comes before them counts nothing. */
export function progressOf(
  suites: readonly string[],
  { part, done, total, what }: BenchProgress,
): BenchmarkProgress {
  const index = suites.indexOf(part);
  if (index === -1) return { message: `${part}: ${what}`, fraction: 0 };
  const share = total === 0 ? 0 : done / total;
  return {
    message: `${part}: ${done} of ${total} prompts (${what})`,
    fraction: (index + share) / suites.length,
  };
}
