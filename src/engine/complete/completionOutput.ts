/** The first suggestion while it is decoded: its tokens, their texts, and what of it is sent ahead. */

import { TokenBuffer } from "../../core/base/tokens.ts";
import type { CompletionStopRule } from "../../core/ending/stopRules.ts";
import { streamableText } from "../../core/ending/trimCompletion.ts";
import type { TokenDecoder } from "../../llama/model/vocabulary.ts";
import type { CompletionChunk } from "../protocol/completeMessages.ts";

export function completionOutput(
  decoder: TokenDecoder,
  rule: CompletionStopRule,
  onChunk: (chunk: CompletionChunk) => void,
  confidenceOf: (pieces: readonly string[]) => number | undefined,
) {
  const tokens = new TokenBuffer();
  const pieces: string[] = [];
  let numSentChars = 0;
  let wasLineSent = false;
  const send = (text: string, endsLine: boolean) => {
    const isNews = text.length > numSentChars || (endsLine && !wasLineSent);
    if (!isNews || text.length < numSentChars) return;
    const confidence = endsLine ? confidenceOf(pieces) : undefined;
    const chunk = { text: text.slice(numSentChars), endsLine };
    onChunk(confidence === undefined ? chunk : { ...chunk, confidence });
    numSentChars = text.length;
    wasLineSent = endsLine;
  };
  return {
    /** [tokens so far] valid until the next is pushed. */
    get tokens(): Int32Array {
      return tokens.view();
    },
    /** [tokens so far] */
    pieces: pieces as readonly string[],
    /** Tokens that the stop rule has seen. */
    push(newTokens: Int32Array): void {
      for (const token of newTokens) pieces.push(decoder.push(token));
      tokens.append(newTokens);
      if (rule.endCause !== undefined) return;
      const text = streamableText(rule.settledText, rule.context);
      send(text, rule.isSettledByLine && text !== "");
    },
    /** Sends the rest of what is shown. */
    finish: (text: string) => send(text, false),
  };
}
