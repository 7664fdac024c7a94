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

/** Limits with the stop rule of one suggestion. */
export interface SuggestionLimits extends GenerationLimits {
  readonly stopRule: CompletionStopRule;
}

export class SuggestionRules {
  readonly #pair: ModelPair;
  readonly #maxTokens: number;
  /** Text before the cursor that every output begins with. */
  readonly pending: PendingText | undefined;
  readonly #cursor: CursorText;
  #context: CursorContext | undefined;

  /** @param numPromptTokens - a prompt that leaves no room is refused by the prefill. */
  constructor(
    pair: ModelPair,
    cursor: CursorText,
    maxTokens: number,
    numPromptTokens: number,
    pending?: PendingText,
  ) {
    this.#pair = pair;
    this.pending = pending;
    this.#cursor = cursor;
    const room = pair.target.target.contextSize - numPromptTokens;
    this.#maxTokens = Math.max(1, Math.min(maxTokens, room));
  }

  /**
   * The text around the cursor, read once for all of them: some 20 ms for 5,000 lines. Who asks first while the target reads the
   * prompt has it for nothing.
   */
  get context(): CursorContext {
    this.#context ??= readCursor(this.#cursor);
    return this.#context;
  }

  /** Reads it before anybody asks. Whatever is wrong with it is said where it is asked for. */
  readAhead(): void {
    try {
      this.#context ??= readCursor(this.#cursor);
    } catch {}
  }

  /** Turns an output into the text behind the cursor; for one output. */
  newDecoder(): TokenDecoder {
    return new TokenDecoder(this.#pair.target.model.vocabulary, this.pending?.bytes.length);
  }

  /** Those of one more suggestion: a stop rule is used once. */
  newLimits(): SuggestionLimits {
    const decoder = this.newDecoder();
    const stopRule = new CompletionStopRule(
      () => this.context,
      (token) => decoder.push(token),
    );
    return {
      maxTokens: this.#maxTokens,
      isEndToken: this.#pair.isEndToken,
      stopRule,
      constraint: this.pending,
    };
  }

  /** What is shown of a decoded text, or why nothing is. */
  trim(rawText: string, finishReason: FinishReason, onlyWholeLines = false): TrimmedCompletion {
    const isUnfinished = finishReason === "maxTokens" || finishReason === "contextFull";
    return trimAt(rawText, this.context, { isUnfinished, onlyWholeLines });
  }

  /** What is shown of an output beside the first: whole lines, or up to its own end; empty where nothing is. */
  textOf({ tokens, finishReason }: Pick<Generation, "tokens" | "finishReason">): string {
    const decoder = this.newDecoder();
    const rawText = Array.from(tokens, (token) => decoder.push(token)).join("");
    const trimmed = this.trim(rawText, finishReason, true);
    return "text" in trimmed ? trimmed.text : "";
  }
}
