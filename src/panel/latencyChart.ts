/** Time to the first token: the usual case and the bad one. */

import * as Plot from "@observablehq/plot";
import { FUSED_CONFIG } from "../bench/benchConfigNames.ts";
import type { ConfigFigures, SuiteFigures } from "../bench/benchReport.ts";
import { type Chart, COLORS, frame, labelMargin, numTicks, ROW_HEIGHT, TIP } from "./chart.ts";
import type { DataTable } from "./dataTable.ts";
import { formatDecimal, formatMs } from "./figureText.ts";
import { rowNames, rowTracks, rowValues, valueMargin } from "./rowMarks.ts";
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
    table: latencyTable(suiteName, suite),
    plot: (width) => plotLatencies(configs, width),
  };
}

export function latencyTable(suiteName: string, suite: SuiteFigures): DataTable {
  return {
    caption: `Time to the first token on ${suiteName}`,
    head: ["Configuration", "p50 (ms)", "p95 (ms)"],
    rows: configsBySpeed(suite).map(({ name, ttftMs }) => [
      name,
      formatDecimal(ttftMs.p50),
      formatDecimal(ttftMs.p95),
    ]),
  };
}

function plotLatencies(configs: readonly ConfigFigures[], width: number) {
  const rows = configs.map(({ name, ttftMs }) => ({
    name,
    ...ttftMs,
    label: `${formatDecimal(ttftMs.p50)} / ${formatDecimal(ttftMs.p95)}`,
    title: `${name}\np50 ${formatMs(ttftMs.p50)}\np95 ${formatMs(ttftMs.p95)}`,
  }));
  const names = rows.map(({ name }) => name);
  const labels = rows.map(({ name, label }) => ({
    name,
    text: label,
    detail: "",
    color: COLORS.text,
    isBold: name === FUSED_CONFIG,
  }));
  const marginLeft = labelMargin(names);
  const marginRight = valueMargin(labels);
  const ticks = numTicks(width - marginLeft - marginRight);
  return Plot.plot({
    ...frame(width, names.length * ROW_HEIGHT + 56),
    marginLeft,
    marginRight,
    x: { domain: [0, Math.max(...rows.map(({ p95 }) => p95)) * 1.04] },
    y: { domain: names, type: "point", padding: 0.5, axis: null },
    marks: [
      Plot.gridX({ stroke: COLORS.text, strokeOpacity: 0.1, ticks }),
      rowTracks(names),
      Plot.axisX({
        ticks,
        tickSize: 0,
        label: "ms to the first token",
        labelAnchor: "center",
        labelArrow: "none",
      }),
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
      ...rowNames(names, FUSED_CONFIG),
      ...rowValues(labels),
      Plot.tip(rows, Plot.pointerY({ x: "p50", y: "name", title: "title", ...TIP })),
    ],
  });
}
