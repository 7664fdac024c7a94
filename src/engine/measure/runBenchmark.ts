/** One benchmark request → one report: prompts, decoders, suites, what is known of machine and models. */
import {
  FIXED_CONFIGS,
  FUSED_CONFIG,
  isPeerConfig,
  type SpeedSuiteName,
} from "../../bench/base/benchConfigNames.ts";
import { MAX_OTHERS_SHARE } from "../../bench/base/busyMeter.ts";
import { ForcedTarget } from "../../bench/decoders/forcedTarget.ts";
import { suiteOrigin } from "../../bench/speed/benchPlan.ts";
import type { BenchReport, SuiteFigures } from "../../bench/speed/benchReport.ts";
import { runSuite, type SuiteRun } from "../../bench/speed/benchRunner.ts";
import { runWarnings, suiteWarnings } from "../../bench/speed/benchWarnings.ts";
import { MAX_NEAR_TIE_RATE, NEAR_TIE_GAP } from "../../bench/speed/losslessCheck.ts";
import { losslessFigures } from "../../bench/speed/losslessFigures.ts";
import { mostChosenNodes, suiteFigures } from "../../bench/speed/suiteFigures.ts";
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
  const benchmark = newBenchmark(pair, params, onProgress, signal);
  try {
    await benchmark.run();
  } catch (error) {
    if (!(signal.aborted && isAbortError(error))) throw error;
  } finally {
    await benchmark.closePeers();
  }
  return benchmark.report(!signal.aborted, await nodeLlamaVersion());
}

