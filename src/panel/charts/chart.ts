/** What every chart of the panel has, and how all of them look. Colors are VS Code's, so they follow the theme. */
import type * as Plot from "@observablehq/plot";
import type { DraftSource } from "../../core/tree/draftTree.ts";
import type { DataTable } from "./dataTable.ts";
import type { Verdict } from "./figureText.ts";

export interface Chart {
  /** Unique on the page; by it an opened table is remembered. */
  readonly id: string;
  readonly title: string;
  /** How to read it, in a sentence or two. */
  readonly note: string;
  readonly legend: readonly LegendItem[];
  /** Whether it takes a row of its own. */
  readonly isWide: boolean;
  /** The same figures; in words they stand for the picture, for those who do not see it. */
  readonly table: DataTable;
  /** @param width - of the place it gets, in px. */
  readonly plot: (width: number) => SVGSVGElement | HTMLElement;
}

export type Swatch = "dot" | "ring" | "diamond" | "square" | "triangle" | "cross" | "tick" | "dash";

export interface LegendItem {
  readonly swatch: Swatch;
  readonly color: string;
  readonly text: string;
}

export const COLORS = {
  text: "var(--treeline-text)",
  muted: "var(--treeline-muted)",
  track: "var(--treeline-track)",
  background: "var(--treeline-card)",
  accent: "var(--treeline-blue)",
  loss: "var(--treeline-red)",
} as const;

export interface Style {
  readonly color: string;
  /** As the legend draws it; never the color alone tells two things apart. */
  readonly swatch: Swatch;
}

export const VERDICT_STYLES: Readonly<Record<Verdict, Style>> = {
  gain: { color: "var(--treeline-green)", swatch: "dot" },
  even: { color: COLORS.muted, swatch: "ring" },
  loss: { color: COLORS.loss, swatch: "diamond" },
  incomparable: { color: COLORS.muted, swatch: "cross" },
};

export const SOURCE_STYLES: Readonly<Record<DraftSource, Style>> = {
  suffixMatch: { color: COLORS.accent, swatch: "dot" },
  recycling: { color: "var(--treeline-yellow)", swatch: "square" },
  draftModel: { color: "var(--treeline-purple)", swatch: "triangle" },
  workspace: { color: "var(--treeline-orange)", swatch: "diamond" },
  ghost: { color: "var(--treeline-green)", swatch: "ring" },
};

/** Plot's name of the shape that the legend draws. */
export const SYMBOLS = {
  dot: "circle",
  ring: "circle",
  diamond: "diamond",
  square: "square",
  triangle: "triangle",
  cross: "times",
} as const satisfies Partial<Record<Swatch, string>>;

/** A short upright line, for what a figure is compared with. */
export const TICK_SYMBOL = {
  draw(context: { moveTo(x: number, y: number): void; lineTo(x: number, y: number): void }) {
    context.moveTo(0, -8);
    context.lineTo(0, 8);
  },
};

/** px */
export const ROW_HEIGHT = 30;
export const FONT_SIZE = 12;
const MAX_LABEL_WIDTH = 170;
/** Ticks that a scale of so many px has room for. */
export function numTicks(length: number): number {
  return Math.max(2, Math.min(6, Math.floor(length / 70)));
}

/** Charts narrower than this leave out what the table says too. */
export const NARROW = 400;

/** Options that every plot shares. */
export function frame(width: number, height: number): Plot.PlotOptions {
  return {
    width,
    height,
    marginTop: 12,
    marginBottom: 44,
    className: "plot",
    style: { fontSize: `${FONT_SIZE}px`, overflow: "visible" },
  };
}

/** Options of the axis below a plot. */
export function axisBelow(label: string) {
  return { tickSize: 0, label, labelAnchor: "center", labelArrow: "none" } as const;
}

/** Options of the box that shows a figure's details under the pointer. */
export const TIP = {
  fill: "var(--treeline-tip)",
  stroke: "var(--treeline-tip-border)",
  fontSize: FONT_SIZE,
  textPadding: 8,
  lineHeight: 1.4,
} as const;

/** Where the rows' names go, wide enough for the longest. */
export function labelMargin(names: readonly string[]): number {
  const longest = Math.max(0, ...names.map(textWidth));
  return Math.ceil(Math.min(longest, MAX_LABEL_WIDTH)) + 18;
}

/** In px, as the page writes it. */
export function textWidth(text: string): number {
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) return text.length * 7;
  // As wide as it gets: one row's name is bold.
  context.font = `600 ${FONT_SIZE}px ${getComputedStyle(document.body).fontFamily}`;
  return context.measureText(text).width;
}
