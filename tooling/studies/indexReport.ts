/**
 * What the workspace index costs by size, beside its goals: the report of the suite `index`, as data and as
 * Markdown. Pure.
 */

import { formatColumns, formatTable } from "../../src/bench/base/markdownTable.ts";
import { markdownText } from "../../src/core/base/foreignText.ts";
import type { IndexBenchRow } from "./indexBench.ts";

/** Limits that the figures must stay below. */
const INDEX_GOALS = {
  /** Of a million tokens. */
  buildMs: 10_000,
  lookupP99Us: 100,
  /** The 99th of a hundred files saved. */
  updateP99Ms: 20,
  bytesPerToken: 24,
} as const;
type IndexGoal = keyof typeof INDEX_GOALS;

const GOAL_NAMES: Record<IndexGoal, string> = {
  buildMs: `build, ms per 1M tokens < ${INDEX_GOALS.buildMs}`,
  lookupP99Us: `lookup p99, µs < ${INDEX_GOALS.lookupP99Us}`,
  updateP99Ms: `file update p99, ms < ${INDEX_GOALS.updateP99Ms}`,
  bytesPerToken: `bytes per token <= ${INDEX_GOALS.bytesPerToken}`,
};

/** What a report says beside the rows. */
export interface IndexRun {
  readonly seed: number;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string };
  /** Share of the cores that others used meanwhile, 0 … 1. */
  readonly busyShare: number;
  readonly isBusy: boolean;
  /** False where not all sizes were measured. */
  readonly isComplete: boolean;
}

export type IndexReport = ReturnType<typeof indexReport>;

/** @param rows - of synthetic workspaces, the smallest first. */
export function indexReport(rows: readonly IndexBenchRow[], about: IndexRun) {
  return {
    suite: "index",
    ...about,
    rows: rows.map((row) => ({ ...row, goals: goalsOf(row) })),
    growth: rows.slice(1).map((row, index) => growthOf(rows[index]!, row)),
  };
}

/** The worse of the two where a figure was taken twice: files at random and one file saved, fresh and after all that. */
function goalsOf(row: IndexBenchRow) {
  const figures = {
    buildMs: (row.buildMs / row.numTokens) * 1e6,
    lookupP99Us: row.lookupUs.p99,
    updateP99Ms: Math.max(row.updateMs.p99, row.retypeMs.p99),
    bytesPerToken: Math.max(row.bytesPerToken, row.compactedBytesPerToken),
  };
  const judged = (goal: IndexGoal) => {
    const value = figures[goal];
    const limit = INDEX_GOALS[goal];
    return { value, holds: value < limit || (goal === "bytesPerToken" && value === limit) };
  };
  return {
    buildMs: judged("buildMs"),
    lookupP99Us: judged("lookupP99Us"),
    updateP99Ms: judged("updateP99Ms"),
    bytesPerToken: judged("bytesPerToken"),
  };
}

/** How figures grow from one size to the next, as factors per ten times the tokens; 10 is linear. */
function growthOf(from: IndexBenchRow, to: IndexBenchRow) {
  const tens = Math.log10(to.numTokens / from.numTokens);
  const factor = (of: (row: IndexBenchRow) => number) => (of(to) / of(from)) ** (1 / tens);
  return {
    fromTokens: from.numTokens,
    toTokens: to.numTokens,
    buildMs: factor((row) => row.buildMs),
    lookupP50Us: factor((row) => row.lookupUs.p50),
    lookupP99Us: factor((row) => row.lookupUs.p99),
    updateP50Ms: factor((row) => row.updateMs.p50),
    bytes: factor((row) => row.bytesPerToken * row.numTokens),
  };
}

