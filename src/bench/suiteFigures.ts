/** The figures of a suite, from its runs. Pure. */
import { DRAFT_SOURCES, type DraftSource } from "../core/draftTree.ts";
import { FUSED_CONFIG, leftOutSource, PLAIN_CONFIG, withoutSource } from "./benchConfigNames.ts";
import { type DecodeRun, decodeSpeed, numDecoded, type PassDetail } from "./benchDecoder.ts";
import type {
  ConfigFigures,
  Interval,
  SourceFigures,
  SuiteFigures,
  UnmeasuredConfig,
} from "./benchReport.ts";
import type { PromptRun, RunConfig, SuiteRun } from "./benchRunner.ts";
import { configWarnings, drafterWarnings } from "./benchWarnings.ts";
import { medianInterval, quantile, sum } from "./statistics.ts";

/** What a suite was run with, as far as its figures need it. */
export interface FigureSettings {
  readonly origin: string;
  readonly maxTokens: number;
  readonly maxPromptTokens: number;
  readonly seed: number;
  /** t(n): ms of a pass of so many rows; absent where it was not measured. */
  readonly passMs: ((numRows: number) => number) | undefined;
}

/** Undefined if no prompt was finished, unless that is because every output loops. */
export function suiteFigures(run: SuiteRun, settings: FigureSettings): SuiteFigures | undefined {
  const isLoops = run.isComplete && run.numLooping > 0;
  if (run.prompts.length === 0 && !isLoops) return undefined;
  const { origin, maxTokens, maxPromptTokens } = settings;
  const suite = new SuiteSums(run, settings);
  const configs: ConfigFigures[] = [];
  const unmeasured: UnmeasuredConfig[] = [];
  for (const config of run.configs) {
    const figures = suite.configFigures(config);
    if ("tokensPerSecond" in figures) configs.push(figures);
    else unmeasured.push(figures);
  }
  const fused = configs.some(({ name }) => name === FUSED_CONFIG);
  const others = configs.filter(({ name }) => name !== FUSED_CONFIG);
  const fusedOver = fused
    ? others.flatMap(({ name }) => {
        const ratio = suite.ratio(FUSED_CONFIG, name);
        return ratio === undefined ? [] : [[name, ratio] as const];
      })
    : [];
  return {
    origin,
    numPrompts: run.prompts.length,
    numLooping: run.numLooping,
    numShort: run.numShort,
    maxTokens,
    maxPromptTokens,
    configs,
    unmeasured,
    fusedOver: Object.fromEntries(fusedOver),
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
    const comparisons = this.#prompts.flatMap(({ comparisons: of }) => of.get(name) ?? []);
    const numOtherLength = comparisons.filter(({ hasOtherLength }) => hasOtherLength).length;
    const differingTokens = sum(comparisons.map((one) => one.differingTokens));
    const warnings = configWarnings(config, all, { numOtherLength, differingTokens });
    const ratioToPlain = this.ratio(name, PLAIN_CONFIG);
    const loopShare = this.#loopShare;
    if (ratioToPlain === undefined) {
      return {
        name,
        setting,
        loopShare: config.failure === undefined ? loopShare : null,
        warnings,
      };
    }
    const runs = this.#measured(name);
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
      modelledRatio: this.#modelledRatio(runs),
      meanAcceptanceLength: this.#acceptanceLength(name),
      expectedAcceptanceLength: expectedLength(details, numSteps),
      ttftMs: { p50: quantile(ttfts, 0.5)!, p95: quantile(ttfts, 0.95)! },
      hostMsPerStep:
        details.length === 0 ? null : sum(details.map(({ hostMs }) => hostMs)) / numSteps,
      loopShare,
      verbatimShare: this.#verbatimShare,
      bySource,
      differingTokens,
      nearTies: comparisons.filter(({ isNearTie }) => isNearTie).length,
      isComparable: numOtherLength === 0,
      // A configuration that leaves one out says what that one is worth, not what the others are.
      warnings:
        leftOutSource(name) === undefined
          ? [...warnings, ...drafterWarnings(bySource, numSteps, this.#plainMs)]
          : warnings,
    };
  }

  /** Speeds of one configuration over another's, prompt by prompt; undefined without a prompt that both measured. */
  ratio(name: string, base: string): Interval | undefined {
    const ratios = this.#prompts.flatMap(({ runs }) => {
      const speed = speedOf(runs.get(name));
      const baseSpeed = speedOf(runs.get(base));
      return speed === undefined || baseSpeed === undefined ? [] : [speed / baseSpeed];
    });
    return ratios.length === 0 ? undefined : medianInterval(ratios, this.#settings.seed);
  }

  #measured(name: string): DecodeRun[] {
    return this.#prompts.flatMap(({ runs }) => {
      const run = runs.get(name);
      return run !== undefined && speedOf(run) !== undefined ? [run] : [];
    });
  }

  #acceptanceLength(name: string): number {
    const runs = this.#measured(name);
    return sum(runs.map((run) => run.numCommitted)) / sum(runs.map((run) => run.numSteps));
  }

  /** What plain decoding takes for a token, in ms. */
  get #plainMs(): number {
    const runs = this.#measured(PLAIN_CONFIG);
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

  /** Of the prompts long enough to measure; plain's loops, as all outputs are plain's. */
  get #loopShare(): number {
    const { numLooping } = this.#run;
    return numLooping === 0 ? 0 : numLooping / (numLooping + this.#prompts.length);
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
    if (this.#measured(without).length === 0) return null;
    return this.#acceptanceLength(FUSED_CONFIG) - this.#acceptanceLength(without);
  }
}

function speedOf(run: DecodeRun | undefined): number | undefined {
  return run && decodeSpeed(run);
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
