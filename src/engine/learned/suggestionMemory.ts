/** What several suggestions learn from request to request. In memory only, and of one tokenizer. */

import { commonPrefixLength } from "../../core/base/tokens.ts";
import { AcceptanceTable } from "../../core/calibration/acceptanceTable.ts";
import { NgramModel } from "../../core/suggestions/ngramModel.ts";
import type { GenerationContext } from "../../core/tree/drafter.ts";

/** Tokens after which the n-grams start anew: 8 bytes each, and what was typed hours ago says little. */
const MAX_NGRAM_TOKENS = 200_000;

export class SuggestionMemory {
  /** How often drafts of branches hold: they are worth other shares than those of a first suggestion. */
  readonly calibration = new AcceptanceTable();
  #ngrams = new NgramModel();
  /** The text around the cursor that was learned last. */
  #prefix = new Int32Array(0);
  #suffix = new Int32Array(0);

  /** n-grams of earlier requests, of this one's text as far as it is new, and of its first suggestion. */
  ngramsOf({ prefixTokens, suffixTokens }: GenerationContext, firstTokens: Int32Array): NgramModel {
    if (this.#ngrams.length > MAX_NGRAM_TOKENS) this.#forgetNgrams();
    const numKnown = commonPrefixLength(prefixTokens, this.#prefix);
    // Elsewhere the text is new as a whole; a few tokens twice over weigh nothing.
    const isSameText = numKnown > prefixTokens.length / 2;
    this.#ngrams.learn(prefixTokens.slice(isSameText ? numKnown : 0));
    if (suffixTokens.join() !== this.#suffix.join()) this.#ngrams.learn(suffixTokens);
    this.#ngrams.learn(firstTokens);
    this.#prefix = prefixTokens.slice();
    this.#suffix = suffixTokens.slice();
    return this.#ngrams;
  }

  #forgetNgrams(): void {
    this.#ngrams = new NgramModel();
    this.#prefix = new Int32Array(0);
    this.#suffix = new Int32Array(0);
  }
}
