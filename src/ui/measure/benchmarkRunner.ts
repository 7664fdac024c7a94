/** What measures: the panel and its command know the engine only by this. */
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import type { SourceFile } from "../../bench/spots/sourceSpots.ts";

export interface BenchmarkOptions {
  /** Draws the places that are completed. */
  readonly seed: number;
  /** Where the files come from, in words. */
  readonly origin: string;
  /** As prompts name the repository. */
  readonly repoName: string;
}

export interface BenchmarkProgress {
  /** What is being measured now. */
  readonly message: string;
  /** Of the whole run, 0 … 1; never falls. */
  readonly fraction: number;
}

export interface BenchmarkRunner {
  /**
   * Measures on source files. A run that is aborted resolves with what was measured so far (`isComplete` is false).
   * @throws AbortError if that is nothing; EngineError if the engine fails.
   */
  run(
    files: readonly SourceFile[],
    options: BenchmarkOptions,
    onProgress: (progress: BenchmarkProgress) => void,
    signal: AbortSignal,
  ): Promise<BenchReport>;
}