/** The report as Markdown. */
export function formatIndexReport(report: IndexReport): string {
  const { seed, machine, busyShare, isBusy, isComplete, rows, growth } = report;
  const notes = [
    ...(isComplete ? [] : ["Not all sizes were measured."]),
    ...(isBusy
      ? [
          `Others used ${(100 * busyShare).toFixed(0)} % of the cores meanwhile: tails (p99, max) are theirs, too. The goals are judged all the same.`,
        ]
      : []),
  ];
  return `${[
    "# The workspace index, by size",
    `${markdownText(machine.cpu)}, ${machine.cores} cores, ${machine.platform}. Synthetic files that repeat as source code does, seed ` +
      `${seed}; tokens come ready, so tokenizing is not in the times. Each index is built twice, the second time counts. ` +
      "A lookup has 64 tokens of context at a random place, of the large ones mostly out of the CPU's caches; a draft is the " +
      "same lookup once more, from the caches, and a tree of 16 nodes; an update replaces one file of 100 to 4,000 tokens, " +
      "a file drawn at random.",
    ...notes.map((note) => `**${note}**`),
    figuresTable(rows),
    "The goals, which are set for 1M tokens. Two figures were taken twice, and the worse one is judged: an update as above, or " +
      "of one file saved again and again; bytes per token as above, or when all updates were compacted. The second ones " +
      "stand in no table, only in the JSON.",
    goalsTable(rows),
    "Growth: the factor per ten times the tokens (10 is linear, 1 is none).",
    growthTable(growth),
  ].join("\n\n")}\n`;
}

function figuresTable(rows: IndexReport["rows"]): string {
  return formatColumns(rows, [
    ["tokens", ({ numTokens }) => sizeText(numTokens)],
    ["files", ({ numFiles }) => String(numFiles)],
    ["shards", ({ numShards }) => String(numShards)],
    ["build ms", ({ buildMs }) => buildMs.toFixed(1)],
    ["M tokens/s", ({ numTokens, buildMs }) => (numTokens / buildMs / 1000).toFixed(1)],
    ["lookup p50 µs", ({ lookupUs }) => lookupUs.p50.toFixed(1)],
    ["lookup p99 µs", ({ lookupUs }) => lookupUs.p99.toFixed(1)],
    ["draft p50 µs", ({ draftUs }) => draftUs.p50.toFixed(1)],
    ["draft p99 µs", ({ draftUs }) => draftUs.p99.toFixed(1)],
    ["update p50 ms", ({ updateMs }) => updateMs.p50.toFixed(3)],
    ["update p99 ms", ({ updateMs }) => updateMs.p99.toFixed(3)],
    ["update max ms", ({ updateMs }) => updateMs.max.toFixed(1)],
    ["bytes/token", ({ bytesPerToken }) => bytesPerToken.toFixed(1)],
  ]);
}

function goalsTable(rows: IndexReport["rows"]): string {
  const goals = Object.keys(INDEX_GOALS) as IndexGoal[];
  return formatTable(
    ["goal", ...rows.map(({ numTokens }) => sizeText(numTokens))],
    goals.map((goal) => [
      GOAL_NAMES[goal],
      ...rows.map(({ goals }) => {
        const { value, holds } = goals[goal];
        return `${value.toFixed(1)} ${holds ? "holds" : "MISSED"}`;
      }),
    ]),
  );
}

function growthTable(growth: IndexReport["growth"]): string {
  return formatColumns(growth, [
    ["from, to", (one) => `${sizeText(one.fromTokens)}, ${sizeText(one.toTokens)}`],
    ["build", ({ buildMs }) => buildMs.toFixed(2)],
    ["lookup p50", ({ lookupP50Us }) => lookupP50Us.toFixed(2)],
    ["lookup p99", ({ lookupP99Us }) => lookupP99Us.toFixed(2)],
    ["update p50", ({ updateP50Ms }) => updateP50Ms.toFixed(2)],
    ["bytes", ({ bytes }) => bytes.toFixed(2)],
  ]);
}

function sizeText(numTokens: number): string {
  return numTokens < 1e6 ? `${numTokens / 1e3}k` : `${numTokens / 1e6}M`;
}
