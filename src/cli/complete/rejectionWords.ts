/** Why a completion has no text, in words. */
import type { CompletionRejection } from "../../core/ending/completionRejection.ts";
import type { CompletionResult } from "../../engine/protocol/completeMessages.ts";

const WORDS: Readonly<Record<CompletionRejection, string>> = {
  empty: "the model ended at once",
  tooShort: "what it wrote is too short to be of use",
  repeatsSuffix: "what it wrote stands after the cursor already",
  repeatsLineAbove: "what it wrote repeats the line above",
  repetitive: "what it wrote repeats itself",
};

/** Undefined where there is text. */
export function rejectionText({ rejection, tokens }: CompletionResult): string | undefined {
  if (rejection === undefined) return undefined;
  // White space, or what would break the text around it.
  if (rejection === "empty" && tokens.length > 1) {
    return `nothing of the ${tokens.length} tokens that it wrote can stand here`;
  }
  return WORDS[rejection];
}
