/** The figures of a suite, from its runs. Pure. */
import { DRAFT_SOURCES, type DraftSource } from "../../core/tree/draftTree.ts";
import { isLooping } from "../../core/tree/looping.ts";
import {
  FUSED_CONFIG,
  isLosslessConfig,
  leftOutSource,
  PLAIN_AGAIN_CONFIG,
  PLAIN_CONFIG,
  withoutSource,
} from "../base/benchConfigNames.ts";
import { disturbance } from "../base/busyMeter.ts";
import { quantile, sum } from "../base/statistics.ts";
import { type DecodeRun, numDecoded, type PassDetail } from "./benchDecoder.ts";
import type {
  ConfigFigures,
  RatioInterval,
  SourceFigures,
  SuiteFigures,
  UnmeasuredConfig,
} from "./benchReport.ts";
import type { PromptRun, SuiteRun } from "./benchRunner.ts";
import { configWarnings, drafterWarnings } from "./benchWarnings.ts";
import type { RunConfig } from "./contestant.ts";
import { configDifferences, suiteDifferences } from "./losslessFigures.ts";
import {
  countedRun,
  firstLineMs,
  isOtherWork,
  type Measure,
  measuredRatio,
} from "./promptPairs.ts";
import { comparisonOf } from "./ratioBounds.ts";

/** What a suite was run with, as far as its figures need it. */
export interface FigureSettings {
  readonly origin: string;
  readonly maxTokens: number;
  readonly maxPromptTokens: number;
  /** t(n): ms of a pass of so many rows; absent where it was not measured. */
  readonly passMs: ((numRows: number) => number) | undefined;
}

/** Undefined if no prompt was finished, unless loops are among the reasons: how many is a figure. */
export function suiteFigures(run: SuiteRun, settings: FigureSettings): SuiteFigures | undefined {
  const hasLoops = run.ending !== "aborted" && run.numLooping > 0;
  if (run.prompts.length === 0 && !hasLoops) return undefined;
  const { origin, maxTokens, maxPromptTokens } = settings;
  const suite = new SuiteSums(run, settings);
  const configs: ConfigFigures[] = [];
  const unmeasured: UnmeasuredConfig[] = [];
  for (const config of run.configs) {
    const figures = suite.configFigures(config);
    if ("tokensPerSecond" in figures) configs.push(figures);
    else unmeasured.push(figures);
  }
  const others = run.configs.map(({ name }) => name).filter((name) => name !== FUSED_CONFIG);
  const fusedOver = (measure: Measure) =>
    Object.fromEntries(
      others.flatMap((name) => {
        const interval = suite.ratio(measure, FUSED_CONFIG, name);
        return interval === undefined ? [] : [[name, interval] as const];
      }),
    );
  const { numBusy, maxShare } = disturbance(run.prompts.map(({ othersShare }) => othersShare));
  return {
    origin,
    numPrompts: run.prompts.length,
    numLooping: run.numLooping,
    numShort: run.numShort,
    maxTokens,
    maxPromptTokens,
    configs,
    unmeasured,
    ending: run.ending,
    fusedOver: fusedOver("speed"),
    fusedFirstLineOver: fusedOver("firstLine"),
    busyPrompts: numBusy,
    maxOthersShare: maxShare,
    warmupOthersShare: run.warmupOthersShare,
    differences: suiteDifferences(run),
  };
}

/** Nodes that the default's passes had most often, the root not counted; null if it made none. */
export function mostChosenNodes(runs: readonly SuiteRun[]): number | null {
  const details = runs.flatMap(({ prompts }) =>
    prompts.flatMap(({ runs: of }) => of.get(FUSED_CONFIG)?.detail ?? []),
  );
  const passes = addUp(details.map(({ passesByRows }) => passesByRows));
  const most = Math.max(0, ...passes);
  return most === 0 ? null : passes.indexOf(most) - 1;
}

