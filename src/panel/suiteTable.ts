/** Everything that was measured of a suite, in one table. Pure. */
import { PLAIN_CONFIG } from "../bench/base/benchConfigNames.ts";
import { columnsOf, NONE } from "../bench/base/markdownTable.ts";
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
import { configsBySpeed, lossRowsOf } from "./charts/suiteRows.ts";

export function suiteTable(suiteName: string, suite: SuiteFigures): DataTable {
  const configs = configsBySpeed(suite);
  return {
    caption: `All figures of ${suiteName}`,
    ...columnsOf(configs, [
      ["Configuration", ({ name }) => name],
      ["Setting", ({ setting }) => setting],
      ["First line (ms)", ({ firstLineMs }) => formatDecimal(firstLineMs)],
      ["Plain's there (ms)", ({ plainFirstLineMs }) => formatDecimal(plainFirstLineMs)],
      ["As soon as plain's", ({ firstLineToPlain }) => ratioText(firstLineToPlain)],
      ["Against plain", ({ ratioToPlain }) => formatRatio(ratioToPlain.ratio)],
      [
        "95 % bounds",
        ({ name, ratioToPlain }) => (name === PLAIN_CONFIG ? "" : formatBounds(ratioToPlain)),
      ],
      ["Fused against it", ({ name }) => ratioText(suite.fusedOver[name])],
      ["Allowed by t(n)", ({ modelledRatio }) => orNone(modelledRatio, formatRatio)],
      ["Tokens/s", ({ tokensPerSecond }) => formatDecimal(tokensPerSecond)],
      ["Prompts", ({ numPrompts }) => formatCount(numPrompts)],
      ["Tokens", ({ tokens }) => formatCount(tokens)],
      ["Tokens per pass", ({ meanAcceptanceLength }) => meanAcceptanceLength.toFixed(2)],
      ["Promised", (config) => config.expectedAcceptanceLength?.toFixed(2) ?? NONE],
      [
        "First token p50 / p95 (ms)",
        ({ ttftMs }) => `${formatDecimal(ttftMs.p50)} / ${formatDecimal(ttftMs.p95)}`,
      ],
      ["Fused's first line against it", ({ name }) => ratioText(suite.fusedFirstLineOver[name])],
      ["Host ms per step", ({ hostMsPerStep }) => orNone(hostMsPerStep, formatDecimal)],
      ["Looping outputs", ({ loopShare }) => formatPercent(loopShare)],
      ["Lines found verbatim", ({ verbatimShare }) => orNone(verbatimShare, formatPercent)],
      ["Differing tokens", ({ differingTokens }) => formatCount(differingTokens)],
      ["Near ties", ({ nearTies }) => formatCount(nearTies)],
      ["Prompts left out", ({ numLeftOut }) => formatCount(numLeftOut)],
    ]),
    wordColumns: new Set([1]),
    lossRows: lossRowsOf(configs),
  };
}

/** `1.40× (1.28–1.52)`; empty where it was not compared. */
function ratioText(ratio: RatioInterval | undefined): string {
  return ratio === undefined ? "" : `${formatRatio(ratio.ratio)} (${formatBounds(ratio)})`;
}
