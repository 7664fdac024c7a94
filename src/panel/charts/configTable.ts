/** What was measured of configurations, as tables: all of it, or what a chart draws. Pure. */
import { PLAIN_CONFIG } from "../../bench/base/benchConfigNames.ts";
import { type Column, columnsOf, NONE } from "../../bench/base/markdownTable.ts";
import type { ConfigFigures, RatioInterval, SuiteFigures } from "../../bench/speed/benchReport.ts";
import type { DataTable } from "./dataTable.ts";
import {
  formatBounds,
  formatCount,
  formatDecimal,
  formatPercent,
  formatRatio,
  orNone,
  VERDICT_WORDS,
  verdictOf,
} from "./figureText.ts";
import { lossRowsOf } from "./suiteRows.ts";

const NAME: Column<ConfigFigures> = ["Configuration", ({ name }) => name];
/** Columns of words. */
const WORDS: ReadonlySet<string> = new Set(["Setting", "Verdict"]);

/** @param titles - of the columns besides the name; all if absent. */
export function configTable(
  caption: string,
  suite: SuiteFigures,
  configs: readonly ConfigFigures[],
  titles?: readonly string[],
): DataTable {
  const shown = figureColumns(suite).filter(([title]) => titles?.includes(title) ?? true);
  const { head, rows } = columnsOf(configs, [NAME, ...shown]);
  return {
    ...{ caption, head, rows },
    wordColumns: new Set(head.flatMap((title, column) => (WORDS.has(title) ? [column] : []))),
    lossRows: lossRowsOf(configs),
  };
}

function figureColumns({ fusedOver, fusedFirstLineOver }: SuiteFigures): Column<ConfigFigures>[] {
  const unlessPlain = (cell: (config: ConfigFigures) => string) => (config: ConfigFigures) =>
    config.name === PLAIN_CONFIG ? "" : cell(config);
  return [
    ["Setting", ({ setting }) => setting],
    ["First line (ms)", ({ firstLineMs }) => formatDecimal(firstLineMs)],
    ["Plain's there (ms)", ({ plainFirstLineMs }) => formatDecimal(plainFirstLineMs)],
    ["As soon as plain's", ({ firstLineToPlain }) => ratioText(firstLineToPlain)],
    ["Against plain", ({ ratioToPlain }) => formatRatio(ratioToPlain.ratio)],
    ["95 % bounds", unlessPlain(({ ratioToPlain }) => formatBounds(ratioToPlain))],
    ["Verdict", unlessPlain((config) => VERDICT_WORDS[verdictOf(config)])],
    ["Fused against it", ({ name }) => ratioText(fusedOver[name])],
    ["Tokens/s", ({ tokensPerSecond }) => formatDecimal(tokensPerSecond)],
    ["Allowed by t(n)", ({ modelledRatio }) => orNone(modelledRatio, formatRatio)],
    ["Prompts", ({ numPrompts }) => formatCount(numPrompts)],
    ["Tokens", ({ tokens }) => formatCount(tokens)],
    ["Tokens per pass", ({ meanAcceptanceLength }) => meanAcceptanceLength.toFixed(2)],
    ["Promised", (config) => config.expectedAcceptanceLength?.toFixed(2) ?? NONE],
    ["First token p50 (ms)", ({ ttftMs }) => formatDecimal(ttftMs.p50)],
    ["First token p95 (ms)", ({ ttftMs }) => formatDecimal(ttftMs.p95)],
    ["Fused's first line against it", ({ name }) => ratioText(fusedFirstLineOver[name])],
    ["Host ms per step", ({ hostMsPerStep }) => orNone(hostMsPerStep, formatDecimal)],
    ["Looping outputs", ({ loopShare }) => formatPercent(loopShare)],
    ["Lines found verbatim", ({ verbatimShare }) => orNone(verbatimShare, formatPercent)],
    ["Differing tokens", ({ differingTokens }) => formatCount(differingTokens)],
    ["Near ties", ({ nearTies }) => formatCount(nearTies)],
    ["Prompts left out", ({ numLeftOut }) => formatCount(numLeftOut)],
  ];
}

/** `1.40× (1.28–1.52)`; empty where it was not compared. */
function ratioText(ratio: RatioInterval | undefined): string {
  return ratio === undefined ? "" : `${formatRatio(ratio.ratio)} (${formatBounds(ratio)})`;
}
