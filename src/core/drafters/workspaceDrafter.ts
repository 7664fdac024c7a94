/** Workspace: what followed the longest occurrences of the text's end in the user's files, weighed against each other. */

import { type Token, TokenBuffer } from "../base/tokens.ts";
import { MAX_MATCH_LENGTH } from "../index/suffixMatch.ts";
import type { WorkspaceIndex } from "../index/workspaceIndex.ts";
import type { LookupPlace, WorkspaceHit } from "../index/workspaceSearch.ts";
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "../tree/drafter.ts";
import { type DraftSource, type DraftTree, rootOnlyTree, sourceBit } from "../tree/draftTree.ts";
import { MAX_DEPTH, MAX_WIDTH } from "../tree/policyConstants.ts";
import { draftFromHits } from "./hitTree.ts";

/** `maxHits`: more of them dilute the near ones. `maxContinuation`: two drafts' worth, so that hits can be followed. */
export const LOOKUP_LIMITS = { maxHits: MAX_WIDTH, maxContinuation: 2 * MAX_DEPTH } as const;
/** Hits are followed without a new search while one has matched half a draft and goes on so far. */
const MIN_FOLLOWED = MAX_DEPTH / 2;

/** Drafts from a {@link WorkspaceIndex}, which outlives generations and may change between steps. */
export class WorkspaceDrafter implements Drafter {
  readonly source: DraftSource;
  readonly #index: WorkspaceIndex;
  #editPlace: LookupPlace = {};
  #place: LookupPlace = {};
  #context = new TokenBuffer();
  /** Hits of the last search whose continuations agree with the output since. */
  #hits: readonly WorkspaceHit[] = [];
  /** Tokens of output since that search. */
  #numFollowed = 0;

  constructor(index: WorkspaceIndex, source: DraftSource) {
    this.#index = index;
    this.source = source;
  }

  /** Says where the generations take place that begin after this; the text after the cursor comes with them. */
  moveTo(place: LookupPlace): void {
    this.#editPlace = place;
  }

  async begin({ prefixTokens, suffixTokens }: GenerationContext): Promise<void> {
    this.#context = new TokenBuffer(prefixTokens.subarray(-MAX_MATCH_LENGTH));
    this.#place = {
      ...this.#editPlace,
      suffixTokens: suffixTokens.slice(0, MAX_DEPTH),
    };
    this.#hits = [];
  }

  async draft(rootToken: Token, budget: DraftBudget): Promise<DraftTree> {
    if (!this.#canFollow(budget)) {
      this.#hits = this.#index.lookup(this.#context.view(), this.#place, LOOKUP_LIMITS);
      this.#numFollowed = 0;
    }
    if (this.#hits.length === 0) return rootOnlyTree(rootToken);
    return draftFromHits(rootToken, this.#hits, this.#numFollowed, budget, sourceBit(this.source));
  }

  learn({ committed }: VerifiedStep): void {
    this.#context.append(committed);
    const from = this.#numFollowed;
    this.#numFollowed += committed.length;
    this.#hits = this.#hits.filter(({ continuation }) =>
      committed.every((token, index) => continuation[from + index] === token),
    );
  }

  /** A longer match than those that were found would have them at its end, so following misses only younger files. */
  #canFollow({ maxDepth }: DraftBudget): boolean {
    const numAhead = Math.min(maxDepth, MIN_FOLLOWED);
    return this.#hits.some(
      ({ matchLength, continuation }) =>
        matchLength + this.#numFollowed >= MIN_FOLLOWED &&
        continuation.length - this.#numFollowed >= numAhead,
    );
  }
}