class SuiteSums {
  readonly #run: SuiteRun;
  readonly #settings: FigureSettings;
  readonly #prompts: readonly PromptRun[];

  constructor(run: SuiteRun, settings: FigureSettings) {
    this.#run = run;
    this.#settings = settings;
    this.#prompts = run.prompts;
  }

  configFigures(config: RunConfig): ConfigFigures | UnmeasuredConfig {
    const { name, setting, tried } = config;
    const all = this.#prompts.flatMap(({ runs }) => runs.get(name) ?? []);
    const differences = configDifferences(this.#run, name);
    const { differingTokens, nearTies, numOtherLength } = differences;
    const warnings = configWarnings(config, all, differences);
    const ratioToPlain = this.ratio("speed", name, PLAIN_CONFIG);
    const firstLineToPlain = this.ratio("firstLine", name, PLAIN_CONFIG);
    const loopShare = this.#loopShare(all);
    const numLeftOut = this.#prompts.filter((prompt) => isOtherWork(prompt, name)).length;
    const output = { numLeftOut, differingTokens, nearTies };
    if (ratioToPlain === undefined || firstLineToPlain === undefined) {
      const share = config.failure === undefined ? loopShare : null;
      return { name, setting, loopShare: share, ...output, warnings };
    }
    const runs = this.#countedRuns(name);
    const tokens = sum(runs.map(numDecoded));
    const decodeMs = sum(runs.map((run) => run.decodeMs));
    const numSteps = sum(runs.map((run) => run.numSteps));
    const details = runs.flatMap(({ detail }) => detail ?? []);
    const bySource = this.#sourceFigures(name, details, numSteps);
    const ttfts = runs.map(({ firstTokenMs }) => firstTokenMs).sort((a, b) => a - b);
    return {
      name,
      setting,
      tried,
      numPrompts: runs.length,
      tokens,
      decodeMs,
      tokensPerSecond: (1000 * tokens) / decodeMs,
      ratioToPlain,
      ...this.#firstLines(name),
      firstLineToPlain,
      speedComparison: comparisonOf(ratioToPlain, this.#noise("speed")),
      firstLineComparison: comparisonOf(firstLineToPlain, this.#noise("firstLine")),
      modelledRatio: this.#modelledRatio(runs),
      meanAcceptanceLength: this.#acceptanceLength(name),
      expectedAcceptanceLength: expectedLength(details, numSteps),
      ttftMs: { p50: quantile(ttfts, 0.5)!, p95: quantile(ttfts, 0.95)! },
      hostMsPerStep:
        details.length === 0 ? null : sum(details.map(({ hostMs }) => hostMs)) / numSteps,
      loopShare,
      verbatimShare: this.#verbatimShare,
      bySource,
      ...output,
      isComparable: numOtherLength === 0 && !(isLosslessConfig(name) && differingTokens > 0),
      // A configuration that leaves one out says what that one is worth, not what the others are.
      warnings:
        leftOutSource(name) === undefined
          ? [...warnings, ...drafterWarnings(bySource, numSteps, this.#plainMs)]
          : warnings,
    };
  }

  /** Of one configuration to another; undefined without a prompt that counts for both. */
  ratio(measure: Measure, name: string, base: string): RatioInterval | undefined {
    const look = this.#run.ending === "narrow" ? "early" : "final";
    return measuredRatio(this.#prompts, measure, name, base, look);
  }

  #noise(measure: Measure): RatioInterval | undefined {
    return this.ratio(measure, PLAIN_AGAIN_CONFIG, PLAIN_CONFIG);
  }

  /** Means at the prompts that count for both. */
  #firstLines(name: string) {
    const both = this.#prompts.filter(
      (prompt) => firstLineMs(prompt, name) !== undefined && prompt.firstLineMs.has(PLAIN_CONFIG),
    );
    const meanOf = (config: string) =>
      sum(both.map((prompt) => prompt.firstLineMs.get(config)!)) / both.length;
    return { firstLineMs: meanOf(name), plainFirstLineMs: meanOf(PLAIN_CONFIG) };
  }

  /** The runs whose speed counts. */
  #countedRuns(name: string, prompts = this.#prompts): DecodeRun[] {
    return prompts.flatMap((prompt) => countedRun(prompt, name) ?? []);
  }

  #acceptanceLength(name: string, prompts = this.#prompts): number {
    const runs = this.#countedRuns(name, prompts);
    return sum(runs.map((run) => run.numCommitted)) / sum(runs.map((run) => run.numSteps));
  }

  /** What plain decoding takes for a token, in ms. */
  get #plainMs(): number {
    const runs = this.#countedRuns(PLAIN_CONFIG);
    return sum(runs.map(({ decodeMs }) => decodeMs)) / sum(runs.map(numDecoded));
  }

