/** Which of several suggestions are offered, and in which order. */
import { relativeDistance } from "./editDistance.ts";

/** A suggestion as it would be shown. */
export interface RankableSuggestion {
  /** After the trim rules. */
  readonly text: string;
  /** Mean natural log-probability of its tokens under the target. */
  readonly meanLogProb: number;
}

export interface RankLimits {
  /** Suggestions at most, the first included. */
  readonly count: number;
  /** Any but the first is left out below this; {@link MIN_MEAN_LOG_PROB} unless given. */
  readonly minMeanLogProb?: number;
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

/**
 * The first stays first, as it is the target's own greedy completion. The others follow by mean log-probability; those
 * without text, below the floor, or too like a better one are left out. Equals keep their order.
 *
 * @param first - undefined where the greedy completion has nothing to show.
 */
export function rankSuggestions<S extends RankableSuggestion>(
  first: S | undefined,
  others: readonly S[],
  { count, minMeanLogProb = MIN_MEAN_LOG_PROB }: RankLimits,
): S[] {
  const ranked: S[] = first === undefined ? [] : [first];
  for (const suggestion of others.toSorted((a, b) => b.meanLogProb - a.meanLogProb)) {
    if (ranked.length >= count || !(suggestion.meanLogProb >= minMeanLogProb)) break;
    const text = normalizeSpace(suggestion.text);
    const isNew = ranked.every(
      (better) => relativeDistance(normalizeSpace(better.text), text) >= MIN_DISTANCE,
    );
    if (text !== "" && isNew) ranked.push(suggestion);
  }
  return ranked;
}
