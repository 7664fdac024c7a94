/** Which of several suggestions are offered, and in which order. */
import { relativeDistance } from "./editDistance.ts";

/** A suggestion as it would be shown. */
export interface RankableSuggestion {
  /** After the trim rules. */
  readonly text: string;
  /** Mean natural log-probability of its tokens under the target. */
  readonly meanLogProb: number;
}

/** ln 0.1: a text whose tokens have a chance of less than one in ten, on average, is noise. */
export const MIN_MEAN_LOG_PROB = Math.log(0.1);
/** Texts that differ in less than this share of their characters are read as the same. */
export const MIN_DISTANCE = 0.1;

/** White space as a reader sees it: runs are one space, the ends are bare. */
export function normalizeSpace(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Mean of natural log-probabilities; 0 for none. */
export function meanOf(logProbs: Float64Array): number {
  return logProbs.length === 0
    ? 0
    : logProbs.reduce((sum, value) => sum + value, 0) / logProbs.length;
}

/** Why a suggestion is not offered. */
export const DROP_REASONS = ["empty", "unlikely", "equal", "similar", "surplus"] as const;
/**
 * `empty` without text, `unlikely` below the floor, `equal` to a better one but for white space, `similar` where too few
 * characters differ from it, `surplus` beyond what was asked for.
 */
export type DropReason = (typeof DROP_REASONS)[number];

export interface RankedSuggestions<S> {
  /** The first foremost. */
  readonly offered: readonly S[];
  readonly dropped: readonly { readonly suggestion: S; readonly reason: DropReason }[];
}

/** Why a text is not offered beside better ones; undefined if it is. Likelihood and number are the caller's to judge. */
export function findLikeness(
  text: string,
  better: readonly string[],
): Extract<DropReason, "empty" | "equal" | "similar"> | undefined {
  const own = normalizeSpace(text);
  if (own === "") return "empty";
  const distance = Math.min(
    1,
    ...better.map((other) => relativeDistance(normalizeSpace(other), own)),
  );
  if (distance === 0) return "equal";
  return distance < MIN_DISTANCE ? "similar" : undefined;
}

/**
 * The first stays first, as it is the target's own greedy completion. The others follow by mean log-probability; those
 * without text, below the floor, or too like a better one are left out. Equals keep their order.
 *
 * @param first - undefined where the greedy completion has nothing to show.
 * @param limits - `count`: suggestions at most, the first included.
 */
export function rankSuggestions<S extends RankableSuggestion>(
  first: S | undefined,
  others: readonly S[],
  { count }: { readonly count: number },
): RankedSuggestions<S> {
  const offered: S[] = first === undefined ? [] : [first];
  const dropped: { suggestion: S; reason: DropReason }[] = [];
  for (const suggestion of others.toSorted((a, b) => b.meanLogProb - a.meanLogProb)) {
    const likeness = findLikeness(
      suggestion.text,
      offered.map(({ text }) => text),
    );
    const isLikely = suggestion.meanLogProb >= MIN_MEAN_LOG_PROB;
    const rest = offered.length >= count ? "surplus" : undefined;
    const reason = likeness ?? (isLikely ? rest : "unlikely");
    if (reason === undefined) offered.push(suggestion);
    else dropped.push({ suggestion, reason });
  }
  return { offered, dropped };
}
