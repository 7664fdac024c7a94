/** How many of each source's verified drafts the target accepted. */

import * as Plot from "@observablehq/plot";
import { SOURCE_NAMES } from "../../bench/base/benchConfigNames.ts";
import { columnsOf } from "../../bench/base/markdownTable.ts";
import { type Chart, COLORS, FONT_SIZE, NARROW, SOURCE_STYLES } from "./chart.ts";
import { formatCount, formatDecimal, formatPercent, orNone } from "./figureText.ts";
import { plotRows } from "./rowMarks.ts";
import type { DraftedConfig, SourceRow } from "./sourceRows.ts";

/** px */
const BAR_HEIGHT = 16;
/** Of a row, with the counts below the bar. */
const SOURCE_HEIGHT = 60;

const shareOf = ({ accepted, verified }: SourceRow) => accepted / verified;

export function sourceChart(suiteName: string, config: DraftedConfig): Chart {
  return {
    id: `${suiteName}/source`,
    title: "Accepted drafts by source",
    note: `Of the drafts that ${config.name} verified. A draft of two sources counts for both.`,
    legend: [],
    isWide: false,
    table: {
      caption: `Drafts by source on ${suiteName}, ${config.name}`,
      ...columnsOf(config.sources, [
        ["Source", ({ source }) => SOURCE_NAMES[source]],
        ["Proposed", ({ proposed }) => formatCount(proposed)],
        ["Verified", ({ verified }) => formatCount(verified)],
        ["Accepted", ({ accepted }) => formatCount(accepted)],
        ["Accepted of verified", (row) => formatPercent(shareOf(row))],
        [
          "Tokens per pass lost without it",
          ({ tokensPerPassLost }) => orNone(tokensPerPassLost, (lost) => lost.toFixed(2)),
        ],
        ["ms per pass", ({ msPerPass }) => formatDecimal(msPerPass)],
      ]),
    },
    plot: (width) => plotSources(config, width),
  };
}

function plotSources({ sources }: DraftedConfig, width: number) {
  const rows = sources.map((row) => {
    const share = shareOf(row);
    const counts = `${formatCount(row.accepted)} of ${formatCount(row.verified)} verified`;
    const proposed = `${formatCount(row.proposed)} proposed`;
    return {
      name: SOURCE_NAMES[row.source],
      share,
      barColor: SOURCE_STYLES[row.source].color,
      text: formatPercent(share),
      counts: width < NARROW ? counts : `${counts}, ${proposed}`,
      title: `${SOURCE_NAMES[row.source]}\n${formatPercent(share)} accepted\n${counts}\n${proposed}`,
    };
  });
  const inset = (SOURCE_HEIGHT - BAR_HEIGHT) / 2;
  const bars = { y: "name", insetTop: inset, insetBottom: inset, rx: 2 } as const;
  return plotRows(
    {
      rows,
      rowHeight: SOURCE_HEIGHT,
      domain: [0, 1],
      label: "share of verified drafts that were accepted",
      tickFormat: (share) => `${Math.round(share * 100)} %`,
      marks: [
        Plot.barX(rows, { ...bars, x1: 0, x2: 1, fill: COLORS.track, ariaHidden: "true" }),
        Plot.barX(rows, { ...bars, x1: 0, x2: "share", fill: "barColor" }),
        Plot.text(rows, {
          x: 0,
          y: "name",
          text: "counts",
          textAnchor: "start",
          dy: BAR_HEIGHT / 2 + 10,
          fill: COLORS.muted,
          fontSize: FONT_SIZE - 1,
        }),
      ],
      pointAt: "share",
    },
    width,
  );
}
