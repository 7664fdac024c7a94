/** Live suffix match: what followed the longest earlier occurrence of the text's end, in this very request. */

import type { Token } from "../base/tokens.ts";
import { SEPARATOR, type SuffixMatch, SuffixMatcher } from "../index/suffixMatch.ts";
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "../tree/drafter.ts";
import { type DraftTree, DraftTreeBuilder, ROOT, sourceBit } from "../tree/draftTree.ts";

/** Occurrences whose continuations are united in the draft. */
const MAX_MATCHES = 8;
/** Tokens copied from one occurrence. */
const MAX_CONTINUATION = 16;

/**
 * Assumed acceptance of a copied token after a match of at least so many tokens; starting values until calibration
 * measures them. The longest entry first.
 */
const MATCH_SCORES: readonly (readonly [minLength: number, score: number])[] = [
  [16, 0.92],
  [8, 0.85],
  [5, 0.75],
  [4, 0.65],
  [3, 0.5],
  [2, 0.35],
  [1, 0.12],
];

/** Assumed acceptance of a token copied `depth` tokens after a match of `matchLength`; the copy lengthens the match. */
export function matchScore(matchLength: number): number {
  return MATCH_SCORES.find(([minLength]) => matchLength >= minLength)?.[1] ?? 0.05;
}

/**
 * Drafts from prompt, FIM suffix and output so far. Rebuilt per generation: it learns nothing that outlives one.
 * @see Hu et al., SAM-Decoding (arXiv 2411.10666).
 */
export class SuffixDrafter implements Drafter {
  readonly source = "suffixMatch";
  #text = new SuffixMatcher();

  async begin(context: GenerationContext): Promise<void> {
    this.#text = new SuffixMatcher();
    // The output continues the prefix, so the prefix stands last, whatever the order of the prompt.
    this.#text.append(context.suffixTokens);
    this.#text.append([SEPARATOR]);
    this.#text.append(context.prefixTokens);
  }

  async draft(rootToken: Token, budget: DraftBudget): Promise<DraftTree> {
    const tree = new DraftTreeBuilder(rootToken);
    const matches = this.#text.matches(MAX_MATCHES);
    const maxDepth = Math.min(budget.maxDepth, MAX_CONTINUATION);
    for (const match of matches) this.#addContinuation(tree, match, matches, maxDepth);
    return tree.finish();
  }

  learn(step: VerifiedStep): void {
    this.#text.append(step.committed);
  }

  #addContinuation(
    tree: DraftTreeBuilder,
    match: SuffixMatch,
    matches: readonly SuffixMatch[],
    maxDepth: number,
  ): void {
    let parent = ROOT;
    // Occurrences as long as this one vote for as long as they went the same way.
    let voters = matches.filter((other) => other.length >= match.length);
    for (let depth = 0; depth < maxDepth; depth++) {
      const token = this.#text.at(match.next + depth);
      if (token === SEPARATOR) return;
      const numVoters = voters.length;
      voters = voters.filter((other) => this.#text.at(other.next + depth) === token);
      const existing = tree.child(parent, token);
      if (existing !== -1) {
        parent = existing;
        continue;
      }
      const rank = tree.numChildren(parent);
      const score = matchScore(match.length + depth) * (voters.length / numVoters);
      const source = sourceBit(this.source);
      parent = tree.add(parent, token, { score, source, rank, matchLength: match.length });
    }
  }
}
