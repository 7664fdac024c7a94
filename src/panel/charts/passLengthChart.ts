/** Tokens that one pass of the target brings: what speculation lives on. */

import * as Plot from "@observablehq/plot";
import type { ConfigFigures, SuiteFigures } from "../../bench/speed/benchReport.ts";
import { axisBelow, type Chart, COLORS, type LegendItem, TICK_SYMBOL, TIP } from "./chart.ts";
import { orNone } from "./figureText.ts";
import { configRows } from "./rowMarks.ts";
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
    table: {
      caption: `Tokens per pass on ${suiteName}, the bonus token included`,
      head: ["Configuration", "Realized", "Promised by the scores", "Host ms per step"],
      rows: configs.map((config) => [
        config.name,
        decimals(config.meanAcceptanceLength),
        orNone(config.expectedAcceptanceLength, decimals),
        orNone(config.hostMsPerStep, decimals),
      ]),
    },
    plot: (width) => plotPassLengths(configs, width),
  };
}

function plotPassLengths(configs: readonly ConfigFigures[], width: number) {
  const rows = configs.map(({ name, meanAcceptanceLength, expectedAcceptanceLength }) => ({
    name,
    realized: meanAcceptanceLength,
    expected: expectedAcceptanceLength,
    text: decimals(meanAcceptanceLength),
    title: [
      name,
      `${decimals(meanAcceptanceLength)} tokens per pass`,
      ...(expectedAcceptanceLength === null
        ? []
        : [`${decimals(expectedAcceptanceLength)} promised`]),
    ].join("\n"),
  }));
  const { options, ticks, tracks, texts } = configRows(rows, width);
  const longest = Math.max(
    1.5,
    ...rows.flatMap(({ realized, expected }) => [realized, expected ?? 1]),
  );
  return Plot.plot({
    ...options,
    x: { domain: [1, longest + (longest - 1) * 0.04] },
    marks: [
      Plot.gridX({ stroke: COLORS.text, strokeOpacity: 0.1, ticks }),
      tracks,
      Plot.axisX({ ...axisBelow("tokens per pass"), ticks }),
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
      ...texts,
      Plot.tip(rows, Plot.pointerY({ x: "realized", y: "name", title: "title", ...TIP })),
    ],
  });
}
