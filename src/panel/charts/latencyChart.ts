/** Time to the first token: the usual case and the bad one. */

import type { ConfigFigures, SuiteFigures } from "../../bench/speed/benchReport.ts";
import { type Chart, COLORS } from "./chart.ts";
import { configTable } from "./configTable.ts";
import { formatDecimal, formatMs } from "./figureText.ts";
import { dots, plotRows, spans } from "./rowMarks.ts";
import { configsBySpeed } from "./suiteRows.ts";

export function latencyChart(suiteName: string, suite: SuiteFigures): Chart {
  const configs = configsBySpeed(suite);
  return {
    id: `${suiteName}/latency`,
    title: "Time to the first token",
    note: "From the start of the request, reading the prompt included. Half of the requests take p50 or less, 95\u00a0% take p95 or less.",
    legend: [
      { swatch: "dot", color: COLORS.accent, text: "p50" },
      { swatch: "ring", color: COLORS.accent, text: "p95" },
    ],
    isWide: false,
    table: configTable(`Time to the first token on ${suiteName}`, suite, configs, [
      "First token p50 (ms)",
      "First token p95 (ms)",
    ]),
    plot: (width) => plotLatencies(configs, width),
  };
}

function plotLatencies(configs: readonly ConfigFigures[], width: number) {
  const rows = configs.map(({ name, ttftMs }) => ({
    name,
    ...ttftMs,
    text: `${formatDecimal(ttftMs.p50)} / ${formatDecimal(ttftMs.p95)}`,
    title: `${name}\np50 ${formatMs(ttftMs.p50)}\np95 ${formatMs(ttftMs.p95)}`,
  }));
  const { accent, background } = COLORS;
  return plotRows(
    {
      rows,
      domain: [0, Math.max(...rows.map(({ p95 }) => p95)) * 1.04],
      label: "ms to the first token",
      marks: [
        spans(rows, "p50", "p95", accent),
        dots(rows, "p95", { r: 5, fill: background, stroke: accent }),
        dots(rows, "p50", { fill: accent }),
      ],
      pointAt: "p95",
    },
    width,
  );
}
