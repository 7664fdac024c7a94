/** Tokens that one pass of the target brings: what speculation lives on. */

import * as Plot from "@observablehq/plot";
import { FUSED_CONFIG } from "../bench/benchConfigNames.ts";
import type { ConfigFigures, SuiteFigures } from "../bench/benchReport.ts";
import {
  type Chart,
  COLORS,
  frame,
  type LegendItem,
  labelMargin,
  numTicks,
  ROW_HEIGHT,
  TICK_SYMBOL,
  TIP,
} from "./chart.ts";
import type { DataTable } from "./dataTable.ts";
import { orNone } from "./figureText.ts";
import { rowNames, rowTracks, rowValues, valueMargin } from "./rowMarks.ts";
import { comparedConfigs } from "./suiteRows.ts";

const decimals = (length: number) => length.toFixed(2);

export function passLengthChart(suiteName: string, suite: SuiteFigures): Chart {
  const configs = comparedConfigs(suite);
  const hasExpected = configs.some((config) => config.expectedAcceptanceLength !== null);
  const legend: LegendItem[] = [{ swatch: "dot", color: COLORS.accent, text: "realized" }];
  if (hasExpected) {
    legend.push({ swatch: "tick", color: COLORS.muted, text: "promised by the drafts' scores" });
  }
  const each = configs.map(
    ({ name, meanAcceptanceLength }) => `${name}: ${decimals(meanAcceptanceLength)}.`,
  );
  return {
    id: `${suiteName}/passLength`,
    title: "Tokens per pass",
    note: "Mean acceptance length, the target's own token included. Plain decoding brings 1.",
    legend,
    isWide: false,
    summary: `Tokens per pass of the target on ${suiteName}. ${each.join(" ")}`,
    table: passLengthTable(suiteName, suite),
    plot: (width) => plotPassLengths(configs, width),
  };
}

export function passLengthTable(suiteName: string, suite: SuiteFigures): DataTable {
  return {
    caption: `Tokens per pass on ${suiteName}, the bonus token included`,
    head: ["Configuration", "Realized", "Promised by the scores", "Host ms per step"],
    rows: comparedConfigs(suite).map((config) => [
      config.name,
      decimals(config.meanAcceptanceLength),
      orNone(config.expectedAcceptanceLength, decimals),
      orNone(config.hostMsPerStep, decimals),
    ]),
  };
}

function plotPassLengths(configs: readonly ConfigFigures[], width: number) {
  const names = configs.map(({ name }) => name);
  const rows = configs.map(({ name, meanAcceptanceLength, expectedAcceptanceLength }) => ({
    name,
    realized: meanAcceptanceLength,
    expected: expectedAcceptanceLength,
    label: decimals(meanAcceptanceLength),
    title: [
      name,
      `${decimals(meanAcceptanceLength)} tokens per pass`,
      ...(expectedAcceptanceLength === null
        ? []
        : [`${decimals(expectedAcceptanceLength)} promised`]),
    ].join("\n"),
  }));
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
  const longest = Math.max(
    1.5,
    ...rows.flatMap(({ realized, expected }) => [realized, expected ?? 1]),
  );
  return Plot.plot({
    ...frame(width, names.length * ROW_HEIGHT + 56),
    marginLeft,
    marginRight,
    x: { domain: [1, longest + (longest - 1) * 0.04] },
    y: { domain: names, type: "point", padding: 0.5, axis: null },
    marks: [
      Plot.gridX({ stroke: COLORS.text, strokeOpacity: 0.1, ticks }),
      rowTracks(names),
      Plot.axisX({
        ticks,
        tickSize: 0,
        label: "tokens per pass",
        labelAnchor: "center",
        labelArrow: "none",
      }),
      Plot.ruleX([1], { stroke: COLORS.text, strokeWidth: 1.5 }),
      Plot.ruleY(rows, {
        y: "name",
        x1: 1,
        x2: "realized",
        stroke: COLORS.accent,
        strokeWidth: 2.5,
      }),
      Plot.dot(
        rows.filter(({ expected }) => expected !== null),
        { x: "expected", y: "name", symbol: TICK_SYMBOL, stroke: COLORS.muted, strokeWidth: 2 },
      ),
      Plot.dot(rows, { x: "realized", y: "name", r: 5.5, fill: COLORS.accent }),
      ...rowNames(names, FUSED_CONFIG),
      ...rowValues(labels),
      Plot.tip(rows, Plot.pointerY({ x: "realized", y: "name", title: "title", ...TIP })),
    ],
  });
}
