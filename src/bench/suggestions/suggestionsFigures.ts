/** Figures over the runs of one method: times, likelihood by rank, distinctness, hits. Pure. */
import { priceBound } from "../../core/suggestions/branchPrice.ts";
import { relativeDistance } from "../../core/suggestions/editDistance.ts";
import {
  DROP_REASONS,
  type DropReason,
  MIN_MEAN_LOG_PROB,
  normalizeSpace,
} from "../../core/suggestions/rankSuggestions.ts";
import { medianInterval, sum } from "../base/statistics.ts";

/** Ways to more than one suggestion. */
export const SUGGESTION_METHODS = [
  "alonePlain",
  "alone",
  "branches",
  "superposedDraft",
  "superposedTarget",
] as const;
export type SuggestionMethod = (typeof SUGGESTION_METHODS)[number];

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
  /** Why each of the rest is not offered. */
  readonly dropped: readonly DropReason[];
  /** Branches that were given up, as they seemed to repeat another, and that ended with a line for the price's sake. */
  readonly numStopped: number;
  readonly numCut: number;
  /** Undefined where nothing of the cursor's line was hidden. */
  readonly hiddenLine: string | undefined;
}

const SEED = 1;
/** Relative edit distance from every better one at which a further suggestion is worth showing. */
export const GOOD_DISTANCE = 0.2;

/** A method with one k, over all prompts. */
export type SuggestionsRow = ReturnType<typeof rowOf>;

/**
 * @param count - k: suggestions asked for, the first included.
 * @param runs - of this method and k, one per prompt; at least one.
 * @param rowsFactor - t(k) / t(1) as measured.
 */
export function rowOf(
  method: SuggestionMethod,
  count: number,
  runs: readonly SuggestionsRun[],
  rowsFactor: number,
) {
  const dropped = runs.flatMap((run) => run.dropped);
  const numDropped = (reason: DropReason) => dropped.filter((other) => other === reason).length;
  const offered = runs.flatMap((run) => run.offered);
  return {
    method,
    count,
    /** Time of all suggestions by that of one, decoded plainly; the median over prompts. The prompt is cached for both. */
    timesOnePlain: medianInterval(
      runs.map((run) => run.timesOnePlain),
      SEED,
    ),
    /** The same by the time of the first suggestion, decoded with drafts. */
    timesFirst: medianInterval(
      runs.map((run) => run.timesFirst),
      SEED,
    ),
    /** Of the target, those of the first suggestion included. */
    meanPasses: meanOf(runs.map(({ numPasses }) => numPasses)) ?? 0,
    /** After ranking. */
    meanOffered: offered.length / runs.length,
    /** Suggestions that were decoded and not offered, over all prompts, a first one without text included. */
    dropped: Object.fromEntries(
      DROP_REASONS.map((reason) => [reason, numDropped(reason)]),
    ) as Record<DropReason, number>,
    /** Over all prompts, as of {@link SuggestionsRun}. */
    numStopped: sum(runs.map(({ numStopped }) => numStopped)),
    numCut: sum(runs.map(({ numCut }) => numCut)),
    /** [count - 1] share of prompts with a suggestion of this rank above the floor and well different from all better ones. */
    goodByRank: Array.from(
      { length: count - 1 },
      (_, index) => runs.filter((run) => isGood(run.offered, index + 1)).length / runs.length,
    ),
    rowsFactor,
    /** What `timesOnePlain` may be at most. */
    maxTimes: priceBound(rowsFactor),
    /** Per suggestion offered. */
    meanTokens: meanOf(offered.map(({ numTokens }) => numTokens)) ?? 0,
    /** [<= count] mean natural log-probability per token under the target, by rank; null where no prompt had one. */
    logProbByRank: Array.from({ length: count }, (_, rank) =>
      meanOf(runs.flatMap((run) => run.offered[rank]?.meanLogProb ?? [])),
    ),
    /** Mean relative edit distance of any two that were offered together; null where never two were. */
    distinctness: meanOf(runs.flatMap((run) => distances(run.offered))),
    /** Of prompts whose hidden line is that of the first suggestion, of one of the first three, of any. */
    hitAt1: hitShare(runs, 1),
    hitAt3: hitShare(runs, 3),
    hitAtAny: hitShare(runs, count),
  };
}

/** Whether there is a suggestion of this rank, above the floor and different from all better ones. */
function isGood(offered: readonly OfferedSuggestion[], rank: number): boolean {
  const own = offered[rank];
  if (own === undefined || !(own.meanLogProb >= MIN_MEAN_LOG_PROB)) return false;
  const text = normalizeSpace(own.text);
  return offered
    .slice(0, rank)
    .every((better) => relativeDistance(normalizeSpace(better.text), text) >= GOOD_DISTANCE);
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
