/** Everything that was measured of a suite, in one table. Pure. */
import { PLAIN_CONFIG } from "../bench/base/benchConfigNames.ts";
import type { RatioInterval, SuiteFigures } from "../bench/speed/benchReport.ts";
import type { DataTable } from "./charts/dataTable.ts";
import {
  formatBounds,
  formatCount,
  formatDecimal,
  formatPercent,
  formatRatio,
  orNone,
} from "./charts/figureText.ts";
import { configsBySpeed, isLossRow } from "./charts/suiteRows.ts";

export function suiteTable(suiteName: string, suite: SuiteFigures): DataTable {
  const configs = configsBySpeed(suite);
  const losses = configs.flatMap((config, index) => (isLossRow(config) ? [index] : []));
  return {
    caption: `All figures of ${suiteName}`,
    head: [
      "Configuration",
      "Setting",
      "First line (ms)",
      "Plain's there (ms)",
      "As soon as plain's",
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
      "Fused's first line against it",
      "Host ms per step",
      "Looping outputs",
      "Lines found verbatim",
      "Differing tokens",
      "Near ties",
      "Prompts left out",
    ],
    rows: configs.map((config) => [
      config.name,
      config.setting,
      formatDecimal(config.firstLineMs),
      formatDecimal(config.plainFirstLineMs),
      ratioText(config.firstLineToPlain),
      formatRatio(config.ratioToPlain.ratio),
      config.name === PLAIN_CONFIG ? "" : formatBounds(config.ratioToPlain),
      ratioText(suite.fusedOver[config.name]),
      orNone(config.modelledRatio, formatRatio),
      formatDecimal(config.tokensPerSecond),
      formatCount(config.numPrompts),
      formatCount(config.tokens),
      config.meanAcceptanceLength.toFixed(2),
      orNone(config.expectedAcceptanceLength, (length) => length.toFixed(2)),
      `${formatDecimal(config.ttftMs.p50)} / ${formatDecimal(config.ttftMs.p95)}`,
      ratioText(suite.fusedFirstLineOver[config.name]),
      orNone(config.hostMsPerStep, formatDecimal),
      formatPercent(config.loopShare),
      orNone(config.verbatimShare, formatPercent),
      formatCount(config.differingTokens),
      formatCount(config.nearTies),
      formatCount(config.numLeftOut),
    ]),
    wordColumns: new Set([1]),
    lossRows: new Set(losses),
  };
}

/** `1.40× (1.28–1.52)`; empty where it was not compared. */
function ratioText(ratio: RatioInterval | undefined): string {
  return ratio === undefined ? "" : `${formatRatio(ratio.ratio)} (${formatBounds(ratio)})`;
}
