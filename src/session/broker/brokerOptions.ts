/** What a broker is given. */
import type { Log } from "../../core/base/log.ts";
import type { SuggestionProposer } from "../../engine/protocol/suggestionMessages.ts";
import type { Clock } from "../clock.ts";
import { Alternatives } from "./alternatives.ts";
import type { CompletionCache } from "./completionCache.ts";
import type { AskedHow } from "./completionQuery.ts";
import type { CompletionEngine } from "./runningGeneration.ts";

export interface CompletionBrokerOptions extends AskedHow {
  readonly engine: CompletionEngine;
  /** Suggestions at a place, the first included; 1 if absent. */
  readonly numSuggestions?: number;
  readonly suggestionMethod?: SuggestionProposer;
  /** Nothing is generated but for explicit questions; others get what is known or under way. False if absent. */
  readonly onlyWhenAsked?: boolean;
  /** Lines that are less likely right, 0 … 1, are shown only when asked for; all are if absent, and where it is not known how likely. */
  readonly minConfidence?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** False: every question is generated anew, nothing is kept or prepared. For measuring what caches bring. */
  readonly caches: boolean;
}

/** The other suggestions, where more than one is wanted and may be kept. */
export function createAlternatives(
  options: CompletionBrokerOptions,
  cache: CompletionCache | undefined,
): Alternatives | undefined {
  const { numSuggestions = 1, suggestionMethod = "branches" } = options;
  if (cache === undefined || numSuggestions === 1) return undefined;
  return new Alternatives({ ...options, numSuggestions, suggestionMethod }, cache);
}
