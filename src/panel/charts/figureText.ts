/** How the panel writes figures. Pure. */
import { NONE } from "../../bench/base/markdownTable.ts";
import type { ConfigFigures, RatioInterval } from "../../bench/speed/benchReport.ts";

/** What a ratio says once its bounds are heeded. */
export type Verdict = "gain" | "loss" | "even" | "incomparable";

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  gain: "faster than plain",
  loss: "slower than plain",
  even: "no clear difference from plain",
  incomparable: "not comparable",
};

const VERDICTS: Readonly<Record<ConfigFigures["speedComparison"], Verdict>> = {
  faster: "gain",
  slower: "loss",
  same: "even",
};

export function verdictOf(
  config: Pick<ConfigFigures, "speedComparison" | "isComparable">,
): Verdict {
  return config.isComparable ? VERDICTS[config.speedComparison] : "incomparable";
}

export function formatRatio(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}

/** The bounds alone: `1.71–1.96`. */
export function formatBounds({ low, high }: RatioInterval): string {
  return `${low.toFixed(2)}–${high.toFixed(2)}`;
}

/** Three figures that count, and the unit. */
export function formatMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${formatDecimal(ms)} ms`;
}

/** A number that is at least 0, with as many decimals as it is worth. */
export function formatDecimal(value: number): string {
  if (value >= 100) return formatCount(value);
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  const isSmall = percent > 0 && percent < 9.95;
  return `${isSmall ? percent.toFixed(1) : percent.toFixed(0)}\u00a0%`;
}

/** With narrow spaces between thousands. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** `null` becomes a dash. */
export function orNone(
  value: number | null | undefined,
  format: (value: number) => string,
): string {
  return value === null || value === undefined ? NONE : format(value);
}

export function plural(count: number, one: string, several = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : several}`;
}
