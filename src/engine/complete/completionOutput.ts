/** The first suggestion while it is decoded: its tokens, their texts, and what of it is sent ahead. */

import { TokenBuffer } from "../../core/base/tokens.ts";
import type { CompletionStopRule } from "../../core/ending/stopRules.ts";
import { streamableText } from "../../core/ending/trimCompletion.ts";
import type { TokenDecoder } from "../../llama/model/vocabulary.ts";
import type { CompletionChunk } from "../protocol/completeMessages.ts";

export class CompletionOutput {
  readonly #decoder: TokenDecoder;
  readonly #stopRule: CompletionStopRule;
  readonly #onChunk: (chunk: CompletionChunk) => void;
  readonly #confidenceOf: (pieces: readonly string[]) => number | undefined;
  readonly #tokens = new TokenBuffer();
  readonly #pieces: string[] = [];
  #numSentChars = 0;
  #wasLineSent = false;

  constructor(
    decoder: TokenDecoder,
    stopRule: CompletionStopRule,
    onChunk: (chunk: CompletionChunk) => void,
    confidenceOf: (pieces: readonly string[]) => number | undefined,
  ) {
    this.#decoder = decoder;
    this.#stopRule = stopRule;
    this.#onChunk = onChunk;
    this.#confidenceOf = confidenceOf;
  }

  /** [tokens so far] valid until the next is pushed. */
  get tokens(): Int32Array {
    return this.#tokens.view();
  }

  /** [tokens so far] */
  get pieces(): readonly string[] {
    return this.#pieces;
  }

  /** Tokens that the stop rule has seen. */
  push(tokens: Int32Array): void {
    for (const token of tokens) this.#pieces.push(this.#decoder.push(token));
    this.#tokens.append(tokens);
    const rule = this.#stopRule;
    if (rule.endCause !== undefined) return;
    const text = streamableText(rule.settledText, rule.context);
    this.#send(text, rule.isSettledByLine && text !== "");
  }

  /** Sends the rest of what is shown. */
  finish(text: string): void {
    this.#send(text, false);
  }

  #send(text: string, endsLine: boolean): void {
    const isNews = text.length > this.#numSentChars || (endsLine && !this.#wasLineSent);
    if (!isNews || text.length < this.#numSentChars) return;
    const confidence = endsLine ? this.#confidenceOf(this.#pieces) : undefined;
    const chunk = { text: text.slice(this.#numSentChars), endsLine };
    this.#onChunk(confidence === undefined ? chunk : { ...chunk, confidence });
    this.#numSentChars = text.length;
    this.#wasLineSent = endsLine;
  }
}
