/**
 * SAM-Decoding as published, by plain search in place of its suffix automata: the longest match, its first occurrence. What ours is
 * compared with on traces.
 * @see Hu et al., SAM-Decoding (arXiv 2411.10666).
 */
import type { Token } from "../../../src/core/base/tokens.ts";
import type {
  DraftBudget,
  Drafter,
  GenerationContext,
  VerifiedStep,
} from "../../../src/core/tree/drafter.ts";
import {
  type DraftTree,
  DraftTreeBuilder,
  ROOT,
  sourceBit,
} from "../../../src/core/tree/draftTree.ts";

/** What a match of the corpus counts less (l_bias), and what any has to have (l_threshold), where another drafter stands by. */
const CORPUS_BIAS = 5;
const MIN_MATCH = 5;
/** Tokens of a draft: of code with another drafter, or so many times the match without one. */
const CODE_TOKENS = 16;
const MATCH_FACTOR = 4;
const MAX_TOKENS = 40;
/** No token: between texts. */
export const END = -1;

/** A text and where each token stands in it. */
export class SearchedText {
  readonly tokens: Token[] = [];
  readonly #places = new Map<Token, number[]>();

  append(tokens: Iterable<Token>): void {
    for (const token of tokens) {
      const places = this.#places.get(token) ?? [];
      this.#places.set(token, places);
      places.push(this.tokens.length);
      this.tokens.push(token);
    }
  }

  /**
   * The longest end of `context` that stands in the text with a token behind it, by its first occurrence with `numAhead` tokens
   * behind it; with fewer where none has as many.
   * @returns its length, and the index of the token behind it.
   */
  longestMatch(context: readonly Token[], numAhead: number): { length: number; next: number } {
    let best = { length: 0, next: 0, isRoomy: false };
    for (const at of this.#places.get(context.at(-1) ?? END) ?? []) {
      const next = at + 1;
      if ((this.tokens[next] ?? END) === END) continue;
      let length = 0;
      while (length < context.length && this.tokens[at - length] === context.at(-1 - length)) {
        if (this.tokens[at - length] === END) break;
        length++;
      }
      const isRoomy = next + numAhead <= this.tokens.length;
      const isBetter = isRoomy === best.isRoomy ? length > best.length : isRoomy;
      if (isBetter) best = { length, next, isRoomy };
    }
    return best;
  }
}

export class SamDecoding implements Drafter {
  readonly source = "suffixMatch";
  readonly #corpus: SearchedText;
  readonly #other: Drafter | undefined;
  #text = new SearchedText();

  /** @param other - drafts where no match is long enough; absent: matches alone. */
  constructor(corpus: SearchedText, other?: Drafter) {
    this.#corpus = corpus;
    this.#other = other;
  }

  async begin(context: GenerationContext, signal: AbortSignal): Promise<void> {
    this.#text = new SearchedText();
    this.#text.append([...context.suffixTokens, END, ...context.prefixTokens]);
    await this.#other?.begin(context, signal);
  }

  async draft(rootToken: Token, budget: DraftBudget, signal: AbortSignal): Promise<DraftTree> {
    const context = this.#text.tokens;
    const numAhead = this.#other === undefined ? 1 : CODE_TOKENS;
    const own = this.#text.longestMatch(context, numAhead);
    const known = this.#corpus.longestMatch(context, numAhead);
    const bias = this.#other === undefined ? 0 : CORPUS_BIAS;
    const [text, match] =
      own.length >= known.length - bias ? [this.#text, own] : [this.#corpus, known];
    const length = match === own ? own.length : known.length - bias;
    if (this.#other !== undefined && length < MIN_MATCH) {
      return this.#other.draft(rootToken, budget, signal);
    }
    const numTokens =
      this.#other === undefined ? Math.min(MAX_TOKENS, MATCH_FACTOR * match.length) : CODE_TOKENS;
    const tree = new DraftTreeBuilder(rootToken);
    let parent: number = ROOT;
    for (let depth = 0; depth < Math.min(numTokens, budget.maxDepth); depth++) {
      const token = text.tokens[match.next + depth] ?? END;
      if (token === END) break;
      parent = tree.add(parent, token, { score: 1, source: sourceBit(this.source) });
    }
    return tree.finish();
  }

  learn(step: VerifiedStep): void {
    this.#text.append(step.committed);
    this.#other?.learn(step);
  }
}
