/**
 * Earlier occurrences of a text's end become a draft tree: where their continuations agree they share a path, where
 * they part each side has the share of its weights.
 * @see Oliaro et al., SuffixDecoding (arXiv 2411.04975): best-first on count ratios. Ours weighs the
 *   counts, and knows that few and short matches prove little.
 */

import type { Token } from "../base/tokens.ts";
import type { DraftBudget } from "../tree/drafter.ts";
import { type DraftTree, DraftTreeBuilder, ROOT } from "../tree/draftTree.ts";
import { MAX_DEPTH, PRIOR_STEPS } from "../tree/policyConstants.ts";
import { takeBest } from "./takeBest.ts";

/** An earlier occurrence of the text's end. */
export interface Hit {
  /** Tokens that agree. */
  readonly matchLength: number;
  /** How much it counts against the other hits; positive. */
  readonly weight: number;
  /** What followed, at least one token. */
  readonly continuation: ArrayLike<Token>;
}

/** How far hits are followed, and how far they are believed. */
export interface HitTrust {
  readonly maxDepth: number;
  /** Chance that unanimous hits are right, in (0, 1]. @param matchLength - the tokens followed since included. */
  confidence(matchLength: number, numVoters: number): number;
}

/** A token that could be added: what hits that went the same way so far have next. */
interface Candidate {
  readonly parent: number;
  readonly depth: number;
  readonly token: Token;
  readonly score: number;
  readonly survival: number;
  readonly voters: readonly Hit[];
}

const USUAL_TRUST: HitTrust = { maxDepth: MAX_DEPTH, confidence: hitConfidence };

/**
 * A tree of the likeliest nodes within the budget.
 * @param numFollowed - tokens of the continuations that the output has followed already; all of these hits agree on them.
 * @param source - the drafter's bit.
 */
export function draftFromHits(
  rootToken: Token,
  hits: readonly Hit[],
  numFollowed: number,
  budget: DraftBudget,
  source: number,
  trust = USUAL_TRUST,
): DraftTree {
  const tree = new DraftTreeBuilder(rootToken);
  const maxDepth = Math.min(budget.maxDepth, trust.maxDepth);
  const candidates: Candidate[] = [];
  const push = (parent: number, depth: number, survival: number, hitsHere: readonly Hit[]) => {
    if (depth > maxDepth) return;
    const votes = votesAt(hitsHere, numFollowed + depth - 1);
    for (const { token, share, matchLength, voters } of votes) {
      const score = share * trust.confidence(matchLength, voters.length);
      if (survival * score < budget.minSurvival) continue;
      candidates.push({ parent, depth, token, score, survival: survival * score, voters });
    }
  };
  push(ROOT, 1, 1, hits);
  while (tree.size <= budget.maxNodes) {
    const best = takeBest(candidates);
    if (best === undefined) break;
    const { parent, depth, token, score, survival, voters } = best;
    const node = tree.add(parent, token, { score, source });
    push(node, depth + 1, survival, voters);
  }
  return tree.finish();
}

/**
 * How far unanimous hits are to be believed, 0 … 1: so many voters against a doubt that shrinks as the match grows; calibration
 * sets it right. In TypeScript sources, hidden spans of 32 tokens, 1, 2, 6 and 13 voters were right in 36, 58, 81 and
 * 88 % of cases after 2 tokens (this says 20, 33, 60, 76), in 78, 88, 97 and 97 % after 8 to 11 (54, 70, 88, 94).
 */
export function hitConfidence(matchLength: number, numVoters: number): number {
  return numVoters / (numVoters + PRIOR_STEPS / matchLength);
}

/** One token and the hits that have it next. */
interface Vote {
  readonly token: Token;
  readonly voters: Hit[];
  /** Weight; once all is counted, the share of it. */
  share: number;
  /** Longest match of its voters, the tokens followed since included. */
  matchLength: number;
}

/** The tokens that hits have at an index of their continuations, the one of most weight first. */
function votesAt(hits: readonly Hit[], index: number): Vote[] {
  const votes: Vote[] = [];
  let total = 0;
  for (const hit of hits) {
    const token = hit.continuation[index];
    if (token === undefined) continue;
    total += hit.weight;
    const matchLength = hit.matchLength + index;
    const vote = votes.find((other) => other.token === token);
    if (vote === undefined) {
      votes.push({ token, voters: [hit], share: hit.weight, matchLength });
      continue;
    }
    vote.voters.push(hit);
    vote.share += hit.weight;
    vote.matchLength = Math.max(vote.matchLength, matchLength);
  }
  for (const vote of votes) vote.share /= total;
  return votes.sort((a, b) => b.share - a.share);
}
