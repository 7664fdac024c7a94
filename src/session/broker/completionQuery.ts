/** One question of the editor, and its answer. Text in, text out: neither VS Code nor tokens appear here. */
import type { CompleteParams, CompletionResult } from "../../engine/protocol/completeMessages.ts";

/**
 * Why the editor asks: by itself while the user types, because the user asked, which is answered with all suggestions, or
 * once more, as an answer came too late.
 */
export type QueryTrigger = "automatic" | "invoke" | "again";

export interface CompletionQuery {
  /** Stable per document, e.g. its URI. */
  readonly documentId: string;
  readonly languageId: string;
  /** The whole text before the cursor, and after it. */
  readonly prefixText: string;
  readonly suffixText: string;
  /** Relative to the workspace folder; for models trained with paths. */
  readonly filePath?: string;
  readonly repoName?: string;
  /** As the workspace's index knows the document. */
  readonly documentPath?: string;
  readonly trigger: QueryTrigger;
}

/** A query that waits for its answer. */
export interface Question {
  readonly query: CompletionQuery;
  readonly arrivedAt: number;
  readonly signal: AbortSignal;
}

export type SuggestionOrigin = "cache" | "typedThrough" | "running" | "prefetched" | "generated";

/** Text to show at the cursor of the query. */
export interface Suggestion {
  /** Unique per generated completion: the same id while the user types through it. */
  readonly id: number;
  /** What is still to be inserted at this query's cursor; never empty. */
  readonly text: string;
  /** Other texts for the same place, best first; none while they are not known. Rank 2 is the first of them. */
  readonly others: readonly string[];
  readonly origin: SuggestionOrigin;
  /** From the query's arrival to this answer. */
  readonly latencyMs: number;
  /**
   * False while the text is only the first lines: the rest is being generated, and is the answer once they are taken or
   * typed. VS Code keeps what it shows when it is asked to look again, so they are not replaced.
   */
  readonly isWhole: boolean;
  /** Of the generation behind it; undefined if that did not finish. Never rejects. */
  readonly result: Promise<CompletionResult | undefined>;
}

/** Why a query got no suggestion; *Why No Suggestion?* shows it with its remedy. */
export type NoSuggestionReason =
  | "cancelled"
  | "superseded"
  | "notAsked"
  | "noModel"
  | "busy"
  | "engineFailed"
  | "rejected"
  | "unsure"
  | "empty";

export interface NoSuggestion {
  readonly reason: NoSuggestionReason;
  /** One sentence with what was found and, where there is one, the remedy. */
  readonly detail: string;
}

/** What the user sees, and where. */
export interface Shown {
  readonly query: CompletionQuery;
  readonly suggestion: Suggestion;
}

/** The question that follows when the user takes what is shown. @param rank - 1 for the first suggestion. */
export function afterAcceptance({ query, suggestion }: Shown, rank = 1): CompletionQuery {
  const taken = [suggestion.text, ...suggestion.others][rank - 1] ?? suggestion.text;
  return { ...query, prefixText: query.prefixText + taken, trigger: "automatic" };
}

export type QueryOutcome =
  | { readonly suggestion: Suggestion }
  | { readonly noSuggestion: NoSuggestion };

/** Answers queries; implemented by `CompletionBroker`. */
export interface CompletionSource {
  /** Never rejects: failures and cancellations are outcomes. */
  query(query: CompletionQuery, signal: AbortSignal): Promise<QueryOutcome>;
  /**
   * The cursor came to rest in another place (a jump, another editor) and nothing was typed there yet: the first
   * question from here need not wait for the whole prompt. Costs nothing while questions come.
   */
  prepare(query: CompletionQuery): void;
  /** The user took a suggestion whole: the next completion may be prepared. @param rank - 1, the first, if absent. */
  accepted(suggestionId: number, rank?: number): void;
  /** Forgets what was cached for a document, or everything. */
  forget(documentId?: string): void;
}

/** What a request may say, wherever the cursor is; what is absent is the engine's own choice. */
const OPTIONAL_FIELDS = [
  "anchor",
  "keepsAnchor",
  "heals",
  "context",
  "firstLineMs",
  "maxPromptTokens",
  "maxSuffixChars",
  "maxLossShare",
] as const satisfies readonly (keyof CompleteParams)[];

/** How the engine is asked, wherever the cursor is. */
export type AskedHow = Pick<
  CompleteParams,
  "maxTokens" | "sources" | (typeof OPTIONAL_FIELDS)[number]
>;

export function paramsOf(query: CompletionQuery, how: AskedHow): CompleteParams {
  const { prefixText, suffixText, languageId, filePath, repoName, documentPath } = query;
  const given = OPTIONAL_FIELDS.filter((field) => how[field] !== undefined);
  return {
    prefixText,
    suffixText,
    languageId,
    maxTokens: how.maxTokens,
    sources: how.sources,
    ...Object.fromEntries(given.map((field) => [field, how[field]])),
    ...(filePath === undefined ? {} : { filePath }),
    ...(repoName === undefined ? {} : { repoName }),
    ...(documentPath === undefined ? {} : { documentPath }),
  };
}
