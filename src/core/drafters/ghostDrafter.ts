/** Ghost remainder: what earlier suggestions of the document have from where the text now ends in them. */

import type { Token } from "../base/tokens.ts";
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "../tree/drafter.ts";
import { type DraftTree, sourceBit } from "../tree/draftTree.ts";
import { type GhostStore, MAX_AGREEMENT, placeIn } from "./ghostStore.ts";
import { draftFromHits, type Hit, type HitTrust, hitConfidence } from "./hitTree.ts";

/** How much a suggestion counts against the one made before it. */
const NEWER_FACTOR = 3;

/** More of the prefix's tokens than can be told apart. */
const PREFIX_TOKENS = 128;

/** A suggestion is followed to its end, whatever its length: here the rest is nearly as likely as its first token. */
const CERTAIN_TRUST: HitTrust = {
  maxDepth: Number.POSITIVE_INFINITY,
  confidence: () => 1,
};
/** Another place that looks alike is worth what any earlier text is. */
const OTHER_TRUST: HitTrust = { maxDepth: Number.POSITIVE_INFINITY, confidence: hitConfidence };

/**
 * Drafts from a {@link GhostStore}, which outlives generations. Text decides where the output stands, tokens what is
 * drafted: a cursor cuts words into other tokens than the model did.
 */
export class GhostDrafter implements Drafter {
  readonly source = "ghost";
  readonly #store: GhostStore;
  #documentKey: string | undefined;
  /** The end of the text before the cursor and of the output. */
  #text = new Uint8Array(0);

  constructor(store: GhostStore) {
    this.#store = store;
  }

  /** Says in which document the generations take place that begin after this; undefined: in none that is known. */
  moveTo(documentKey: string | undefined): void {
    this.#documentKey = documentKey;
  }

  async begin({ prefixTokens }: GenerationContext): Promise<void> {
    this.#text = new Uint8Array(0);
    this.#append(prefixTokens.subarray(-PREFIX_TOKENS));
  }

  async draft(rootToken: Token, budget: DraftBudget): Promise<DraftTree> {
    const certain: Hit[] = [];
    const others: Hit[] = [];
    const ghosts = this.#documentKey === undefined ? [] : this.#store.ghostsOf(this.#documentKey);
    for (const [age, ghost] of ghosts.entries()) {
      const place = placeIn(ghost, this.#text);
      if (place === undefined || place.index === ghost.tokens.length) continue;
      const continuation = ghost.tokens.subarray(place.index);
      const hit = { matchLength: place.matchLength, weight: NEWER_FACTOR ** -age, continuation };
      (place.isCertain ? certain : others).push(hit);
    }
    const source = sourceBit(this.source);
    return certain.length > 0
      ? draftFromHits(rootToken, certain, 0, budget, source, CERTAIN_TRUST)
      : draftFromHits(rootToken, others, 0, budget, source, OTHER_TRUST);
  }

  learn({ committed }: VerifiedStep): void {
    this.#append(committed);
  }

  #append(tokens: Int32Array): void {
    const text = [...this.#text, ...this.#store.bytesOf(tokens)];
    this.#text = Uint8Array.from(text.slice(-MAX_AGREEMENT));
  }
}
