/** What is said about a completion: one keystroke's question, and its answer. */
import * as v from "valibot";
import { ProgressType, RequestType } from "vscode-jsonrpc/node";
import { count, listOf, shapeOf, share } from "../../core/base/messageSchema.ts";
import type { CompletionRejection } from "../../core/ending/completionRejection.ts";
import { promptAnchor } from "../../core/prompt/promptAnchor.ts";
import { contextOptions } from "../../core/prompt/promptContext.ts";
import type { DropReason } from "../../core/suggestions/rankSuggestions.ts";
import type { DecodeStats } from "../../core/tree/decodeStats.ts";
import { DRAFT_SOURCES } from "../../core/tree/draftTree.ts";
import type { FinishReason } from "../../core/tree/generation.ts";
import type { WireError, WithProgress } from "./protocol.ts";
import { type CompletedSuggestion, suggestionsRequest } from "./suggestionMessages.ts";

/** What a prompt is made of. */
export const promptEntries = {
  prefixText: v.string(),
  suffixText: v.string(),
  /** Path shown to models that were trained with paths; relative to the repository. */
  filePath: v.exactOptional(v.string()),
  repoName: v.exactOptional(v.string()),
  /** The document as the workspace's index knows it: its path on disk, else its URI. Not shown to models. */
  documentPath: v.exactOptional(v.string()),
  /** Where the prompt's middle begins; at the cursor if absent. */
  anchor: v.exactOptional(promptAnchor),
  /** Whether tokens at the cursor that what follows may change are left to the output: token healing. No if absent. */
  heals: v.exactOptional(v.boolean()),
  /** Which text of the workspace's other files the prompt begins with; none if absent. */
  context: v.exactOptional(contextOptions),
  /** Of the prompt; the engine's own choice if absent. */
  maxPromptTokens: v.exactOptional(count),
  /** UTF-16 code units of the text behind the cursor that the prompt has at most, cut at a line's end where that leaves any text; its share of the prompt if absent. */
  maxSuffixChars: v.exactOptional(count),
  /** Output tokens at most. */
  maxTokens: count,
};
export type PromptEntries = v.InferOutput<v.ObjectSchema<typeof promptEntries, undefined>>;

export const completeParams = shapeOf({
  ...promptEntries,
  ...suggestionsRequest.pipe[0].entries,
  /** VS Code's name of the language; by the path's extension, or guessed from the text, if absent. */
  languageId: v.exactOptional(v.string()),
  /** Whether the anchor of an earlier request stays while text is typed behind it; no if absent. */
  keepsAnchor: v.exactOptional(v.boolean()),
  /**
   * When the first line is to be there, in ms, decoding it included: where reading the whole prompt takes longer, a shorter one is
   * used, and the whole one is read between requests. Always the whole one if absent, and on devices and models where no prompt can be kept
   * beside the one in use.
   */
  firstLineMs: v.exactOptional(count),
  /** Which drafters may draft; empty is plain decoding. */
  sources: listOf(v.picklist(DRAFT_SOURCES)),
  /** Share of plain decoding's time that drafts may cost; 0 … 1, the engine's own choice if absent. */
  maxLossShare: v.exactOptional(share),
  /** Nodes one pass verifies at most; the engine's own choice if absent. */
  maxDraftNodes: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** False: the prompt is tokenized and evaluated anew, whatever the caches hold. For measuring what they bring. */
  reusesPrompt: v.exactOptional(v.boolean()),
});
export type CompleteParams = v.InferOutput<typeof completeParams>;

/** Where the time of a completion went, in ms. */
export interface CompletionTimings {
  /** From the request's arrival to its result. */
  readonly totalMs: number;
  /** From the request's arrival to the first committed token. */
  readonly firstTokenMs: number;
  /** Choosing and tokenizing the text around the cursor. */
  readonly promptMs: number;
  /** The target's passes over the prompt, healing included. */
  readonly prefillMs: number;
  /** The drafters' start; no pass of a model. */
  readonly beginMs: number;
  /** All steps: drafting, passes, verification. promptMs + prefillMs + beginMs + decodeMs + othersMs = totalMs. */
  readonly decodeMs: number;
  /** The suggestions beside the first; absent where one was asked for. */
  readonly othersMs?: number;
}

export interface CompletionResult {
  /** What is offered: the decoded text, trimmed; empty if it was refused. */
  readonly text: string;
  /** Why nothing is offered. */
  readonly rejection?: CompletionRejection;
  /** How likely its first line is right, 0 … 1; absent where that is not known for the model and its prompt. */
  readonly confidence?: number;
  /** Where several were asked for: `text`, then the others, best first. None where `text` is empty. */
  readonly suggestions?: readonly CompletedSuggestion[];
  /** Why others that were decoded are not among `suggestions`. */
  readonly droppedSuggestions?: readonly DropReason[];
  readonly tokens: Int32Array;
  /** [tokens.length] text of each token; bytes of an unfinished character count for the token that ends it. */
  readonly pieces: readonly string[];
  /** [tokens.length] bits of the sources that drafted each token, 0 for the target's own. */
  readonly tokenSources: Uint8Array;
  /** [tokens.length] natural log-probability of each token under the target; of those that healing chose, given the text that they had to write. */
  readonly logProbs: Float32Array;
  readonly finishReason: FinishReason;
  readonly stats: DecodeStats;
  readonly timings: CompletionTimings;
}

/** A piece of a running completion; the pieces of one make up its text. */
export interface CompletionChunk {
  readonly text: string;
  /** Whether the text so far ends where a line does, so that it can be offered as it is. */
  readonly endsLine: boolean;
  /** As in {@link CompletionResult}, where the chunk ends a line. */
  readonly confidence?: number;
}

export const completeRequest = new RequestType<
  WithProgress<CompleteParams>,
  CompletionResult,
  WireError
>("complete");

export const completionProgress = new ProgressType<CompletionChunk>();
