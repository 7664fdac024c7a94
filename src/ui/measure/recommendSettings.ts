/** Settings that a report's figures speak for. Pure: it says what and why; nothing is changed here. */
import {
  FUSED_CONFIG,
  isLosslessConfig,
  PLAIN_CONFIG,
  type SpeedSuiteName,
} from "../../bench/base/benchConfigNames.ts";
import { MAX_OTHERS_SHARE } from "../../bench/base/busyMeter.ts";
import type { BenchReport, ConfigFigures } from "../../bench/speed/benchReport.ts";
import { type Config, NUMBER_SETTINGS } from "../base/config.ts";

/** With fewer prompts than this in a suite, chance decides. */
export const MIN_PROMPTS = 8;
/** A suggestion of full length should be there within this time: later, people have typed on. */
export const MAX_SUGGESTION_MS = 2_500;
const TOKENS_STEP = 8;
/** Shorter suggestions are hardly worth a look. */
const MIN_TOKENS = 16;
/** Suites whose text a person wrote; the third, `unpredictable`, only shows what the worst case costs. */
const NATURAL_SUITES: ReadonlySet<string> = new Set<SpeedSuiteName>(["scratch", "repo"]);

/** One setting, by its name below `treeline.`. */
export type SettingChange =
  | {
      readonly name: "speculation.enabled";
      readonly now: boolean;
      readonly value: boolean;
      readonly reason: string;
    }
  | {
      readonly name: "suggestion.maxTokens";
      readonly now: number;
      readonly value: number;
      readonly reason: string;
    };

export interface Recommendation {
  readonly changes: readonly SettingChange[];
  /** Why other settings stay as they are. */
  readonly findings: readonly string[];
}

/** What the figures say about the settings as they are. */
type Finding = { readonly change: SettingChange } | { readonly finding: string };

type CurrentSettings = Pick<Config, "speculation" | "maxTokens">;

/** A wrong output is one on any machine and of any prompt; speeds decide where nothing makes them doubtful. */
export function recommendSettings(report: BenchReport, current: CurrentSettings): Recommendation {
  const wrong = wrongOutputFinding(report, current);
  if (wrong !== undefined) return recommendationOf([wrong]);
  const doubt = doubtOf(report);
  if (doubt !== undefined) return { changes: [], findings: [doubt] };
  const judged = judgedSuites(report);
  if (judged.length === 0) {
    const finding = `Fewer than ${MIN_PROMPTS} prompts were measured with ${FUSED_CONFIG} and compared with ${PLAIN_CONFIG}: too few to recommend anything.`;
    return { changes: [], findings: [finding] };
  }
  const speculation = speculationFinding(judged, current);
  const isOn = "change" in speculation ? speculation.change.value : current.speculation;
  return recommendationOf([speculation, lengthFinding(judged, current, isOn === true)]);
}

function recommendationOf(all: readonly Finding[]): Recommendation {
  return {
    changes: all.flatMap((each) => ("change" in each ? [each.change] : [])),
    findings: all.flatMap((each) => ("finding" in each ? [each.finding] : [])),
  };
}

/** Off, if any of our configurations ever put out another token than plain decoding; undefined if none did. */
function wrongOutputFinding(
  { suites }: BenchReport,
  current: CurrentSettings,
): Finding | undefined {
  const wrong = Object.entries(suites).flatMap(([suite, { configs, unmeasured }]) =>
    [...configs, ...unmeasured].flatMap(({ name, differingTokens }) =>
      isLosslessConfig(name) && differingTokens > 0
        ? [`${differingTokens} of ${name} on ${suite}`]
        : [],
    ),
  );
  if (wrong.length === 0) return undefined;
  const reason = `tokens differed from plain decoding's (${wrong.join(", ")}). That is a defect; plain decoding does not have it.`;
  return speculationDecision(false, reason, current);
}

/** What makes all speeds doubtful, and what to do about it; undefined if nothing does. */
function doubtOf({ machine, settings, suites }: BenchReport): string | undefined {
  const { threads, threadsAtEnd } = settings;
  if (threadsAtEnd !== threads) {
    return `The target runs with ${threadsAtEnd} of the ${threads} threads it was loaded with, as other programs used the processor, so these figures decide nothing. Restart the engine and run again when the machine is idle.`;
  }
  const busy = Object.entries(suites).flatMap(([name, suite]) => [
    ...(suite.warmupOthersShare > MAX_OTHERS_SHARE ? [`while settings were tried on ${name}`] : []),
    ...(suite.busyPrompts > 0
      ? [`at ${suite.busyPrompts} of ${suite.numPrompts} prompts of ${name}`]
      : []),
  ]);
  const times = [...(machine.isBusy ? ["before the start"] : []), ...busy];
  if (times.length === 0) return undefined;
  return `Other programs used the processor ${times.join(", ")}, so these figures decide nothing. Run again when the machine is idle.`;
}