  #modelledRatio(runs: readonly DecodeRun[]): number | null {
    const { passMs } = this.#settings;
    if (passMs === undefined || runs.some(({ detail }) => detail === undefined)) return null;
    const numCommitted = sum(runs.map((run) => run.numCommitted));
    const passes = addUp(runs.map(({ detail }) => detail!.passesByRows));
    const ms = sum(passes.map((count, numRows) => (count === 0 ? 0 : count * passMs(numRows))));
    return (passMs(1) * numCommitted) / ms;
  }

  /** Of the prompts long enough to measure: those that were replaced, as plain's output loops, and its own loops. */
  #loopShare(runs: readonly DecodeRun[]): number {
    const { numLooping } = this.#run;
    const numLoops = numLooping + runs.filter(({ tokens }) => isLooping(tokens)).length;
    return numLoops === 0 ? 0 : numLoops / (numLooping + this.#prompts.length);
  }

  get #verbatimShare(): number | null {
    const numLines = sum(this.#prompts.map(({ hidden }) => hidden.numLines));
    const numVerbatim = sum(this.#prompts.map(({ hidden }) => hidden.numVerbatim));
    return numLines === 0 ? null : numVerbatim / numLines;
  }

  #sourceFigures(name: string, details: readonly PassDetail[], numSteps: number) {
    const figures: Partial<Record<DraftSource, SourceFigures>> = {};
    for (const source of DRAFT_SOURCES) {
      const runs = details.flatMap(({ bySource }) => bySource[source] ?? []);
      if (runs.length === 0) continue;
      const verifiedByDepth = addUp(runs.map((run) => run.verifiedByDepth));
      const acceptedByDepth = addUp(runs.map((run) => run.acceptedByDepth));
      figures[source] = {
        proposed: sum(runs.map(({ proposed }) => proposed)),
        verified: sum(verifiedByDepth),
        accepted: sum(acceptedByDepth),
        verifiedByDepth,
        acceptedByDepth,
        msPerPass: sum(runs.map(({ ms }) => ms)) / numSteps,
        tokensPerPassLost: name === FUSED_CONFIG ? this.#lostWithout(source) : null,
      };
    }
    return figures;
  }

  #lostWithout(source: DraftSource): number | null {
    const without = withoutSource(source);
    const both = this.#prompts.filter((prompt) =>
      [FUSED_CONFIG, without].every((name) => countedRun(prompt, name) !== undefined),
    );
    if (both.length === 0) return null;
    return this.#acceptanceLength(FUSED_CONFIG, both) - this.#acceptanceLength(without, both);
  }
}

function expectedLength(details: readonly PassDetail[], numSteps: number): number | null {
  const expected = details.map(({ expectedAccepted }) => expectedAccepted);
  if (expected.length === 0 || expected.includes(null)) return null;
  return 1 + sum(expected as number[]) / numSteps;
}

/** Sums place by place; the longest decides the length. */
function addUp(rows: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length }, (_, index) => sum(rows.map((row) => row[index] ?? 0)));
}
