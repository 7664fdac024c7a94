/** Charts with one row per configuration or source: names on the left, figures on the right, marks between. */
import * as Plot from "@observablehq/plot";
import { FUSED_CONFIG } from "../../bench/base/benchConfigNames.ts";
import {
  axisBelow,
  COLORS,
  FONT_SIZE,
  frame,
  labelMargin,
  numTicks,
  ROW_HEIGHT,
  TICK_SYMBOL,
  TIP,
  textWidth,
} from "./chart.ts";

/** Ems; cuts what {@link labelMargin} has no room for. */
const LABEL_EMS = 14;
/** px between the plot and its figures, and between a figure and its detail. */
const VALUE_GAP = 12;

export interface Row {
  readonly name: string;
  /** Its figure, in a color of its own where that says something. */
  readonly text: string;
  readonly color?: string;
  /** Said after it, more quietly; empty where there is no room. */
  readonly detail?: string;
  /** Shown under the pointer. */
  readonly title: string;
}

export interface RowPlot<R extends Row> {
  readonly rows: readonly R[];
  readonly rowHeight?: number;
  readonly domain: readonly [number, number];
  /** What the axis says, and how it writes a figure. */
  readonly label: string;
  readonly tickFormat?: (value: number) => string;
  readonly marks: readonly Plot.Markish[];
  /** The field of a row at which the pointer finds it. */
  readonly pointAt: keyof R & string;
}

/** The configuration that users get is bold. */
export function plotRows<R extends Row>(plot: RowPlot<R>, width: number) {
  const { rows, rowHeight = ROW_HEIGHT, domain, label, tickFormat, marks, pointAt } = plot;
  const names = rows.map(({ name }) => name);
  const marginLeft = labelMargin(names);
  const marginRight = valueMargin(rows);
  const ticks = numTicks(width - marginLeft - marginRight);
  return Plot.plot({
    ...frame(width, names.length * rowHeight + 56),
    marginLeft,
    marginRight,
    x: { domain },
    y: { domain: names, type: "band", padding: 0, axis: null },
    marks: [
      Plot.gridX({ stroke: COLORS.text, strokeOpacity: 0.1, ticks }),
      // Faint lines that lead the eye from a name to its figure.
      Plot.ruleY(names, { stroke: COLORS.track, strokeWidth: 1, ariaHidden: "true" }),
      Plot.axisX({ ...axisBelow(label), ticks, ...(tickFormat && { tickFormat }) }),
      ...marks,
      ...rowTexts(rows),
      Plot.tip(rows, Plot.pointerY({ x: pointAt, y: "name", title: "title", ...TIP })),
    ],
  });
}

/** A line along each row. */
export function spans(rows: readonly Row[], x1: string | number, x2: string, stroke: string) {
  return Plot.ruleY(rows, { y: "name", x1, x2, stroke, strokeWidth: 2.5 });
}

export function dots(rows: readonly Row[], x: string, options: Plot.DotOptions) {
  return Plot.dot(rows, { x, y: "name", r: 5.5, strokeWidth: 2, ...options });
}

/** What rows are compared with, where there is such a figure. */
export function compared<F extends string>(
  rows: readonly (Row & Readonly<Record<F, number | null>>)[],
  x: F,
) {
  const known = rows.filter((row) => row[x] !== null);
  return dots(known, x, { symbol: TICK_SYMBOL, stroke: COLORS.muted });
}

/** Where plain decoding stands. */
export function plainLine() {
  return Plot.ruleX([1], { stroke: COLORS.text, strokeWidth: 1.5 });
}

/** Names on the left, figures in a column on the right, their details in a second one. */
function rowTexts(rows: readonly Row[]): Plot.Markish[] {
  const options = { y: "name", fontSize: FONT_SIZE, ariaHidden: "true" } as const;
  const left = {
    ...options,
    text: "name",
    frameAnchor: "left",
    textAnchor: "end",
    dx: -10,
    fill: COLORS.text,
    lineWidth: LABEL_EMS,
    textOverflow: "ellipsis",
  } as const;
  const right = {
    ...options,
    frameAnchor: "right",
    textAnchor: "start",
    fontVariant: "tabular-nums",
  } as const;
  const figure = {
    ...right,
    text: "text",
    fill: ({ color = COLORS.text }: Row) => color,
    dx: VALUE_GAP,
  };
  const bold = rows.filter(({ name }) => name === FUSED_CONFIG);
  const others = rows.filter(({ name }) => name !== FUSED_CONFIG);
  const details = rows.filter(({ detail = "" }) => detail !== "");
  const dx = VALUE_GAP + widest(rows.map(({ text }) => text)) + VALUE_GAP;
  return [
    ...[left, figure].flatMap((column) => [
      Plot.text(others, column),
      Plot.text(bold, { ...column, fontWeight: 600 }),
    ]),
    Plot.text(details, { ...right, text: "detail", fill: COLORS.muted, dx }),
  ];
}

/** Room for the figures, in px. */
function valueMargin(rows: readonly Row[]): number {
  const details = widest(rows.map(({ detail = "" }) => detail));
  const values = VALUE_GAP + widest(rows.map(({ text }) => text));
  return Math.ceil(values + (details === 0 ? 0 : VALUE_GAP + details)) + 4;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(textWidth));
}
