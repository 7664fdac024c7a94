/** Time to the first token: the usual case and the bad one. */

import * as Plot from "@observablehq/plot";
import type { ConfigFigures, SuiteFigures } from "../../bench/speed/benchReport.ts";
import { axisBelow, type Chart, COLORS, TIP } from "./chart.ts";
import { formatDecimal, formatMs } from "./figureText.ts";
import { configRows } from "./rowMarks.ts";
import { configsBySpeed } from "./suiteRows.ts";

export function latencyChart(suiteName: string, suite: SuiteFigures): Chart {
  const configs = configsBySpeed(suite);
  const each = configs.map(
    ({ name, ttftMs }) => `${name}: p50 ${formatMs(ttftMs.p50)}, p95 ${formatMs(ttftMs.p95)}.`,
  );
  return {
    id: `${suiteName}/latency`,
    title: "Time to the first token",
    note: "From the start of the request, reading the prompt included. Half of the requests take p50 or less, 95\u00a0% take p95 or less.",
    legend: [
      { swatch: "dot", color: COLORS.accent, text: "p50" },
      { swatch: "ring", color: COLORS.accent, text: "p95" },
    ],
    isWide: false,
    summary: `Time to the first token on ${suiteName}. ${each.join(" ")}`,
    table: {
      caption: `Time to the first token on ${suiteName}`,
      head: ["Configuration", "p50 (ms)", "p95 (ms)"],
      rows: configs.map(({ name, ttftMs }) => [
        name,
        formatDecimal(ttftMs.p50),
        formatDecimal(ttftMs.p95),
      ]),
    },
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
  const { options, ticks, tracks, texts } = configRows(rows, width);
  return Plot.plot({
    ...options,
    x: { domain: [0, Math.max(...rows.map(({ p95 }) => p95)) * 1.04] },
    marks: [
      Plot.gridX({ stroke: COLORS.text, strokeOpacity: 0.1, ticks }),
      tracks,
      Plot.axisX({ ...axisBelow("ms to the first token"), ticks }),
      Plot.ruleY(rows, {
        y: "name",
        x1: "p50",
        x2: "p95",
        stroke: COLORS.accent,
        strokeWidth: 2.5,
      }),
      Plot.dot(rows, {
        x: "p95",
        y: "name",
        r: 5,
        fill: COLORS.background,
        stroke: COLORS.accent,
        strokeWidth: 2,
      }),
      Plot.dot(rows, { x: "p50", y: "name", r: 5.5, fill: COLORS.accent }),
      ...texts,
      Plot.tip(rows, Plot.pointerY({ x: "p50", y: "name", title: "title", ...TIP })),
    ],
  });
}
