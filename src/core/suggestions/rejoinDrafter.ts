/** Drafts that a branch comes back to the text it left: one token differs, what follows often does not. */

import type { Token, TokenBuffer } from "../base/tokens.ts";
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "../tree/drafter.ts";
import { type DraftTree, DraftTreeBuilder, ROOT, sourceBit } from "../tree/draftTree.ts";

/** Assumed acceptance of a token of the other text after so many tokens in a row that were the same in both. */
const SCORES = [0.25, 0.5, 0.7, 0.8, 0.85, 0.9] as const;
/** Places of the other text that are tried. */
const MAX_PLACES = 2;

/** A place to go on from. */
interface Place {
  readonly next: number;
  readonly numEqual: number;
}

/**
 * Drafts the rest of another suggestion. Where the branch's last tokens occur in it, what follows them there is the
 * draft; after the first token, which does not, the alternative is taken for a substitute.
 */
export class RejoinDrafter implements Drafter {
  readonly source = "ghost";
  readonly #other: TokenBuffer;
  readonly #numShared: number;
  /** The branch's own tokens. */
  #own: Token[] = [];

  /**
   * @param other - the suggestion that the branch left; may still grow.
   * @param numShared - tokens of it that the branch has, too.
   * @param ownTokens - [>= 1] what the branch went on with; the last of them is the first root.
   */
  constructor(other: TokenBuffer, numShared: number, ownTokens: Int32Array) {
    this.#other = other;
    this.#numShared = numShared;
    this.#own = Array.from(ownTokens);
  }

  async begin(_context: GenerationContext): Promise<void> {}

  async draft(rootToken: Token, budget: DraftBudget): Promise<DraftTree> {
    const tree = new DraftTreeBuilder(rootToken);
    const source = sourceBit(this.source);
    for (const { next, numEqual } of this.#places()) {
      let parent = ROOT;
      let survival = 1;
      const end = Math.min(this.#other.length, next + budget.maxDepth);
      for (let index = next; index < end; index++) {
        const score = SCORES[Math.min(SCORES.length - 1, numEqual + index - next)]!;
        survival *= score;
        if (survival < budget.minSurvival || tree.size > budget.maxNodes) break;
        const token = this.#other.at(index);
        const existing = tree.child(parent, token);
        parent = existing !== -1 ? existing : tree.add(parent, token, { score, source });
      }
    }
    return tree.finish();
  }

  learn(step: VerifiedStep): void {
    this.#own.push(...step.committed);
  }

  /** Longest agreement first, then the place nearest to where the branch would be had only tokens been exchanged. */
  #places(): Place[] {
    const straight = this.#numShared + this.#own.length;
    const places: Place[] = [];
    for (let next = this.#numShared + 1; next < this.#other.length; next++) {
      const numEqual = this.#numEqualBefore(next);
      if (numEqual > 0) places.push({ next, numEqual });
    }
    const distance = ({ next }: Place) => Math.abs(next - straight);
    places.sort((a, b) => b.numEqual - a.numEqual || distance(a) - distance(b));
    if (places.length > 0) return places.slice(0, MAX_PLACES);
    return this.#own.length === 1 ? [{ next: straight, numEqual: 0 }] : [];
  }

  #numEqualBefore(next: number): number {
    let numEqual = 0;
    while (
      numEqual < this.#own.length &&
      next - 1 - numEqual >= this.#numShared &&
      this.#other.at(next - 1 - numEqual) === this.#own.at(-1 - numEqual)
    ) {
      numEqual++;
    }
    return numEqual;
  }
}
