/** Token healing at the end of a prompt: the target chooses the tokens that write what the prompt left pending. */
import { type HealedOpening, healTokens } from "../core/healTokens.ts";
import { PendingText } from "../core/pendingText.ts";
import { SortedVocabulary } from "../core/sortedVocabulary.ts";
import type { CompletionPrompt } from "./completionPrompt.ts";
import type { ModelPair } from "./modelHost.ts";

const utf8 = new TextEncoder();

/** One pair's. */
export class Healing {
  readonly #pair: ModelPair;
  /** Sorted when it is first needed: about 0.1 s for 152,000 tokens. */
  #sorted: SortedVocabulary | undefined;

  constructor(pair: ModelPair) {
    this.#pair = pair;
  }

  /**
   * What the output begins with; undefined where nothing is pending.
   * @throws what `healTokens` throws.
   */
  async open(
    { promptTokens, pendingText, pendingTokens }: CompletionPrompt,
    signal: AbortSignal,
  ): Promise<HealedOpening | undefined> {
    if (pendingText === "") return undefined;
    const { target, model } = this.#pair.target;
    const { vocabulary } = model;
    this.#sorted ??= new SortedVocabulary(
      vocabulary.pieceTable(),
      (token) => !this.#pair.isEndToken(token),
    );
    const pending = PendingText.of(this.#sorted, utf8.encode(pendingText));
    if (pending === undefined) return undefined;
    return healTokens({ target, promptTokens, pending, likelyTokens: pendingTokens }, signal);
  }
}

/** UTF-8 bytes of a text. */
export function numBytes(text: string): number {
  return utf8.encode(text).length;
}
