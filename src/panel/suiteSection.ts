/** One suite: its headline figures, its charts, what is to be said of single configurations. */
import { FUSED_CONFIG, PLAIN_CONFIG } from "../bench/base/benchConfigNames.ts";
import type { SuiteFigures } from "../bench/speed/benchReport.ts";
import type { Chart } from "./charts/chart.ts";
import { configTable } from "./charts/configTable.ts";
import { tableElement } from "./charts/dataTable.ts";
import { depthChart } from "./charts/depthChart.ts";
import { type Child, element } from "./charts/element.ts";
import {
  formatBounds,
  formatDecimal,
  formatMs,
  formatRatio,
  plural,
  VERDICT_WORDS,
  verdictOf,
} from "./charts/figureText.ts";
import { latencyChart } from "./charts/latencyChart.ts";
import { passLengthChart } from "./charts/passLengthChart.ts";
import { sourceChart } from "./charts/sourceChart.ts";
import { depthPoints, draftedConfig } from "./charts/sourceRows.ts";
import { speedChart } from "./charts/speedChart.ts";
import { configsBySpeed } from "./charts/suiteRows.ts";

/** What the section needs of the page. */
export interface SectionFrame {
  /** A chart's node, kept up to date with its width. */
  readonly chart: (chart: Chart) => HTMLElement;
  /** A foldable part that stays as the user left it. */
  readonly details: (id: string) => HTMLDetailsElement;
}

export function suiteSection(name: string, suite: SuiteFigures, frame: SectionFrame): HTMLElement {
  const titleId = `suite:${name}`;
  const hasFigures = suite.configs.length > 0 && suite.numPrompts > 0;
  const all = frame.details(`${name}/all`);
  all.append(
    element("summary", {}, "All figures"),
    element(
      "div",
      { class: "scroller" },
      tableElement(configTable(`All figures of ${name}`, suite, configsBySpeed(suite))),
    ),
  );
  const body: readonly Child[] = hasFigures
    ? [
        headline(suite),
        element("div", { class: "charts" }, ...suiteCharts(name, suite).map(frame.chart)),
        configNotes(suite),
        all,
      ]
    : [element("p", {}, "Nothing was measured.")];
  return element(
    "section",
    { "aria-labelledby": titleId },
    element("h2", { id: titleId }, "Suite ", element("code", {}, name)),
    element("p", { class: "note" }, introduction(suite)),
    ...body,
  );
}

/** The charts that there are figures for. */
export function suiteCharts(name: string, suite: SuiteFigures): Chart[] {
  const drafted = draftedConfig(suite);
  const hasOthers = suite.configs.some((config) => config.name !== PLAIN_CONFIG);
  const hasDepths = drafted !== undefined && depthPoints(drafted).length > 0;
  return [
    ...(hasOthers ? [speedChart(name, suite), passLengthChart(name, suite)] : []),
    latencyChart(name, suite),
    ...(drafted === undefined ? [] : [sourceChart(name, drafted)]),
    ...(hasDepths ? [depthChart(name, drafted)] : []),
  ];
}

function introduction({
  origin,
  numPrompts,
  maxTokens,
  numLooping,
  numShort,
}: SuiteFigures): string {
  const left = [
    ...(numLooping === 0 ? [] : [plural(numLooping, "looping output")]),
    ...(numShort === 0 ? [] : [`${plural(numShort, "output")} too short to measure`]),
  ];
  const details = left.length === 0 ? "" : `, beside ${left.join(" and ")}`;
  return `${plural(numPrompts, "prompt")} of up to ${plural(maxTokens, "token")}${details}. ${origin}`;
}

function headline(suite: SuiteFigures): HTMLElement | null {
  const figuresOf = (config: string) => suite.configs.find(({ name }) => name === config);
  const config = figuresOf(FUSED_CONFIG);
  if (config === undefined) return null;
  // Whatever has figures was measured beside it.
  const plain = figuresOf(PLAIN_CONFIG)!;
  const { ratioToPlain, tokensPerSecond, meanAcceptanceLength, firstLineMs } = config;
  const verdict = verdictOf(config);
  return element(
    "dl",
    { class: "headline" },
    tile(
      // With word joiners, so that the bounds stay in one line.
      `${VERDICT_WORDS[verdict]}, ${formatBounds(ratioToPlain).replace("–", "\u2060–\u2060")}`,
      formatRatio(ratioToPlain.ratio),
      verdict,
    ),
    tile(
      `tokens/s, ${PLAIN_CONFIG} → ${FUSED_CONFIG}`,
      `${formatDecimal(plain.tokensPerSecond)} → ${formatDecimal(tokensPerSecond)}`,
    ),
    tile("tokens per pass", meanAcceptanceLength.toFixed(2)),
    tile("to the first line", formatMs(firstLineMs)),
  );
}

function tile(term: string, value: string, verdict?: string): HTMLElement {
  return element(
    "div",
    { class: verdict === undefined ? "tile" : `tile ${verdict}` },
    element("dt", { class: "term" }, term),
    element("dd", { class: "figure" }, value),
  );
}

function configNotes(suite: SuiteFigures): HTMLElement | null {
  const missing = suite.unmeasured.map(({ name, warnings }) => ({
    name,
    warnings: ["Not measured.", ...warnings],
  }));
  const notes = [...suite.configs, ...missing].flatMap(({ name, warnings }) =>
    warnings.map((text) => element("li", {}, element("code", {}, name), `: ${text}`)),
  );
  if (notes.length === 0) return null;
  return element(
    "div",
    { class: "folded" },
    element("h3", {}, "To be known about single configurations"),
    element("ul", { class: "bullets" }, ...notes),
  );
}
