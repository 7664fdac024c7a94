/** How acceptance falls with the depth of a draft below the last committed token. */

import * as Plot from "@observablehq/plot";
import { SOURCE_NAMES } from "../../bench/base/benchConfigNames.ts";
import { NONE } from "../../bench/base/markdownTable.ts";
import { axisBelow, type Chart, COLORS, frame, SOURCE_STYLES, SYMBOLS, TIP } from "./chart.ts";
import { formatCount, formatPercent } from "./figureText.ts";
import { type DepthPoint, type DraftedConfig, depthPoints } from "./sourceRows.ts";

const HEIGHT = 250;
/** Verified drafts below which a share is more chance than figure; such a point is drawn hollow. */
const FEW_DRAFTS = 20;

export function depthChart(suiteName: string, config: DraftedConfig): Chart {
  const points = depthPoints(config);
  const hasFew = points.some(({ verified }) => verified < FEW_DRAFTS);
  const sources = config.sources.map(({ source }) => ({
    ...SOURCE_STYLES[source],
    text: SOURCE_NAMES[source],
  }));
  const few = { swatch: "ring", color: COLORS.muted, text: `under ${FEW_DRAFTS} drafts` } as const;
  return {
    id: `${suiteName}/depth`,
    title: "Accepted drafts by depth",
    note: `Share of the drafts verified at a depth that were accepted, in ${config.name}. Depth 1 follows the last committed token.`,
    legend: hasFew ? [...sources, few] : sources,
    isWide: false,
    table: {
      caption: `Accepted of verified drafts by depth on ${suiteName}, ${config.name}`,
      head: ["Depth", ...config.sources.map(({ source }) => SOURCE_NAMES[source])],
      rows: depthsOf(points).map((depth) => [
        String(depth),
        ...config.sources.map(({ source }) => {
          const point = points.find((each) => each.depth === depth && each.source === source);
          return point === undefined ? NONE : `${formatPercent(point.share)} (${countsOf(point)})`;
        }),
      ]),
    },
    plot: (width) => plotDepths(points, width),
  };
}

function depthsOf(points: readonly DepthPoint[]): number[] {
  return [...new Set(points.map(({ depth }) => depth))].sort((a, b) => a - b);
}

function countsOf({ accepted, verified }: DepthPoint): string {
  return `${formatCount(accepted)} of ${formatCount(verified)}`;
}

function plotDepths(points: readonly DepthPoint[], width: number) {
  const rows = points.map((point) => {
    const { color, swatch } = SOURCE_STYLES[point.source];
    return {
      ...point,
      color,
      fill: point.verified < FEW_DRAFTS ? COLORS.background : color,
      symbol: SYMBOLS[swatch as keyof typeof SYMBOLS],
      title: `${SOURCE_NAMES[point.source]}, depth ${point.depth}\n${formatPercent(point.share)} accepted\n${countsOf(point)}`,
    };
  });
  return Plot.plot({
    ...frame(width, HEIGHT),
    marginLeft: 52,
    marginRight: 14,
    x: { domain: depthsOf(points), type: "point", padding: 0.35 },
    y: { domain: [0, 1] },
    marks: [
      Plot.gridY([0, 0.25, 0.5, 0.75, 1], { stroke: COLORS.text, strokeOpacity: 0.1 }),
      Plot.axisY([0, 0.25, 0.5, 0.75, 1], {
        tickFormat: (share: number) => `${share * 100} %`,
        tickSize: 0,
        label: null,
      }),
      Plot.axisX(axisBelow("depth below the last committed token")),
      Plot.line(rows, { x: "depth", y: "share", z: "source", stroke: "color", strokeWidth: 2 }),
      Plot.dot(rows, {
        x: "depth",
        y: "share",
        symbol: "symbol",
        r: 4.5,
        fill: "fill",
        stroke: "color",
        strokeWidth: 1.75,
      }),
      Plot.tip(rows, Plot.pointer({ x: "depth", y: "share", title: "title", ...TIP })),
    ],
  });
}
