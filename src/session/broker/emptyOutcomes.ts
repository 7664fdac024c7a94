/** The answers without text, in words that a user reads in *Why No Suggestion?*. */

import { EngineError, isAbortError, messageOf } from "../../core/base/errors.ts";
import type { CompletionRejection } from "../../core/ending/completionRejection.ts";
import type { CompletionResult } from "../../engine/protocol/completeMessages.ts";
import type { NoSuggestionReason, QueryOutcome } from "./completionQuery.ts";
import type { GenerationEnd } from "./runningGeneration.ts";

export const CANCELLED = noSuggestion("cancelled", "The editor no longer wanted an answer.");
export const SUPERSEDED = noSuggestion("superseded", "A newer question replaced this one.");
export const NOT_ASKED = noSuggestion("notAsked", "This model suggests only when asked.");
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

/** What to say of a completion without text. */
export function withoutText({ rejection = "empty" }: CompletionResult): QueryOutcome {
  const reason = rejection === "empty" ? "empty" : "rejected";
  return noSuggestion(reason, REJECTION_DETAILS[rejection]);
}

/** What became of a question whose generation has no result. */
export function withoutResult(end: Exclude<GenerationEnd, { kind: "finished" }>): QueryOutcome {
  return end.kind === "failed" ? failure(end.error) : FORGOTTEN;
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
