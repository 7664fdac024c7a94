/** Figures over the runs of one method: times, likelihood by rank, distinctness, hits. Pure. */
import { relativeDistance } from "../core/editDistance.ts";
import { normalizeSpace } from "../core/rankSuggestions.ts";
import { medianInterval, sum } from "./statistics.ts";
import type { SuggestionMethod, SuggestionsRow } from "./suggestionsReport.ts";

/** A suggestion after ranking. */
export interface OfferedSuggestion {
  readonly text: string;
  readonly numTokens: number;
  readonly meanLogProb: number;
}

/** One method on one prompt. */
export interface SuggestionsRun {
  readonly method: SuggestionMethod;
  readonly count: number;
  readonly timesOnePlain: number;
  readonly timesFirst: number;
  readonly numPasses: number;
  readonly offered: readonly OfferedSuggestion[];
  /** Undefined where nothing of the cursor's line was hidden. */
  readonly hiddenLine: string | undefined;
}

const SEED = 1;

/** @param runs - of this method and k, one per prompt; at least one. */
export function rowOf(
  method: SuggestionMethod,
  count: number,
  runs: readonly SuggestionsRun[],
): SuggestionsRow {
  const offered = runs.flatMap((run) => run.offered);
  return {
    method,
    count,
    timesOnePlain: medianInterval(
      runs.map((run) => run.timesOnePlain),
      SEED,
    ),
    timesFirst: medianInterval(
      runs.map((run) => run.timesFirst),
      SEED,
    ),
    meanPasses: meanOf(runs.map(({ numPasses }) => numPasses)) ?? 0,
    meanOffered: offered.length / runs.length,
    meanTokens: meanOf(offered.map(({ numTokens }) => numTokens)) ?? 0,
    logProbByRank: Array.from({ length: count }, (_, rank) =>
      meanOf(runs.flatMap((run) => run.offered[rank]?.meanLogProb ?? [])),
    ),
    distinctness: meanOf(runs.flatMap((run) => distances(run.offered))),
    hitAt1: hitShare(runs, 1),
    hitAt3: hitShare(runs, 3),
    hitAtAny: hitShare(runs, count),
  };
}

/** [pairs] relative edit distance of any two. */
function distances(offered: readonly OfferedSuggestion[]): number[] {
  const texts = offered.map(({ text }) => normalizeSpace(text));
  return texts.flatMap((text, index) =>
    texts.slice(0, index).map((other) => relativeDistance(text, other)),
  );
}

/** Share of the prompts with a hidden line for which one of the first so many suggestions begins with that line. */
function hitShare(runs: readonly SuggestionsRun[], numRanks: number): number | null {
  return meanOf(
    runs.flatMap(({ hiddenLine, offered }) => {
      if (hiddenLine === undefined) return [];
      const wanted = normalizeSpace(hiddenLine);
      const lines = offered.slice(0, numRanks).map(({ text }) => text.split("\n", 1)[0]!);
      return lines.some((line) => normalizeSpace(line) === wanted) ? 1 : 0;
    }),
  );
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : sum(values) / values.length;
}
