/** One benchmark request → one report: prompts, decoders, suites, what is known of machine and models. */
import {
  FIXED_CONFIGS,
  FUSED_CONFIG,
  isPeerConfig,
  type SpeedSuiteName,
} from "../../bench/base/benchConfigNames.ts";
import { MAX_OTHERS_SHARE } from "../../bench/base/busyMeter.ts";
import { ForcedTarget } from "../../bench/decoders/forcedTarget.ts";
import type { BenchReport, SuiteFigures } from "../../bench/speed/benchReport.ts";
import { runSuite, type SuiteRun } from "../../bench/speed/benchRunner.ts";
import { runWarnings, suiteWarnings } from "../../bench/speed/benchWarnings.ts";
import { MAX_NEAR_TIE_RATE, NEAR_TIE_GAP } from "../../bench/speed/losslessCheck.ts";
import { losslessFigures } from "../../bench/speed/losslessFigures.ts";
import { compareOutputs } from "../../bench/speed/outputComparison.ts";
import { mostChosenNodes, suiteFigures } from "../../bench/speed/suiteFigures.ts";
import { suiteOrigin } from "../../bench/speed/suiteWording.ts";
import { verdictOf } from "../../bench/speed/verdict.ts";
import { isAbortError, messageOf } from "../../core/base/errors.ts";
import { MeasuredPolicy } from "../../core/budget/measuredPolicy.ts";
import { type MeasuredPassCost, measurePassCost } from "../../core/budget/measurePassCost.ts";
import { FlatPassCost, PassCostTable } from "../../core/budget/passCost.ts";
import type { TargetModel } from "../../core/tree/targetModel.ts";
import { nodeLlamaVersion } from "../../llama/native/llamaLibrary.ts";
import { freezeThreads, type ModelPair } from "../models/modelHost.ts";
import type { BenchParams, BenchProgress } from "../protocol/benchMessages.ts";
import { createConfigs } from "./benchConfigs.ts";
import { openPeers, type Peers } from "./benchPeers.ts";
import { suitePrompts, suiteSpots } from "./benchPrompts.ts";
import { BenchWorkspace, wholeTextTokenizer } from "./benchWorkspace.ts";
import { machineFacts, sampleCpu, watchOthers } from "./machineFacts.ts";

/** Set by the bundler from package.json. */
declare const TREELINE_VERSION: string | undefined;

/** Prompts decoded before any is measured: so many at most, no more than are measured, and of those that there are a part. */
const MAX_WARMUPS = 8;
const WARMUP_SHARE = 0.25;
/** Plain's output must have so many tokens: shorter ones are over before there is a speed. */
const MIN_OUTPUT_TOKENS = 4;
/** Time for t(n), in ms. */
const MEASURE_MS = 1000;
const UTF8 = new TextDecoder();

/** @throws EngineError of the target; what was finished before an abort is reported, and nothing thrown then. */
export async function runBenchmark(
  pair: ModelPair,
  params: BenchParams,
  onProgress: (progress: BenchProgress) => void,
  signal: AbortSignal,
): Promise<BenchReport> {
  // What is compared has the same threads from the first pass to the last.
  using _ = freezeThreads(pair);
  const benchmark = new Benchmark(pair, params, onProgress);
  try {
    await benchmark.run(signal);
  } catch (error) {
    if (!(signal.aborted && isAbortError(error))) throw error;
  } finally {
    await benchmark[Symbol.asyncDispose]();
  }
  return benchmark.report(!signal.aborted, await nodeLlamaVersion());
}

class Benchmark implements AsyncDisposable {
  readonly #pair: ModelPair;
  readonly #params: BenchParams;
  readonly #onProgress: (progress: BenchProgress) => void;
  readonly #startedAt = new Date();
  readonly #startMs = performance.now();
  readonly #suites: Partial<Record<SpeedSuiteName, SuiteFigures>> = {};
  readonly #warnings: string[] = [];
  readonly #runs: SuiteRun[] = [];
  #peers: Peers | string = "no suite has peers.";
  #cost: MeasuredPassCost | undefined;
  #busyShare = 0;

