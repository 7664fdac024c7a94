/** The rows that a suite's charts share. Pure. */
import { FUSED_CONFIG, isLosslessConfig, PLAIN_CONFIG } from "../../bench/base/benchConfigNames.ts";
import type { ConfigFigures, SuiteFigures } from "../../bench/speed/benchReport.ts";
import { verdictOf } from "./figureText.ts";

/** The fastest first; those whose speed compares nothing last. */
export function configsBySpeed(suite: SuiteFigures): ConfigFigures[] {
  const rank = ({ isComparable, ratioToPlain }: ConfigFigures) =>
    isComparable ? ratioToPlain.ratio : -1;
  return suite.configs.toSorted((a, b) => rank(b) - rank(a));
}

/** All but plain, the fastest first. */
export function comparedConfigs(suite: SuiteFigures): ConfigFigures[] {
  return configsBySpeed(suite).filter(({ name }) => name !== PLAIN_CONFIG);
}

/** Whether a configuration is slower than plain, or one of ours put out what plain did not. */
export function isLossRow(config: ConfigFigures): boolean {
  return verdictOf(config) === "loss" || isWrong(config);
}

/** Other software may put out what it likes; ours may not. */
export function isWrong({
  name,
  differingTokens,
}: Pick<ConfigFigures, "name" | "differingTokens">): boolean {
  return isLosslessConfig(name) && differingTokens > 0;
}

export function defaultConfig(suite: SuiteFigures): ConfigFigures | undefined {
  return suite.configs.find(({ name }) => name === FUSED_CONFIG);
}

/** A scale's ends around all values, with a little room. */
export function domainAround(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low) * 0.04;
  return [low - room, high + room];
}
