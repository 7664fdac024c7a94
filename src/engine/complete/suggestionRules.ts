/** Where each suggestion of a request ends, and what of it is shown: the same rules for the first and all others. */
import {
  type CursorContext,
  type CursorText,
  readCursor,
} from "../../core/ending/cursorContext.ts";
import { CompletionStopRule } from "../../core/ending/stopRules.ts";
import { type TrimmedCompletion, trimAt } from "../../core/ending/trimCompletion.ts";
import type { PendingText } from "../../core/healing/pendingText.ts";
import type { FinishReason, Generation, GenerationLimits } from "../../core/tree/generation.ts";
import { TokenDecoder } from "../../llama/model/vocabulary.ts";
import type { ModelPair } from "../models/modelHost.ts";

export type SuggestionRules = ReturnType<typeof suggestionRules>;

/**
 * @param numPromptTokens - a prompt that leaves no room is refused by the prefill.
 * @param pending - text before the cursor that every output begins with.
 */
export function suggestionRules(
  pair: ModelPair,
  cursor: CursorText,
  maxTokens: number,
  numPromptTokens: number,
  pending?: PendingText,
) {
  const room = pair.target.target.contextSize - numPromptTokens;
  let known: CursorContext | undefined;
  /**
   * The text around the cursor, read once for all of them: some 20 ms for 5,000 lines. Who asks first while the target reads
   * the prompt has it for nothing.
   */
  const context = () => {
    known ??= readCursor(cursor);
    return known;
  };
  /** Turns an output into the text behind the cursor; for one output. */
  const newDecoder = () => new TokenDecoder(pair.target.model.vocabulary, pending?.bytes.length);
  /** What is shown of a decoded text, or why nothing is. */
  const trim = (
    rawText: string,
    finishReason: FinishReason,
    onlyWholeLines = false,
  ): TrimmedCompletion => {
    const isUnfinished = finishReason === "maxTokens" || finishReason === "contextFull";
    return trimAt(rawText, context(), { isUnfinished, onlyWholeLines });
  };
  return {
    pending,
    newDecoder,
    trim,
    /** Reads the text around the cursor before anybody asks. Whatever is wrong with it is said where it is asked for. */
    readAhead(): void {
      try {
        context();
      } catch {}
    },
    /** Those of one more suggestion: a stop rule is used once. */
    newLimits() {
      const decoder = newDecoder();
      const stopRule = new CompletionStopRule(context, (token) => decoder.push(token));
      return {
        maxTokens: Math.max(1, Math.min(maxTokens, room)),
        isEndToken: pair.isEndToken,
        stopRule,
        constraint: pending,
      } satisfies GenerationLimits;
    },
    /** What is shown of an output beside the first: whole lines, or up to its own end; empty where nothing is. */
    textOf({ tokens, finishReason }: Pick<Generation, "tokens" | "finishReason">): string {
      const decoder = newDecoder();
      const rawText = Array.from(tokens, (token) => decoder.push(token)).join("");
      const trimmed = trim(rawText, finishReason, true);
      return "text" in trimmed ? trimmed.text : "";
    },
  };
}
