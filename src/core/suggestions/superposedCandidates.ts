/** One step of Superposed Decoding without its model: weights of the mixture, candidates, and which of them stay. */

import type { Token } from "../base/tokens.ts";
import type { TopK } from "../tree/targetModel.ts";
import type { NgramModel } from "./ngramModel.ts";

export interface SuperposedSettings {
  /** k in the paper. */
  readonly numDrafts: number;
  /** m in the paper: tokens of the shared distribution that every draft is tried with; at least numDrafts. */
  readonly numCandidates: number;
  /** Tokens of a draft at most: drafts drift apart from their mixture, the paper recommends 10. */
  readonly maxTokens: number;
  /** τ in the paper. */
  readonly temperature: number;
  /** α in the paper: the n-grams' share in a candidate's score, 0 … 1. */
  readonly ngramWeight: number;
}

/** Rows are scanned for no more than this. */
const MAX_CANDIDATES = 64;

/** The paper's constants for Llama-2-7B, m = k²; drafts are shorter than its resets. */
export function paperSettings(numDrafts: number, maxTokens = 10): SuperposedSettings {
  const numCandidates = Math.min(MAX_CANDIDATES, numDrafts ** 2);
  return { numDrafts, numCandidates, maxTokens, temperature: 0.06, ngramWeight: 0.54 };
}

/** ln δ in the paper's code: what a draft loses where no n-gram knows any of its candidates. */
const UNKNOWN_PENALTY = 200;

/** A draft in the making. */
export interface PartialDraft {
  readonly tokens: readonly Token[];
  /** ln P_i: never rises along a draft. */
  readonly logScore: number;
}

/** [drafts.length] γ_i = P_i / Σ P; they add up to 1. */
export function mixtureWeights(drafts: readonly PartialDraft[]): Float64Array {
  const best = Math.max(...drafts.map(({ logScore }) => logScore));
  const weights = Float64Array.from(drafts, ({ logScore }) => Math.exp(logScore - best));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** [top.tokens.length] ln softmax(logits / τ) over the best tokens of a row, as if there were no others. */
export function sharpened(top: TopK, temperature: number): Float64Array {
  const best = top.logits[0]! / temperature;
  const scaled = Float64Array.from(top.logits, (logit) => logit / temperature - best);
  const logSumExp = Math.log(scaled.reduce((sum, value) => sum + Math.exp(value), 0));
  return scaled.map((value) => value - logSumExp);
}

/**
 * Every draft with every token of the shared distribution, scored by P_i · p^(1-α) · pn^α. Where the n-grams know some
 * of a draft's tokens, it has only those; where they know none it keeps all and pays for it.
 *
 * @param tops - [drafts.length] the m best tokens of the superposed row that may follow each draft.
 * @param history - tokens before all drafts.
 * @returns drafts.length · m candidates if α is 0, at least one per draft otherwise; best first.
 */
export function scoreCandidates(
  drafts: readonly PartialDraft[],
  tops: readonly TopK[],
  { temperature, ngramWeight }: SuperposedSettings,
  ngrams: NgramModel,
  history: readonly Token[],
): PartialDraft[] {
  const candidates = drafts.flatMap(({ tokens, logScore }, draft) => {
    const top = tops[draft]!;
    const scores = sharpened(top, temperature).map((logProb) => (1 - ngramWeight) * logProb);
    if (ngramWeight > 0) {
      const known = ngrams.probabilities([...history, ...tokens], top.tokens);
      const isAnyKnown = known.some((probability) => probability > 0);
      known.forEach((probability, index) => {
        scores[index]! += isAnyKnown ? ngramWeight * Math.log(probability) : -UNKNOWN_PENALTY;
      });
    }
    return Array.from(top.tokens, (token, index) => ({
      tokens: [...tokens, token],
      logScore: logScore + scores[index]!,
    }));
  });
  return candidates
    .filter(({ logScore }) => logScore > Number.NEGATIVE_INFINITY)
    .sort((a, b) => b.logScore - a.logScore);
}

/** The drafts that stay after a step. */
export interface Selection {
  /** [<= numDrafts] those that go on, best first. */
  readonly live: readonly PartialDraft[];
  /** Those that ended in this step, without the token that ended them. */
  readonly finished: readonly PartialDraft[];
}

/** Keeps the best; of twice as many candidates those that end are set aside, so that they displace no live one. */
export function selectDrafts(
  candidates: readonly PartialDraft[],
  numDrafts: number,
  endsDraft: (token: Token) => boolean,
): Selection {
  const best = candidates.slice(0, 2 * numDrafts);
  const ends = ({ tokens }: PartialDraft) => endsDraft(tokens.at(-1)!);
  return {
    live: best.filter((candidate) => !ends(candidate)).slice(0, numDrafts),
    finished: best
      .filter(ends)
      .map(({ tokens, logScore }) => ({ tokens: tokens.slice(0, -1), logScore })),
  };
}
