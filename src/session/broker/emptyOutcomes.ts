/** The answers without text, in words that a user reads in *Why No Suggestion?*. */

import { EngineError, isAbortError, messageOf } from "../../core/base/errors.ts";
import type { CompletionRejection } from "../../core/ending/completionRejection.ts";
import type { CacheHit } from "./completionCache.ts";
import type { NoSuggestionReason, QueryOutcome } from "./completionQuery.ts";
import { isSure } from "./confidenceBound.ts";

export const CANCELLED = noSuggestion("cancelled", "The editor no longer wanted an answer.");
export const SUPERSEDED = noSuggestion("superseded", "A newer question replaced this one.");
export const NOT_ASKED = noSuggestion("notAsked", "Suggestions come only when asked.");
export const FORGOTTEN = noSuggestion(
  "cancelled",
  "The text was forgotten while it was completed.",
);

const REJECTION_DETAILS: Readonly<Record<CompletionRejection, string>> = {
  empty: "The model had nothing to insert here.",
  tooShort: "The model completed a character or punctuation only, which is not worth showing.",
  repeatsSuffix: "The model completed what stands after the cursor already.",
  repeatsLineAbove: "The model completed the line above once more.",
  repetitive: "The model repeated itself.",
};

/** What to say of a completion that is not shown; undefined if it is. @param minConfidence - 0 … 1. */
export function withheld(
  { completion: { result }, text, numTyped }: CacheHit,
  minConfidence: number,
): QueryOutcome | undefined {
  const { rejection = "empty", confidence = 1 } = result;
  if (text === "") {
    return noSuggestion(rejection === "empty" ? "empty" : "rejected", REJECTION_DETAILS[rejection]);
  }
  // Nothing is known of another text that was offered beside it.
  const isFirst = result.text.endsWith(text);
  if (!isFirst || isSure(confidence, minConfidence, numTyped)) return undefined;
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return noSuggestion(
    "unsure",
    `The model is ${percent(confidence)} sure of its line, and lines are shown from ${percent(minConfidence)} on.`,
  );
}

export function failure(error: unknown): QueryOutcome {
  // The engine was restarted, disposed or given another request.
  if (isAbortError(error)) return noSuggestion("cancelled", messageOf(error));
  const isUnloaded = error instanceof EngineError && error.code === "notLoaded";
  return noSuggestion(isUnloaded ? "noModel" : "engineFailed", messageOf(error));
}

function noSuggestion(reason: NoSuggestionReason, detail: string): QueryOutcome {
  return { noSuggestion: { reason, detail } };
}
