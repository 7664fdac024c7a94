/**
 * n-gram probabilities of the next token, interpolated over n = 2 … 6. They tell superposed drafts apart, which all
 * share one output distribution of the model.
 */
import { type Token, TokenBuffer } from "../base/tokens.ts";

/**
 * λ for n = 2 … 6, as the paper has them for Llama-2-7B. They add up to 0.5: what remains is given to no token. A missing context
 * contributes nothing, the others are not raised for it.
 */
export const PAPER_NGRAM_WEIGHTS: readonly number[] = [0.01, 0.04, 0.15, 0.18, 0.12];
/** Occurrences of the last token that are looked at, the newest: a common token has many, and the longer n decide. */
const MAX_OCCURRENCES = 4096;
/** Never equals a token: no n-gram crosses it. */
const SEPARATOR = -1;

/**
 * Learns from runs of tokens: the workspace, the text around the cursor, earlier output. Counts are read off the
 * occurrences of the last token, which are chained, so that one structure of 8 bytes per token serves every n; the
 * paper's tables hold gigabytes of counts of 200 million tokens.
 * @see Shen et al., Superposed Decoding (arXiv 2405.18400), section 3.3.
 */
export class NgramModel {
  readonly #text = new TokenBuffer();
  /** [text.length] the occurrence of the same token before this one; -1 if none. */
  readonly #previous = new TokenBuffer();
  readonly #last = new Map<Token, number>();

  /** Tokens learned from. */
  get length(): number {
    return this.#text.length;
  }

  /** Learns one run; no n-gram crosses its borders. */
  learn(tokens: Int32Array): void {
    for (const token of [SEPARATOR, ...tokens]) {
      this.#previous.append([this.#last.get(token) ?? -1]);
      if (token !== SEPARATOR) this.#last.set(token, this.#text.length);
      this.#text.append([token]);
    }
  }

  /**
   * [tokens.length] Σ λ_n p_n(token | the last n - 1 tokens of the context), 0 … Σ λ_n.
   * @param context - the tokens before, the nearest last.
   */
  probabilities(context: readonly Token[], tokens: Int32Array): Float64Array {
    const orders = PAPER_NGRAM_WEIGHTS.length;
    const indices = new Map(Array.from(tokens, (token, index) => [token, index]));
    /** [orders] occurrences of the context of n - 1 tokens that have a token after them. */
    const totals = new Float64Array(orders);
    /** [orders, tokens.length] */
    const counts = new Float64Array(orders * tokens.length);
    let at = this.#last.get(context.at(-1) ?? SEPARATOR) ?? -1;
    for (let n = 0; at !== -1 && n < MAX_OCCURRENCES; n++, at = this.#previous.at(at)) {
      const next = this.#text.at(at + 1);
      if (next === SEPARATOR) continue;
      const index = indices.get(next);
      const numEqual = this.#numEqualAt(at, context);
      for (let order = 0; order < numEqual; order++) {
        totals[order]!++;
        if (index !== undefined) counts[order * tokens.length + index]!++;
      }
    }
    return Float64Array.from(tokens, (_, index) =>
      PAPER_NGRAM_WEIGHTS.reduce((sum, weight, order) => {
        const count = counts[order * tokens.length + index]!;
        return count === 0 ? sum : sum + (weight * count) / totals[order]!;
      }, 0),
    );
  }

  /** Tokens up to `at` that agree with the end of the context, as far as any n needs. */
  #numEqualAt(at: number, context: readonly Token[]): number {
    const limit = Math.min(PAPER_NGRAM_WEIGHTS.length, context.length);
    let numEqual = 0;
    while (numEqual < limit && this.#text.at(at - numEqual) === context.at(-1 - numEqual)) {
      numEqual++;
    }
    return numEqual;
  }
}
