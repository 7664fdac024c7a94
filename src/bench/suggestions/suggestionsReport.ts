/** What several suggestions cost and are worth: the report of the suite `suggestions`, as data and as Markdown. */
import { type Column, formatColumns } from "../base/markdownTable.ts";
import type { Interval } from "../base/statistics.ts";
import type { SuggestionMethod, SuggestionsRow } from "./suggestionsFigures.ts";

export interface SuggestionsReport {
  readonly suite: "suggestions";
  readonly numPrompts: number;
  /** Prompts whose cursor's line has a rest that was hidden. */
  readonly numLines: number;
  readonly maxDraftNodes: number;
  /** Median ms of one suggestion, decoded plainly and with drafts. */
  readonly plainMs: number;
  readonly firstMs: number;
  readonly rows: readonly SuggestionsRow[];
}

const METHOD_NAMES: Record<SuggestionMethod, string> = {
  alonePlain: "each alone, plain",
  alone: "each alone, with drafts",
  branches: "branches",
  superposedDraft: "superposed on the draft",
  superposedTarget: "superposed on the target",
};

const METHOD_COLUMNS = [
  ["method", ({ method }) => METHOD_NAMES[method]],
  ["k", ({ count }) => String(count)],
  ["time, × one plain", ({ timesOnePlain }) => formatInterval(timesOnePlain)],
] as const satisfies readonly Column<SuggestionsRow>[];

/** The report as Markdown. */
export function formatSuggestionsReport(report: SuggestionsReport): string {
  const { numPrompts, numLines, maxDraftNodes, plainMs, firstMs, rows } = report;
  const table = formatColumns(rows, [
    ...METHOD_COLUMNS,
    ["× the first", ({ timesFirst }) => formatInterval(timesFirst)],
    ["passes", ({ meanPasses }) => meanPasses.toFixed(1)],
    ["offered", ({ meanOffered }) => meanOffered.toFixed(1)],
    ["tokens", ({ meanTokens }) => meanTokens.toFixed(1)],
    ["distinct", ({ distinctness }) => formatNumber(distinctness)],
    ["hit@1", ({ hitAt1 }) => formatShare(hitAt1)],
    ["hit@3", ({ hitAt3 }) => formatShare(hitAt3)],
    ["hit@k", ({ hitAtAny }) => formatShare(hitAtAny)],
    ["log-probability by rank", ({ logProbByRank }) => logProbByRank.map(formatNumber).join(" ")],
  ]);
  const head =
    `${numPrompts} prompts, ${numLines} with a hidden line; ${maxDraftNodes} drafted nodes per pass. One suggestion takes ` +
    `${plainMs.toFixed(1)} ms decoded plainly, ${firstMs.toFixed(1)} ms with drafts (medians, prompts cached). ` +
    "Times are those of all k suggestions, the first included, medians with 95 % bounds. Passes are the target's, " +
    "those of the first suggestion included.";
  return [head, table, OFFER_NOTE, formatOffers(rows), PRICE_NOTE, formatPrices(rows)].join("\n\n");
}

const OFFER_NOTE =
  "Offered of k, and why the others were not, as counts over all prompts: without text; under the floor of the mean " +
  "log-probability; equal to a better one but for white space; too similar to it; more than asked for; given up as " +
  "they seemed to repeat another. Cut: ended with a line as the price was spent, so shorter than alone. Good: share of prompts with a suggestion of that rank, above the floor and at a normalised edit " +
  "distance of 0.2 or more from all better ones; a missing one is not good.";

function formatOffers(rows: readonly SuggestionsRow[]): string {
  const reasons = ["empty", "unlikely", "equal", "similar", "surplus"] as const;
  return formatColumns(rows, [
    METHOD_COLUMNS[0],
    ["offered of k", ({ meanOffered, count }) => `${meanOffered.toFixed(1)} of ${count}`],
    ...reasons.map(
      (reason): Column<SuggestionsRow> => [reason, ({ dropped }) => String(dropped[reason])],
    ),
    ["stopped", ({ numStopped }) => String(numStopped)],
    ["cut", ({ numCut }) => String(numCut)],
    ["good, by rank from 2", ({ goodByRank }) => goodByRank.map(formatShare).join(", ")],
  ]);
}

const PRICE_NOTE =
  "The price: time of all k over one plain suggestion, which may be 1.5 where t(k) is at most 1.2 t(1), and 1.15 x " +
  "t(k)/t(1) elsewhere. It holds, or does not, where both 95 % bounds say so; otherwise the median's word is given.";

function formatPrices(rows: readonly SuggestionsRow[]): string {
  return formatColumns(rows, [
    ...METHOD_COLUMNS,
    ["t(k)/t(1)", ({ rowsFactor }) => formatNumber(rowsFactor)],
    ["at most", ({ maxTimes }) => formatNumber(maxTimes)],
    ["holds", ({ timesOnePlain, maxTimes }) => formatHolds(timesOnePlain, maxTimes)],
  ]);
}

function formatHolds({ median, low, high }: Interval, max: number): string {
  if (high <= max) return "yes";
  if (low > max) return "no";
  return median <= max ? "by the median" : "not by the median";
}

function formatInterval({ median, low, high }: Interval): string {
  return `${median.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}

function formatNumber(value: number | null): string {
  return value === null ? "-" : value.toFixed(2);
}

function formatShare(share: number | null): string {
  return share === null ? "-" : `${(100 * share).toFixed(0)} %`;
}
