/** What is said about several suggestions: asking for them, their answer, and their benchmark. */
import * as v from "valibot";
import { RequestType } from "vscode-jsonrpc/node";
import type { SuggestionsReport } from "../../bench/suggestions/suggestionsReport.ts";
import type { Backend } from "../../core/base/backend.ts";
import { count, shapeOf } from "../../core/base/messageSchema.ts";
import { benchSources } from "./benchMessages.ts";
import type { WireError, WithProgress } from "./protocol.ts";

/** Places of suggestions that are offered together; more than anybody cycles through. */
export const SUGGESTION_RANKS = [1, 2, 3, 4, 5, 6, 7, 8] as const;
export type SuggestionRank = (typeof SUGGESTION_RANKS)[number];
export const MAX_SUGGESTIONS = SUGGESTION_RANKS.length;

/** Who proposes the suggestions beside the first; the target itself finishes and scores them all. */
export const SUGGESTION_PROPOSERS = ["branches", "superposedDraft", "superposedTarget"] as const;
export type SuggestionProposer = (typeof SUGGESTION_PROPOSERS)[number];

const COUNT_WORDS = `an integer from 1 to ${MAX_SUGGESTIONS}`;

/** The part of a completion request that asks for more than one suggestion. */
export const suggestionsRequest = shapeOf({
  /** The first included, 1 … {@link MAX_SUGGESTIONS}; 1 if absent. */
  numSuggestions: v.exactOptional(
    v.pipe(
      v.number(),
      v.integer(COUNT_WORDS),
      v.minValue(1, COUNT_WORDS),
      v.maxValue(MAX_SUGGESTIONS, COUNT_WORDS),
    ),
  ),
  /** `branches` if absent, and in place of `superposedDraft` where no draft model is loaded. */
  suggestionMethod: v.exactOptional(v.picklist(SUGGESTION_PROPOSERS)),
});
export type SuggestionsRequest = v.InferOutput<typeof suggestionsRequest>;

export interface CompletedSuggestion {
  /** What is offered: decoded, trimmed, never empty. */
  readonly text: string;
  /** Mean natural log-probability of its tokens under the target. */
  readonly logProb: number;
  readonly source: "greedy" | SuggestionProposer;
}

/** The suite `suggestions`: spans of the workspace are hidden, each method suggests what was there. */
export const benchSuggestionsParams = shapeOf({
  workspace: benchSources,
  /** Measured prompts. */
  numPrompts: count,
  /** Output tokens of a suggestion at most. */
  maxTokens: count,
  maxPromptTokens: count,
  seed: count,
  /** Passes of up to so many rows take the same time: those that are done sooner wait. As they are if absent. */
  flatRows: v.exactOptional(count),
});
export type BenchSuggestionsParams = v.InferOutput<typeof benchSuggestionsParams>;

export interface BenchSuggestionsAnswer extends SuggestionsReport {
  /** Where the prompts are from, in words. */
  readonly origin: string;
  readonly seed: number;
  readonly maxTokens: number;
  readonly flatRows: number | null;
  readonly backend: Backend;
  /** Names of the models. */
  readonly models: { readonly target: string; readonly draft: string | null };
  /** False where fewer prompts were measured than wanted. */
  readonly isComplete: boolean;
  /** Shares of the cores that others used, 0 … 1: before the start, and while each prompt was measured. */
  readonly busyShare: number;
  readonly othersShares: readonly number[];
}

export const benchSuggestionsRequest = new RequestType<
  WithProgress<BenchSuggestionsParams>,
  BenchSuggestionsAnswer,
  WireError
>("benchSuggestions");
