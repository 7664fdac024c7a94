/** Tokens that one pass of the target brings: what speculation lives on. */

import type { ConfigFigures, SuiteFigures } from "../../bench/speed/benchReport.ts";
import { type Chart, COLORS, type LegendItem } from "./chart.ts";
import { configTable } from "./configTable.ts";
import { compared, dots, plainLine, plotRows, spans } from "./rowMarks.ts";
import { comparedConfigs } from "./suiteRows.ts";

const decimals = (length: number) => length.toFixed(2);

export function passLengthChart(suiteName: string, suite: SuiteFigures): Chart {
  const configs = comparedConfigs(suite);
  const hasExpected = configs.some((config) => config.expectedAcceptanceLength !== null);
  const legend: LegendItem[] = [{ swatch: "dot", color: COLORS.accent, text: "realized" }];
  if (hasExpected) {
    legend.push({ swatch: "tick", color: COLORS.muted, text: "promised by the drafts' scores" });
  }
  return {
    id: `${suiteName}/passLength`,
    title: "Tokens per pass",
    note: "Mean acceptance length, the target's own token included. Plain decoding brings 1.",
    legend,
    isWide: false,
    table: configTable(
      `Tokens per pass on ${suiteName}, the bonus token included; promised by the scores`,
      suite,
      configs,
      ["Tokens per pass", "Promised", "Host ms per step"],
    ),
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
  const longest = Math.max(
    1.5,
    ...rows.flatMap(({ realized, expected }) => [realized, expected ?? 1]),
  );
  return plotRows(
    {
      rows,
      domain: [1, longest + (longest - 1) * 0.04],
      label: "tokens per pass",
      marks: [
        plainLine(),
        spans(rows, 1, "realized", COLORS.accent),
        compared(rows, "expected"),
        dots(rows, "realized", { fill: COLORS.accent }),
      ],
      pointAt: "realized",
    },
    width,
  );
}
