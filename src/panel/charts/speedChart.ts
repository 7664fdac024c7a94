/** Speed of every configuration against plain decoding, with its bounds. */

import { PLAIN_CONFIG } from "../../bench/base/benchConfigNames.ts";
import type { ConfigFigures, SuiteFigures } from "../../bench/speed/benchReport.ts";
import { type Chart, COLORS, type LegendItem, NARROW, SYMBOLS, VERDICT_STYLES } from "./chart.ts";
import { configTable } from "./configTable.ts";
import {
  formatBounds,
  formatDecimal,
  formatRatio,
  VERDICT_WORDS,
  type Verdict,
  verdictOf,
} from "./figureText.ts";
import { compared, dots, plainLine, plotRows, spans } from "./rowMarks.ts";
import { comparedConfigs, domainAround } from "./suiteRows.ts";

const VERDICTS: readonly Verdict[] = ["gain", "even", "loss", "incomparable"];

const LABEL_COLORS: Readonly<Record<Verdict, string>> = {
  gain: COLORS.text,
  even: COLORS.text,
  loss: COLORS.loss,
  incomparable: COLORS.muted,
};

export function speedChart(suiteName: string, suite: SuiteFigures): Chart {
  const configs = comparedConfigs(suite);
  const plain = suite.configs.filter(({ name }) => name === PLAIN_CONFIG);
  return {
    id: `${suiteName}/speed`,
    title: "Speed against plain decoding",
    note: "The speed over all prompts together, beside plain on the same prompts; the line spans the 95\u00a0% bounds. Left of 1 is a loss.",
    legend: legendOf(configs),
    isWide: true,
    table: configTable(
      `Speed against plain decoding on ${suiteName}`,
      suite,
      [...configs, ...plain],
      ["Against plain", "95 % bounds", "Verdict", "Tokens/s", "Allowed by t(n)"],
    ),
    plot: (width) => plotSpeed(configs, width),
  };
}

function legendOf(configs: readonly ConfigFigures[]): LegendItem[] {
  const found = new Set(configs.map(verdictOf));
  const verdicts = VERDICTS.filter((verdict) => found.has(verdict)).map((verdict) => ({
    ...VERDICT_STYLES[verdict],
    text: VERDICT_WORDS[verdict],
  }));
  const hasModel = configs.some(({ modelledRatio }) => modelledRatio !== null);
  const tick = { swatch: "tick", color: COLORS.muted, text: "what t(n) allows" } as const;
  return hasModel ? [...verdicts, tick] : verdicts;
}

function plotSpeed(configs: readonly ConfigFigures[], width: number) {
  const rows = configs.map((config) => {
    const { name, ratioToPlain, modelledRatio, tokensPerSecond } = config;
    const verdict = verdictOf(config);
    const { color: markColor, swatch } = VERDICT_STYLES[verdict];
    const ratio = formatRatio(ratioToPlain.ratio);
    const bounds = formatBounds(ratioToPlain);
    return {
      name,
      ...ratioToPlain,
      modelledRatio,
      markColor,
      symbol: SYMBOLS[swatch as keyof typeof SYMBOLS],
      fill: verdict === "even" ? COLORS.background : markColor,
      text: ratio,
      detail: width < NARROW ? "" : bounds,
      color: LABEL_COLORS[verdict],
      title: [
        name,
        `${ratio} (${bounds})`,
        VERDICT_WORDS[verdict],
        `${formatDecimal(tokensPerSecond)} tokens/s`,
      ].join("\n"),
    };
  });
  const values = rows.flatMap(({ low, high, modelledRatio }) => [low, high, modelledRatio ?? 1]);
  return plotRows(
    {
      rows,
      domain: domainAround([1, ...values]),
      label: "× speed of plain decoding",
      tickFormat: (ratio) => `${ratio}×`,
      marks: [
        plainLine(),
        spans(rows, "low", "high", "markColor"),
        compared(rows, "modelledRatio"),
        dots(rows, "ratio", { symbol: "symbol", fill: "fill", stroke: "markColor" }),
      ],
      pointAt: "ratio",
    },
    width,
  );
}