interface JudgedSuite {
  readonly name: string;
  readonly fused: ConfigFigures;
  readonly plain: ConfigFigures | undefined;
}

function judgedSuites({ suites }: BenchReport): JudgedSuite[] {
  return Object.entries(suites).flatMap(([name, { configs }]) => {
    const fused = configs.find((config) => config.name === FUSED_CONFIG);
    const plain = configs.find((config) => config.name === PLAIN_CONFIG);
    const isJudged =
      NATURAL_SUITES.has(name) && fused?.isComparable === true && fused.numPrompts >= MIN_PROMPTS;
    return isJudged ? [{ name, fused, plain }] : [];
  });
}

function speculationDecision(value: boolean, reason: string, current: CurrentSettings): Finding {
  const now = current.speculation;
  if (now === value) return { finding: `Speculation stays ${value ? "on" : "off"}: ${reason}` };
  return { change: { name: "speculation.enabled", now, value, reason } };
}

function speculationFinding(judged: readonly JudgedSuite[], current: CurrentSettings): Finding {
  const gains = judged.filter(({ fused }) => fused.speedComparison === "faster");
  const losses = judged.filter(({ fused }) => fused.speedComparison === "slower");
  if (gains.length > 0 && losses.length === 0) {
    return speculationDecision(true, `it decodes faster than plain ${ratiosText(gains)}.`, current);
  }
  if (losses.length > 0 && gains.length === 0) {
    return speculationDecision(
      false,
      `it decodes slower than plain ${ratiosText(losses)}.`,
      current,
    );
  }
  const state = `Speculation stays ${current.speculation ? "on" : "off"}`;
  if (gains.length === 0) {
    return { finding: `${state}: no clear difference from plain ${ratiosText(judged)}.` };
  }
  return {
    finding: `${state}: it gains ${ratiosText(gains)} and loses ${ratiosText(losses)}, so it depends on what you write.`,
  };
}

/** `on repo (1.87×, 1.69–2.06) and on scratch (…)`. */
function ratiosText(suites: readonly JudgedSuite[]): string {
  return suites
    .map(({ name, fused }) => {
      const { ratio, low, high } = fused.ratioToPlain;
      return `on ${name} (${ratio.toFixed(2)}×, ${low.toFixed(2)}–${high.toFixed(2)})`;
    })
    .join(" and ");
}

/** @param speculates - which configuration's speed counts. */
function lengthFinding(
  judged: readonly JudgedSuite[],
  { maxTokens }: CurrentSettings,
  speculates: boolean,
): Finding {
  const speeds = judged.map(({ fused, plain }) => (speculates ? fused : (plain ?? fused)));
  // The slowest suite: a promise has to hold everywhere.
  const slowest = speeds.reduce((a, b) => (b.tokensPerSecond < a.tokensPerSecond ? b : a));
  const { tokensPerSecond, ttftMs } = slowest;
  const msOf = (tokens: number) => ttftMs.p50 + (tokens / tokensPerSecond) * 1000;
  const seconds = (tokens: number) => `${(msOf(tokens) / 1000).toFixed(1)} s`;
  const fitting = ((MAX_SUGGESTION_MS - ttftMs.p50) / 1000) * tokensPerSecond;
  const rounded = Math.floor(fitting / TOKENS_STEP) * TOKENS_STEP;
  const speed = `At ${tokensPerSecond.toFixed(1)} tokens per second`;
  const usual = NUMBER_SETTINGS["suggestion.maxTokens"].default;
  const change = (value: number, reason: string): Finding => ({
    change: { name: "suggestion.maxTokens", now: maxTokens, value, reason },
  });
  const shorter = Math.max(MIN_TOKENS, rounded);
  if (msOf(maxTokens) > MAX_SUGGESTION_MS && shorter < maxTokens) {
    return change(
      shorter,
      `${speed} a suggestion of ${maxTokens} tokens takes ${seconds(maxTokens)}, one of ${shorter} tokens ${seconds(shorter)}.`,
    );
  }
  if (maxTokens < usual && rounded >= usual) {
    return change(
      usual,
      `${speed} the usual ${usual} tokens take ${seconds(usual)}, so suggestions need not be cut at ${maxTokens}.`,
    );
  }
  return {
    finding: `Suggestions stay at ${maxTokens} tokens at most: ${speed.toLowerCase()} that takes ${seconds(maxTokens)}.`,
  };
}
