/** t(n): what a pass costs as it gets more rows, and how many nodes the budget made of it. */
import * as Plot from "@observablehq/plot";
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import { axisBelow, type Chart, COLORS, frame, TIP } from "./chart.ts";
import type { DataTable } from "./dataTable.ts";
import { formatCount, formatDecimal, formatMs, formatRatio, plural } from "./figureText.ts";

export type PassCost = NonNullable<BenchReport["cost"]>;

const HEIGHT = 270;
const MAX_TICKS = 10;

/** @param cost - with points, the first of them of one row. */
export function passCostChart(cost: PassCost): Chart {
  const { kvLength } = cost;
  return {
    id: "passCost",
    title: "What a pass costs: t(n)",
    note: `Time of one pass of the target over n rows, the root included, after ${formatCount(kvLength)} cached tokens. As long as it lies below the dashed line, a row is cheaper inside a batch than in a pass of its own.`,
    legend: [
      { swatch: "dot", color: COLORS.accent, text: "measured" },
      { swatch: "dash", color: COLORS.muted, text: "n passes of one row" },
    ],
    isWide: true,
    table: passCostTable(cost),
    plot: (width) => plotCost(cost, width),
  };
}

export function passCostTable({ points, kvLength, chosenNodes }: PassCost): DataTable {
  const single = points[0]!.ms;
  return {
    caption: `Cost of a pass after ${formatCount(kvLength)} cached tokens`,
    head: ["Rows", "Time (ms)", "t(n) / t(1)", "ms per row", "Chosen"],
    wordColumns: new Set([4]),
    rows: points.map(({ numRows, ms }) => [
      String(numRows),
      formatDecimal(ms),
      formatRatio(ms / single),
      formatDecimal(ms / numRows),
      chosenNodes !== null && numRows === chosenNodes + 1
        ? `${plural(chosenNodes, "node")} and the root`
        : "",
    ]),
  };
}

function plotCost({ points, chosenNodes }: PassCost, width: number) {
  const single = points[0]!.ms;
  const mostRows = Math.max(2, ...points.map(({ numRows }) => numRows));
  const mostMs = Math.max(...points.map(({ ms }) => ms)) * 1.12;
  const rows = points.map(({ numRows, ms }) => ({
    numRows,
    ms,
    title: `${plural(numRows, "row")}\n${formatMs(ms)}\n${formatRatio(ms / single)} of one row`,
  }));
  const chosenRows = chosenNodes === null ? [] : [chosenNodes + 1];
  const chosenPoints = rows.filter(({ numRows }) => chosenRows.includes(numRows));
  const isOnRight = (chosenRows[0] ?? 0) > mostRows * 0.65;
  return Plot.plot({
    ...frame(width, HEIGHT),
    marginLeft: 56,
    marginRight: 18,
    marginTop: 24,
    x: { domain: [1, mostRows] },
    y: { domain: [0, mostMs] },
    marks: [
      Plot.gridY({ stroke: COLORS.text, strokeOpacity: 0.1, ticks: 5 }),
      Plot.axisY({ ticks: 5, tickSize: 0, label: "ms", labelArrow: "none" }),
      Plot.axisX({
        ...axisBelow("rows in the pass"),
        ticks: rows.length <= MAX_TICKS ? rows.map(({ numRows }) => numRows) : MAX_TICKS,
        tickFormat: "d",
      }),
      Plot.line(
        [1, Math.min(mostRows, mostMs / single)].map((n) => [n, n * single]),
        { stroke: COLORS.muted, strokeWidth: 1.5, strokeDasharray: "4 4" },
      ),
      Plot.ruleX(chosenRows, { stroke: COLORS.text, strokeWidth: 1.25, strokeDasharray: "2 3" }),
      Plot.text(chosenRows, {
        text: () => `chosen: ${plural(chosenNodes ?? 0, "node")}`,
        x: (n: number) => n,
        frameAnchor: "top",
        dy: -16,
        dx: isOnRight ? 4 : -4,
        textAnchor: isOnRight ? "end" : "start",
        fontWeight: 600,
        fill: COLORS.text,
      }),
      Plot.line(rows, { x: "numRows", y: "ms", stroke: COLORS.accent, strokeWidth: 2 }),
      Plot.dot(rows, { x: "numRows", y: "ms", r: 4, fill: COLORS.accent }),
      Plot.dot(chosenPoints, {
        x: "numRows",
        y: "ms",
        r: 7.5,
        stroke: COLORS.text,
        strokeWidth: 1.75,
      }),
      Plot.tip(rows, Plot.pointer({ x: "numRows", y: "ms", title: "title", ...TIP })),
    ],
  });
}
