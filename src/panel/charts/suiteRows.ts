/** The rows that a suite's charts share. Pure. */
import { isLosslessConfig, PLAIN_CONFIG } from "../../bench/base/benchConfigNames.ts";
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

/** Those of configurations that are slower than plain, or of ours and put out what plain did not: other software may. */
export function lossRowsOf(configs: readonly ConfigFigures[]): Set<number> {
  const isLoss = (config: ConfigFigures) =>
    verdictOf(config) === "loss" || (isLosslessConfig(config.name) && config.differingTokens > 0);
  return new Set(configs.flatMap((config, index) => (isLoss(config) ? [index] : [])));
}

/** A scale's ends around all values, with a little room. */
export function domainAround(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low) * 0.04;
  return [low - room, high + room];
}