function newBenchmark(
  pair: ModelPair,
  params: BenchParams,
  onProgress: (progress: BenchProgress) => void,
  signal: AbortSignal,
) {
  const { suites, seed, budgetMs, maxTokens, maxPromptTokens, numPrompts, flatRows } = params;
  const { workspace, foreign, startsCold } = params;
  const { model, target: ownTarget } = pair.target;
  const startedAt = new Date();
  const startMs = performance.now();
  /** With plain decoding, twice. */
  const allConfigs = [...new Set([...FIXED_CONFIGS, ...params.configs])];
  const figuresOf: Partial<Record<SpeedSuiteName, SuiteFigures>> = {};
  const warnings: string[] = [];
  const runs: SuiteRun[] = [];
  let peers: Peers | string = "no suite has peers.";
  let cost: MeasuredPassCost | undefined;
  let busyShare = 0;
  const leftMs = () => startMs + budgetMs - performance.now();

  const tell = (part: string, what: string, done = 0) => {
    const fraction = Math.min(1, Math.max(0, 1 - leftMs() / budgetMs));
    const total = numPrompts === undefined ? {} : { total: numPrompts };
    onProgress({ part, done, ...total, fraction, what });
  };

  const newTable = (): PassCostTable | undefined => {
    if (cost === undefined) return undefined;
    const table = new PassCostTable(cost.points, ownTarget.maxNodes);
    return flatRows === undefined
      ? table
      : new FlatPassCost(table.ms(1), flatRows, ownTarget.maxNodes);
  };

  const newPolicy = (): MeasuredPolicy | undefined => {
    const table = newTable();
    return table && new MeasuredPolicy(table);
  };

  const measureCost = async (): Promise<MeasuredPassCost | undefined> => {
    const settings = { now: () => performance.now(), budgetMs: MEASURE_MS };
    try {
      return await measurePassCost(ownTarget, settings, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      warnings.push(`t(n) could not be measured: ${messageOf(error)}`);
      return undefined;
    }
  };

  /** A line that says nothing is not shown as one. */
  const firstLineLength = (tokens: Int32Array): number | undefined => {
    let hasText = false;
    for (const [index, token] of tokens.entries()) {
      const piece = UTF8.decode(model.vocabulary.pieceBytes(token));
      const end = piece.lastIndexOf("\n");
      hasText ||= piece.slice(0, end === -1 ? piece.length : end).trim() !== "";
      if (end !== -1 && hasText) return index + 1;
    }
    return undefined;
  };

  const measureSuite = async (suite: SpeedSuiteName, index: BenchWorkspace, deadlineMs: number) => {
    const isForced = suite === "unpredictable";
    const target: TargetModel = isForced
      ? new ForcedTarget(ownTarget, seed, (token) => !pair.isEndToken(token))
      : ownTarget;
    // A peer's target cannot be told what to say.
    const names = isForced ? [...FIXED_CONFIGS, FUSED_CONFIG] : allConfigs;
    const surroundings = { pair, target, peers, workspace: index, newPolicy };
    const { configs, leftOut } = createConfigs(names, surroundings);
    const spots = suiteSpots(params, suite);
    // What is forced does not depend on logits.
    const maxGap = isForced ? 0 : NEAR_TIE_GAP[pair.loaded.backend === "cpu" ? "cpu" : "gpu"];
    const run = await runSuite(
      {
        configs,
        prompts: suitePrompts(pair, params, suite, spots, index),
        now: () => performance.now(),
        deadlineMs,
        numPrompts,
        maxWarmups: Math.min(
          numPrompts ?? MAX_WARMUPS,
          MAX_WARMUPS,
          Math.floor(WARMUP_SHARE * spots.length),
        ),
        startsCold,
        maxTokens,
        minTokens: isForced ? 0 : Math.min(MIN_OUTPUT_TOKENS, maxTokens),
        judge: { target, maxGap, isEndToken: pair.isEndToken },
        sampleCpu,
        firstLineLength,
        onProgress: (done, what) => tell(suite, what, done),
      },
      signal,
    );
    const wholeRun = { ...run, configs: [...run.configs, ...leftOut] };
    runs.push(wholeRun);
    const table = newTable();
    const figures = suiteFigures(wholeRun, {
      origin: suiteOrigin(suite, workspace.origin, foreign.origin),
      maxTokens,
      maxPromptTokens,
      passMs: table && ((numRows) => table.ms(numRows)),
    });
    if (figures !== undefined) figuresOf[suite] = figures;
    warnings.push(...suiteWarnings(suite, figures, wholeRun, numPrompts));
    signal.throwIfAborted();
  };

  return {
    async run(): Promise<void> {
      tell("the machine", "watching what others do on it");
      busyShare = await watchOthers(signal);
      tell("the machine", "measuring what a pass costs");
      cost = await measureCost();
      if (params.configs.some(isPeerConfig) && suites.some((suite) => suite !== "unpredictable")) {
        tell("peers", "loading the models for node-llama-cpp's own decoding");
        peers = await openPeers(pair, signal);
      }
      if (suites.length === 0) return;
      const { files } = workspace;
      const onFile = (done: number) =>
        tell("indexing", `${done} of ${files.length} files of the workspace`);
      const index = await BenchWorkspace.open(files, wholeTextTokenizer(model), onFile, signal);
      for (const [number, suite] of suites.entries()) {
        const share = leftMs() / (suites.length - number);
        await measureSuite(suite, index, performance.now() + share);
      }
    },

    async closePeers(): Promise<void> {
      if (typeof peers !== "string") await peers[Symbol.asyncDispose]();
    },

    report(isComplete: boolean, nodeLlamaCpp: string): BenchReport {
      const { target, draft, backend, deviceNames, llamaCppVersion, contextSize } = pair.loaded;
      const modelOf = ({ name, fileBytes }: typeof target) => ({ name, fileBytes });
      const isBusy = busyShare > MAX_OTHERS_SHARE;
      const report = {
        treeline: typeof TREELINE_VERSION === "string" ? TREELINE_VERSION : "development",
        date: startedAt.toISOString(),
        verdict: verdictOf(figuresOf as Record<string, SuiteFigures>),
        isComplete,
        budgetMs,
        elapsedMs: performance.now() - startMs,
        machine: { ...machineFacts(), busyShare, isBusy },
        backend,
        deviceNames,
        models: { target: modelOf(target), draft: draft === undefined ? null : modelOf(draft) },
        versions: { node: process.versions.node, llamaCpp: llamaCppVersion, nodeLlamaCpp },
        settings: {
          seed,
          threads: target.numThreads,
          threadsAtEnd: ownTarget.numThreads,
          contextSize,
          configs: allConfigs,
        },
        cost: cost === undefined ? null : { ...cost, chosenNodes: mostChosenNodes(runs) },
        suites: figuresOf as Record<string, SuiteFigures>,
        lossless: losslessFigures(runs, MAX_NEAR_TIE_RATE),
      };
      return { ...report, warnings: [...runWarnings(report, params), ...warnings] };
    },
  };
}
