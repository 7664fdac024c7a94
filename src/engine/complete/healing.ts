/** Token healing at the end of a prompt: the target chooses the tokens that write what the prompt left pending. */
import { type HealedOpening, healTokens } from "../../core/healing/healTokens.ts";
import { PendingText } from "../../core/healing/pendingText.ts";
import { SortedVocabulary } from "../../core/healing/sortedVocabulary.ts";
import type { ModelPair } from "../models/modelHost.ts";
import type { CompletionPrompt } from "../prompt/completionPrompt.ts";

const utf8 = new TextEncoder();

/** One pair's. */
export class Healing {
  readonly #pair: ModelPair;
  /** Sorted when it is first needed: about 0.1 s for 152,000 tokens. */
  #sorted: SortedVocabulary | undefined;

  constructor(pair: ModelPair) {
    this.#pair = pair;
  }

  /** What an output of the prompt has to begin with; undefined where that is nothing. */
  pendingOf({ pendingText }: CompletionPrompt): PendingText | undefined {
    if (pendingText === "") return undefined;
    const { vocabulary } = this.#pair.target.model;
    this.#sorted ??= new SortedVocabulary(
      vocabulary.pieceTable(),
      (token) => !this.#pair.isEndToken(token),
    );
    return PendingText.of(this.#sorted, utf8.encode(pendingText));
  }

  /**
   * The tokens that the output begins with.
   * @throws what `healTokens` throws.
   */
  async open(
    { promptTokens, pendingTokens }: CompletionPrompt,
    pending: PendingText | undefined,
    signal: AbortSignal,
  ): Promise<HealedOpening | undefined> {
    if (pending === undefined) return undefined;
    const { target } = this.#pair.target;
    return healTokens({ target, promptTokens, pending, likelyTokens: pendingTokens }, signal);
  }
}
