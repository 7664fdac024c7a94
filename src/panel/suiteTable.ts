/** Everything that was measured of a suite, in one table. Pure. */
import { PLAIN_CONFIG } from "../bench/benchConfigNames.ts";
import type { SuiteFigures } from "../bench/benchReport.ts";
import type { DataTable } from "./dataTable.ts";
import {
  formatBounds,
  formatCount,
  formatDecimal,
  formatPercent,
  formatRatio,
  orNone,
  verdictOf,
} from "./figureText.ts";
import { configsBySpeed } from "./suiteRows.ts";

export function suiteTable(suiteName: string, suite: SuiteFigures): DataTable {
  const configs = configsBySpeed(suite);
  const losses = configs.flatMap((config, index) => {
    const isLoss = config.name !== PLAIN_CONFIG && verdictOf(config) === "loss";
    return isLoss || config.differingTokens > 0 ? [index] : [];
  });
  return {
    caption: `All figures of ${suiteName}`,
    head: [
      "Configuration",
      "Setting",
      "Against plain",
      "95 % bounds",
      "Fused against it",
      "Allowed by t(n)",
      "Tokens/s",
      "Prompts",
      "Tokens",
      "Tokens per pass",
      "Promised",
      "First token p50 / p95 (ms)",
      "Host ms per step",
      "Looping outputs",
      "Lines found verbatim",
      "Differing tokens",
      "Near ties",
    ],
    rows: configs.map((config) => [
      config.name,
      config.setting,
      formatRatio(config.ratioToPlain.median),
      config.name === PLAIN_CONFIG ? "" : formatBounds(config.ratioToPlain),
      fusedOver(suite, config.name),
      orNone(config.modelledRatio, formatRatio),
      formatDecimal(config.tokensPerSecond),
      formatCount(config.numPrompts),
      formatCount(config.tokens),
      config.meanAcceptanceLength.toFixed(2),
      orNone(config.expectedAcceptanceLength, (length) => length.toFixed(2)),
      `${formatDecimal(config.ttftMs.p50)} / ${formatDecimal(config.ttftMs.p95)}`,
      orNone(config.hostMsPerStep, formatDecimal),
      formatPercent(config.loopShare),
      orNone(config.verbatimShare, formatPercent),
      formatCount(config.differingTokens),
      formatCount(config.nearTies),
    ]),
    wordColumns: new Set([1]),
    lossRows: new Set(losses),
  };
}

/** `1.40× (1.28–1.52)`; empty where it was not compared. */
function fusedOver({ fusedOver: ratios }: SuiteFigures, name: string): string {
  const ratio = ratios[name];
  return ratio === undefined ? "" : `${formatRatio(ratio.median)} (${formatBounds(ratio)})`;
}
