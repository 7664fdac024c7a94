/** Settings that a report's figures speak for. Pure: it says what and why; nothing is changed here. */
import { l10n } from "vscode";
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
export type SettingChange = { readonly reason: string } & (
  | { readonly name: "speculation.enabled"; readonly now: boolean; readonly value: boolean }
  | { readonly name: "suggestion.maxTokens"; readonly now: number; readonly value: number }
);

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
    const finding = l10n.t(
      "Fewer than {0} prompts were measured with {1} and compared with {2}: too few to recommend anything.",
      MIN_PROMPTS,
      FUSED_CONFIG,
      PLAIN_CONFIG,
    );
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
        ? [l10n.t("{0} of {1} on {2}", differingTokens, name, suite)]
        : [],
    ),
  );
  if (wrong.length === 0) return undefined;
  const reason = l10n.t(
    "tokens differed from plain decoding's ({0}). That is a defect; plain decoding does not have it.",
    wrong.join(", "),
  );
  return speculationDecision(false, reason, current);
}

/** What makes all speeds doubtful, and what to do about it; undefined if nothing does. */
function doubtOf({ machine, settings, suites }: BenchReport): string | undefined {
  const { threads, threadsAtEnd } = settings;
  if (threadsAtEnd !== threads) {
    return l10n.t(
      "The target runs with {0} of the {1} threads it was loaded with, as other programs used the processor, so these figures decide nothing. Restart the engine and run again when the machine is idle.",
      threadsAtEnd,
      threads,
    );
  }
  const busy = Object.entries(suites).flatMap(([name, suite]) => [
    ...(suite.warmupOthersShare > MAX_OTHERS_SHARE
      ? [l10n.t("while settings were tried on {0}", name)]
      : []),
    ...(suite.busyPrompts > 0
      ? [l10n.t("at {0} of {1} prompts of {2}", suite.busyPrompts, suite.numPrompts, name)]
      : []),
  ]);
  const times = [...(machine.isBusy ? [l10n.t("before the start")] : []), ...busy];
  if (times.length === 0) return undefined;
  return l10n.t(
    "Other programs used the processor {0}, so these figures decide nothing. Run again when the machine is idle.",
    times.join(", "),
  );
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
  if (now === value) return { finding: staysText(value, reason) };
  return { change: { name: "speculation.enabled", now, value, reason } };
}

function staysText(isOn: boolean, reason: string): string {
  return isOn
    ? l10n.t("Speculation stays on: {0}", reason)
    : l10n.t("Speculation stays off: {0}", reason);
}

function speculationFinding(judged: readonly JudgedSuite[], current: CurrentSettings): Finding {
  const gains = judged.filter(({ fused }) => fused.speedComparison === "faster");
  const losses = judged.filter(({ fused }) => fused.speedComparison === "slower");
  if (gains.length > 0 && losses.length === 0) {
    const reason = l10n.t("it decodes faster than plain {0}.", ratiosText(gains));
    return speculationDecision(true, reason, current);
  }
  if (losses.length > 0 && gains.length === 0) {
    const reason = l10n.t("it decodes slower than plain {0}.", ratiosText(losses));
    return speculationDecision(false, reason, current);
  }
  const reason =
    gains.length === 0
      ? l10n.t("no clear difference from plain {0}.", ratiosText(judged))
      : l10n.t(
          "it gains {0} and loses {1}, so it depends on what you write.",
          ratiosText(gains),
          ratiosText(losses),
        );
  return { finding: staysText(current.speculation, reason) };
}

/** `on repo (1.87×, 1.69–2.06) and on scratch (…)`. */
function ratiosText(suites: readonly JudgedSuite[]): string {
  return suites
    .map(({ name, fused }) => {
      const { ratio, low, high } = fused.ratioToPlain;
      const bounds = `${low.toFixed(2)}–${high.toFixed(2)}`;
      return l10n.t("on {0} ({1}×, {2})", name, ratio.toFixed(2), bounds);
    })
    .join(l10n.t(" and "));
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
  const speed = tokensPerSecond.toFixed(1);
  const usual = NUMBER_SETTINGS["suggestion.maxTokens"].default;
  const change = (value: number, reason: string): Finding => ({
    change: { name: "suggestion.maxTokens", now: maxTokens, value, reason },
  });
  const shorter = Math.max(MIN_TOKENS, rounded);
  if (msOf(maxTokens) > MAX_SUGGESTION_MS && shorter < maxTokens) {
    return change(
      shorter,
      l10n.t(
        "At {0} tokens per second a suggestion of {1} tokens takes {2}, one of {3} tokens {4}.",
        speed,
        maxTokens,
        seconds(maxTokens),
        shorter,
        seconds(shorter),
      ),
    );
  }
  if (maxTokens < usual && rounded >= usual) {
    return change(
      usual,
      l10n.t(
        "At {0} tokens per second the usual {1} tokens take {2}, so suggestions need not be cut at {3}.",
        speed,
        usual,
        seconds(usual),
        maxTokens,
      ),
    );
  }
  return {
    finding: l10n.t(
      "Suggestions stay at {0} tokens at most: at {1} tokens per second that takes {2}.",
      maxTokens,
      speed,
      seconds(maxTokens),
    ),
  };
}
