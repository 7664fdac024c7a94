/** What several suggestions cost and are worth: the report of the suite `suggestions`, as data and as Markdown. */
import type { Interval } from "./benchReport.ts";
import { formatTable } from "./markdownTable.ts";

/** Ways to more than one suggestion. */
export const SUGGESTION_METHODS = [
  "alonePlain",
  "alone",
  "branches",
  "together",
  "superposedDraft",
  "superposedTarget",
] as const;
export type SuggestionMethod = (typeof SUGGESTION_METHODS)[number];

/** A method with one k, over all prompts. */
export interface SuggestionsRow {
  readonly method: SuggestionMethod;
  /** k: suggestions asked for, the first included. */
  readonly count: number;
  /** Time of all suggestions by that of one, decoded plainly; the median over prompts. The prompt is cached for both. */
  readonly timesOnePlain: Interval;
  /** The same by the time of the first suggestion, decoded with drafts. */
  readonly timesFirst: Interval;
  /** Passes of the target, those of the first suggestion included, on average. */
  readonly meanPasses: number;
  /** Suggestions offered after ranking, on average. */
  readonly meanOffered: number;
  /** Tokens per suggestion offered, on average. */
  readonly meanTokens: number;
  /** [<= count] mean natural log-probability per token under the target, by rank; null where no prompt had one. */
  readonly logProbByRank: readonly (number | null)[];
  /** Mean relative edit distance of any two that were offered together; null where never two were. */
  readonly distinctness: number | null;
  /** Share of prompts whose hidden line is that of the first suggestion, of one of the first three, of any; null without such prompts. */
  readonly hitAt1: number | null;
  readonly hitAt3: number | null;
  readonly hitAtAny: number | null;
}

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
  together: "branches, the first among them",
  superposedDraft: "superposed on the draft",
  superposedTarget: "superposed on the target",
};

/** The report as Markdown. */
export function formatSuggestionsReport(report: SuggestionsReport): string {
  const { numPrompts, numLines, maxDraftNodes, plainMs, firstMs, rows } = report;
  const table = formatTable(
    [
      "method",
      "k",
      "time, × one plain",
      "× the first",
      "passes",
      "offered",
      "tokens",
      "distinct",
      "hit@1",
      "hit@3",
      "hit@k",
      "log-probability by rank",
    ],
    rows.map((row) => [
      METHOD_NAMES[row.method],
      String(row.count),
      formatInterval(row.timesOnePlain),
      formatInterval(row.timesFirst),
      row.meanPasses.toFixed(1),
      row.meanOffered.toFixed(1),
      row.meanTokens.toFixed(1),
      formatNumber(row.distinctness),
      formatShare(row.hitAt1),
      formatShare(row.hitAt3),
      formatShare(row.hitAtAny),
      row.logProbByRank.map(formatNumber).join(" "),
    ]),
  );
  const head =
    `${numPrompts} prompts, ${numLines} with a hidden line; ${maxDraftNodes} drafted nodes per pass. One suggestion takes ` +
    `${plainMs.toFixed(1)} ms decoded plainly, ${firstMs.toFixed(1)} ms with drafts (medians, prompts cached). ` +
    "Times are those of all k suggestions, the first included, medians with 95 % bounds. Passes are the target's, " +
    "those of the first suggestion included.";
  return `${head}\n\n${table}`;
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