  constructor(pair: ModelPair, params: BenchParams, onProgress: (progress: BenchProgress) => void) {
    this.#pair = pair;
    this.#params = params;
    this.#onProgress = onProgress;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { suites, configs } = this.#params;
    this.#tell("the machine", "watching what others do on it");
    this.#busyShare = await watchOthers(signal);
    this.#tell("the machine", "measuring what a pass costs");
    this.#cost = await this.#measureCost(signal);
    if (configs.some(isPeerConfig) && suites.some((suite) => suite !== "unpredictable")) {
      this.#tell("peers", "loading the models for node-llama-cpp's own decoding");
      this.#peers = await openPeers(this.#pair, signal);
    }
    if (suites.length === 0) return;
    const workspace = await this.#openWorkspace(signal);
    for (const [index, suite] of suites.entries()) {
      const share = this.#leftMs / (suites.length - index);
      await this.#runSuite(suite, workspace, performance.now() + share, signal);
    }
  }

  report(isComplete: boolean, nodeLlamaCpp: string): BenchReport {
    const { target, draft, backend, deviceNames, llamaCppVersion, contextSize } = this.#pair.loaded;
    const modelOf = ({ name, fileBytes }: typeof target) => ({ name, fileBytes });
    const cost = this.#cost;
    const { numThreads } = this.#pair.target.target;
    const lossless = losslessFigures(this.#runs, MAX_NEAR_TIE_RATE);
    const isBusy = this.#busyShare > MAX_OTHERS_SHARE;
    return {
      treeline: typeof TREELINE_VERSION === "string" ? TREELINE_VERSION : "development",
      date: this.#startedAt.toISOString(),
      verdict: verdictOf(this.#suites as Record<string, SuiteFigures>),
      isComplete,
      budgetMs: this.#params.budgetMs,
      elapsedMs: performance.now() - this.#startMs,
      machine: { ...machineFacts(), busyShare: this.#busyShare, isBusy },
      backend,
      deviceNames,
      models: { target: modelOf(target), draft: draft === undefined ? null : modelOf(draft) },
      versions: { node: process.versions.node, llamaCpp: llamaCppVersion, nodeLlamaCpp },
      settings: {
        seed: this.#params.seed,
        threads: target.numThreads,
        threadsAtEnd: numThreads,
        contextSize,
        configs: this.#configs,
      },
      cost: cost === undefined ? null : { ...cost, chosenNodes: mostChosenNodes(this.#runs) },
      suites: this.#suites as Record<string, SuiteFigures>,
      lossless,
      warnings: [
        ...runWarnings({
          isComplete,
          flatRows: this.#params.flatRows,
          busyShare: this.#busyShare,
          threads: { before: target.numThreads, after: numThreads },
          lossless,
        }),
        ...this.#warnings,
      ],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (typeof this.#peers !== "string") await this.#peers[Symbol.asyncDispose]();
  }

  async #runSuite(
    suite: SpeedSuiteName,
    index: BenchWorkspace,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const pair = this.#pair;
    const { maxTokens, maxPromptTokens, numPrompts, workspace, foreign } = this.#params;
    const isForced = suite === "unpredictable";
    const target: TargetModel = isForced
      ? new ForcedTarget(pair.target.target, this.#params.seed, (token) => !pair.isEndToken(token))
      : pair.target.target;
    // A peer's target cannot be told what to say.
    const names = isForced ? [...FIXED_CONFIGS, FUSED_CONFIG] : this.#configs;
    const { configs, leftOut } = createConfigs(names, {
      pair,
      target,
      peers: this.#peers,
      workspace: index,
      newPolicy: () => this.#newPolicy(),
    });
    const spots = suiteSpots(this.#params, suite);
    const maxGap = NEAR_TIE_GAP[this.#backendKind];
    const judge = { target, maxGap, isEndToken: pair.isEndToken };
    const run = await runSuite(
      {
        configs,
        prompts: suitePrompts(pair, this.#params, suite, spots, index),
        now: () => performance.now(),
        deadlineMs,
        numPrompts,
        maxWarmups: Math.min(
          numPrompts ?? MAX_WARMUPS,
          MAX_WARMUPS,
          Math.floor(WARMUP_SHARE * spots.length),
        ),
        maxTokens,
        minTokens: isForced ? 0 : Math.min(MIN_OUTPUT_TOKENS, maxTokens),
        compare: ({ promptTokens }, plain, other, running) =>
          compareOutputs(judge, promptTokens, plain, other, running),
        sampleCpu,
        firstLineLength: (tokens) => this.#firstLineLength(tokens),
        onProgress: (done, what) => this.#tell(suite, what, done),
      },
      signal,
    );
    const wholeRun = { ...run, configs: [...run.configs, ...leftOut] };
    this.#runs.push(wholeRun);
    const figures = suiteFigures(wholeRun, {
      origin: suiteOrigin(suite, workspace.origin, foreign.origin),
      maxTokens,
      maxPromptTokens,
      passMs: this.#passMs,
    });
    if (figures !== undefined) this.#suites[suite] = figures;
    this.#warnings.push(...suiteWarnings(suite, figures, wholeRun, numPrompts));
    signal.throwIfAborted();
  }

  async #openWorkspace(signal: AbortSignal): Promise<BenchWorkspace> {
    const { files } = this.#params.workspace;
    const onProgress = (done: number) =>
      this.#tell("indexing", `${done} of ${files.length} files of the workspace`);
    const tokenizer = wholeTextTokenizer(this.#pair.target.model);
    return BenchWorkspace.open(files, tokenizer, onProgress, signal);
  }

  async #measureCost(signal: AbortSignal): Promise<MeasuredPassCost | undefined> {
    const settings = { now: () => performance.now(), budgetMs: MEASURE_MS };
    try {
      return await measurePassCost(this.#pair.target.target, settings, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#warnings.push(`t(n) could not be measured: ${messageOf(error)}`);
      return undefined;
    }
  }

  #newPolicy(): MeasuredPolicy | undefined {
    const table = this.#newTable();
    return table && new MeasuredPolicy(table);
  }

  #newTable(): PassCostTable | undefined {
    const { maxNodes } = this.#pair.target.target;
    const { flatRows } = this.#params;
    if (this.#cost === undefined) return undefined;
    const table = new PassCostTable(this.#cost.points, maxNodes);
    return flatRows === undefined ? table : new FlatPassCost(table.ms(1), flatRows, maxNodes);
  }

  get #passMs(): ((numRows: number) => number) | undefined {
    const table = this.#newTable();
    return table && ((numRows) => table.ms(numRows));
  }

  get #backendKind(): "cpu" | "gpu" {
    return this.#pair.loaded.backend === "cpu" ? "cpu" : "gpu";
  }

  /** With plain decoding, twice. */
  get #configs(): readonly string[] {
    return [...new Set([...FIXED_CONFIGS, ...this.#params.configs])];
  }

  get #leftMs(): number {
    return this.#startMs + this.#params.budgetMs - performance.now();
  }

  /** A line that says nothing is not shown as one. */
  #firstLineLength(tokens: Int32Array): number | undefined {
    const { vocabulary } = this.#pair.target.model;
    let hasText = false;
    for (const [index, token] of tokens.entries()) {
      const piece = UTF8.decode(vocabulary.pieceBytes(token));
      const end = piece.lastIndexOf("\n");
      hasText ||= piece.slice(0, end === -1 ? piece.length : end).trim() !== "";
      if (end !== -1 && hasText) return index + 1;
    }
    return undefined;
  }

  #tell(part: string, what: string, done = 0): void {
    const { budgetMs, numPrompts: total } = this.#params;
    const fraction = Math.min(1, Math.max(0, 1 - this.#leftMs / budgetMs));
    this.#onProgress({ part, done, ...(total === undefined ? {} : { total }), fraction, what });
  }
}
