/** Marks of charts that have one row per configuration or source. */
import * as Plot from "@observablehq/plot";
import { FUSED_CONFIG } from "../../bench/base/benchConfigNames.ts";
import { COLORS, FONT_SIZE, frame, labelMargin, numTicks, ROW_HEIGHT, textWidth } from "./chart.ts";

/** Ems; cuts what {@link labelMargin} has no room for. */
const LABEL_EMS = 14;

/** The rows' names on the left; the configuration that users get is bold. */
export function rowNames(names: readonly string[], boldName?: string): Plot.Markish[] {
  const options = {
    y: (name: string) => name,
    text: (name: string) => name,
    frameAnchor: "left",
    textAnchor: "end",
    dx: -10,
    fontSize: FONT_SIZE,
    fill: COLORS.text,
    lineWidth: LABEL_EMS,
    textOverflow: "ellipsis",
    ariaHidden: "true",
  } as const;
  const plain = names.filter((name) => name !== boldName);
  const bold = names.filter((name) => name === boldName);
  return [Plot.text(plain, options), Plot.text(bold, { ...options, fontWeight: 600 })];
}

export interface ValueLabel {
  readonly name: string;
  readonly text: string;
  /** Said after it, more quietly; empty where there is no room. */
  readonly detail: string;
  readonly color: string;
  readonly isBold: boolean;
}

/** A row's figure as a label needs it. */
export type RowFigure = Pick<ValueLabel, "name" | "text"> &
  Partial<Pick<ValueLabel, "detail" | "color">>;

/** What charts with one row per configuration share: their frame, and the figures at the right. */
export function configRows(rows: readonly RowFigure[], width: number) {
  const names = rows.map(({ name }) => name);
  const labels = rows.map(
    ({ name, text, detail = "", color = COLORS.text }): ValueLabel => ({
      name,
      text,
      detail,
      color,
      isBold: name === FUSED_CONFIG,
    }),
  );
  const marginLeft = labelMargin(names);
  const marginRight = valueMargin(labels);
  const options = {
    ...frame(width, names.length * ROW_HEIGHT + 56),
    marginLeft,
    marginRight,
    y: { domain: names, type: "point", padding: 0.5, axis: null },
  } as const;
  return {
    options,
    ticks: numTicks(width - marginLeft - marginRight),
    /** Faint lines that lead the eye from a name to its figure, behind the plot's own marks. */
    tracks: Plot.ruleY(names, { stroke: COLORS.track, strokeWidth: 1, ariaHidden: "true" }),
    texts: [...rowNames(names, FUSED_CONFIG), ...rowValues(labels)],
  };
}

/** px between the plot and its figures, and between a figure and its detail. */
const VALUE_GAP = 12;

/** Figures in a column on the right, their details in a second one. */
export function rowValues(labels: readonly ValueLabel[]): Plot.Markish[] {
  const options = {
    y: "name",
    frameAnchor: "right",
    textAnchor: "start",
    fontSize: FONT_SIZE,
    fontVariant: "tabular-nums",
    ariaHidden: "true",
  } as const;
  const values = [false, true].map((isBold) =>
    Plot.text(
      labels.filter((label) => label.isBold === isBold),
      { ...options, text: "text", fill: "color", dx: VALUE_GAP, fontWeight: isBold ? 600 : 400 },
    ),
  );
  const details = labels.filter(({ detail }) => detail !== "");
  const dx = VALUE_GAP + widest(labels.map(({ text }) => text)) + VALUE_GAP;
  return [...values, Plot.text(details, { ...options, text: "detail", fill: COLORS.muted, dx })];
}

/** Room for {@link rowValues}, in px. */
export function valueMargin(labels: readonly ValueLabel[]): number {
  const details = widest(labels.map(({ detail }) => detail));
  const values = VALUE_GAP + widest(labels.map(({ text }) => text));
  return Math.ceil(values + (details === 0 ? 0 : VALUE_GAP + details)) + 4;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(textWidth));
}
