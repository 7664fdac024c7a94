/** What is said about a benchmark of speed, and what all benchmarks share. */
import * as v from "valibot";
import { ProgressType, RequestType } from "vscode-jsonrpc/node";
import { ALL_CONFIGS, SPEED_SUITES } from "../../bench/base/benchConfigNames.ts";
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import { count, finite, listOf, shapeOf } from "../../core/base/messageSchema.ts";
import type { WireError, WithProgress } from "./protocol.ts";

/** Source files as whoever asks for a benchmark gathered them. */
export const benchSources = shapeOf({
  /** What they are, in words: a package with its version, or a folder. */
  origin: v.string(),
  repoName: v.exactOptional(v.string()),
  /** Paths as they are shown to the reader. */
  files: listOf(shapeOf({ path: v.string(), text: v.string() })),
});
export type BenchSources = v.InferOutput<typeof benchSources>;

export const benchParams = shapeOf({
  /** In the order in which they run. */
  suites: listOf(v.picklist(SPEED_SUITES)),
  /** `repo` hides spans of it. */
  workspace: benchSources,
  /** Code that is unlike the workspace, for `scratch`. */
  foreign: benchSources,
  /** Names of `bench/base/benchConfigNames.ts`; plain decoding is measured besides, twice. */
  configs: v.pipe(v.array(v.picklist(ALL_CONFIGS)), v.minLength(1), v.readonly()),
  /** Time for all suites, in ms, from the request on. It ends within one prompt's time of it, or sooner where that tells enough. */
  budgetMs: v.pipe(finite, v.gtValue(0)),
  /** Measured prompts of a suite at most; absent: as many as tell something. */
  numPrompts: v.exactOptional(count),
  /** Output tokens at most. */
  maxTokens: count,
  maxPromptTokens: count,
  seed: count,
  /** Drafts are chosen as if passes of up to so many rows cost the same; as measured if absent. */
  flatRows: v.exactOptional(count),
  /** Drafts have learned nothing before the first measured prompt; otherwise from a few beforehand. */
  startsCold: v.exactOptional(v.boolean()),
});
export type BenchParams = v.InferOutput<typeof benchParams>;

/** What a benchmark answers, complete or not. */
export type BenchAnswer = BenchReport;

export interface BenchProgress {
  /** The suite, or what comes before them. */
  readonly part: string;
  /** Prompts that are finished, of how many where that is known. */
  readonly done: number;
  readonly total?: number;
  /** Of the time that there is, what has passed, 0 … 1; where it is limited. */
  readonly fraction?: number;
  /** What is being done, in words. */
  readonly what: string;
}

export const benchRequest = new RequestType<WithProgress<BenchParams>, BenchAnswer, WireError>(
  "bench",
);

export const benchProgress = new ProgressType<BenchProgress>();
