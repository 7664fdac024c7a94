/** Live suffix match: what followed the longest earlier occurrence of the text's end, in this very request. */

import type { Token } from "../base/tokens.ts";
import { SEPARATOR, SuffixMatcher } from "../index/suffixMatch.ts";
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "../tree/drafter.ts";
import { type DraftTree, sourceBit } from "../tree/draftTree.ts";
import { MAX_DEPTH, MAX_WIDTH } from "../tree/policyConstants.ts";
import { draftFromHits } from "./hitTree.ts";

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
    // Weighed against each other, longer matches for more.
    const hits = this.#text.matches(MAX_WIDTH).map(({ next, length }) => ({
      matchLength: length,
      weight: length,
      continuation: this.#text.continuation(next, MAX_DEPTH),
    }));
    return draftFromHits(rootToken, hits, 0, budget, sourceBit(this.source));
  }

  learn(step: VerifiedStep): void {
    this.#text.append(step.committed);
  }
}
