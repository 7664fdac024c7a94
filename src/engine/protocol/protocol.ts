/**
 * The messages between the engine process and whoever owns it. vscode-jsonrpc carries requests, cancellation and
 * progress; this file only declares what is said. Imported by both sides, so it imports nothing native.
 */
import { NotificationType, ProgressType, RequestType, RequestType0 } from "vscode-jsonrpc/node";
import type { SpeedSuiteName } from "../../bench/base/benchConfigNames.ts";
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import type { SourceFile } from "../../bench/spots/sourceSpots.ts";
import type { Backend } from "../../core/base/backend.ts";
import type { EngineErrorCode } from "../../core/base/errors.ts";
import type { LogLevel } from "../../core/base/log.ts";
import type { CompletionRejection } from "../../core/ending/completionRejection.ts";
import type { PromptAnchor } from "../../core/prompt/promptAnchor.ts";
import type { ContextOptions } from "../../core/prompt/promptContext.ts";
import type { DropReason } from "../../core/suggestions/rankSuggestions.ts";
import type { DecodeStats } from "../../core/tree/decodeStats.ts";
import type { DraftSource } from "../../core/tree/draftTree.ts";
import type { FinishReason } from "../../core/tree/generation.ts";
import type { CompletionTimings } from "./completionTimings.ts";
import type { CompletedSuggestion, SuggestionsRequest } from "./suggestionMessages.ts";

/** Raised with every incompatible change; both sides compare it first. */
export const PROTOCOL_VERSION = 5;

/** What to load. One target, perhaps one draft. */
export interface LoadParams {
  readonly targetPath: string;
  readonly draftPath?: string;
  /** Positions of the target's context; the smaller of this and what the model was trained on is used. */
  readonly contextSize: number;
  /**
   * File that keeps what passes cost on this machine. Absent: that is not measured, and as many drafted nodes are verified
   * as usually pay on such a backend.
   */
  readonly passCostPath?: string;
}

export interface LoadedModel {
  readonly path: string;
  readonly name: string;
  readonly architecture: string;
  readonly fileBytes: number;
  readonly numLayers: number;
  readonly gpuLayers: number;
  readonly numThreads: number;
}

export interface LoadedModels {
  readonly target: LoadedModel;
  readonly draft?: LoadedModel;
  readonly backend: Backend;
  readonly deviceNames: readonly string[];
  readonly llamaCppVersion: string;
  readonly contextSize: number;
  /** What the user should know once: a draft left out, layers kept on the CPU. */
  readonly notices: readonly string[];
  readonly loadMs: number;
}

export interface LoadProgress {
  readonly model: "target" | "draft";
  /** 0 … 1 */
  readonly fraction: number;
}

/** One keystroke's question. */
export interface CompleteParams extends SuggestionsRequest {
  readonly prefixText: string;
  readonly suffixText: string;
  /** Path shown to models that were trained with paths; relative to the repository. */
  readonly filePath?: string;
  readonly repoName?: string;
  /** The document as the workspace's index knows it: its path on disk, else its URI. Not shown to models. */
  readonly documentPath?: string;
  /** VS Code's name of the language; by the path's extension, or guessed from the text, if absent. */
  readonly languageId?: string;
  /** Where the prompt's middle begins; at the cursor if absent. */
  readonly anchor?: PromptAnchor;
  /** Whether the anchor of an earlier request stays while text is typed behind it; no if absent. */
  readonly keepsAnchor?: boolean;
  /** Whether tokens at the cursor that what follows may change are left to the output: token healing. No if absent. */
  readonly heals?: boolean;
  /** Which text of the workspace's other files the prompt begins with; none if absent. */
  readonly context?: ContextOptions;
  /** Of the prompt; the engine's own choice if absent. */
  readonly maxPromptTokens?: number;
  /** UTF-16 code units of the text behind the cursor that the prompt has at most, cut at a line's end where that leaves any text; its share of the prompt if absent. */
  readonly maxSuffixChars?: number;
  /**
   * When the first line is to be there, in ms, decoding it included: where reading the whole prompt takes longer, a shorter one is
   * used, and the whole one is read between requests. Always the whole one if absent, and on devices and models where no prompt can be kept
   * beside the one in use.
   */
  readonly firstLineMs?: number;
  /** Output tokens at most. */
  readonly maxTokens: number;
  /** Which drafters may draft; empty is plain decoding. */
  readonly sources: readonly DraftSource[];
  /** Share of plain decoding's time that drafts may cost; 0 … 1, the engine's own choice if absent. */
  readonly maxLossShare?: number;
  /** Nodes one pass verifies at most; the engine's own choice if absent. */
  readonly maxDraftNodes?: number;
  /** False: the prompt is tokenized and evaluated anew, whatever the caches hold. For measuring what they bring. */
  readonly reusesPrompt?: boolean;
}

export interface CompletionResult {
  /** What is offered: the decoded text, trimmed; empty if it was refused. */
  readonly text: string;
  /** Why nothing is offered. */
  readonly rejection?: CompletionRejection;
  /** Where several were asked for: `text`, then the others, best first. None where `text` is empty. */
  readonly suggestions?: readonly CompletedSuggestion[];
  /** Why others that were decoded are not among `suggestions`. */
  readonly droppedSuggestions?: readonly DropReason[];
  readonly tokens: Int32Array;
  /** [tokens.length] text of each token; bytes of an unfinished character count for the token that ends it. */
  readonly pieces: readonly string[];
  /** [tokens.length] bits of the sources that drafted each token, 0 for the target's own. */
  readonly tokenSources: Uint8Array;
  readonly finishReason: FinishReason;
  readonly stats: DecodeStats;
  readonly timings: CompletionTimings;
}

/** A piece of a running completion; the pieces of one make up its text. */
export interface CompletionChunk {
  readonly text: string;
  /** Whether the text so far ends where a line does, so that it can be offered as it is. */
  readonly endsLine: boolean;
}

/** Source files as whoever asks for a benchmark gathered them. */
export interface BenchSources {
  /** What they are, in words: a package with its version, or a folder. */
  readonly origin: string;
  readonly repoName?: string;
  readonly files: readonly SourceFile[];
}

export interface BenchParams {
  /** In the order in which they run. */
  readonly suites: readonly SpeedSuiteName[];
  /** `repo` hides spans of it. */
  readonly workspace: BenchSources;
  /** Code that is unlike the workspace, for `scratch`. */
  readonly foreign: BenchSources;
  /** Names of `bench/base/benchConfigNames.ts`; plain decoding is measured besides, twice. */
  readonly configs: readonly string[];
  /** Time for all suites, in ms, from the request on. It ends within one prompt's time of it, or sooner where that tells enough. */
  readonly budgetMs: number;
  /** Measured prompts of a suite at most; absent: as many as tell something. */
  readonly numPrompts?: number;
  /** Output tokens at most. */
  readonly maxTokens: number;
  readonly maxPromptTokens: number;
  readonly seed: number;
  /** Drafts are chosen as if passes of up to so many rows cost the same; as measured if absent. */
  readonly flatRows?: number;
}

/** What a benchmark answers, complete or not. */
export type BenchAnswer = BenchReport;

export interface BenchProgress {
  /** The suite, or what comes before them. */
  readonly part: string;
  /** Prompts that are finished, of how many where that is known. */
  readonly done: number;
  readonly total?: number;
  /** Of the time that there is, what has passed, 0 … 1; where it is limited. */
  readonly fraction?: number;
  /** What is being done, in words. */
  readonly what: string;
}

/** Sums over the engine's life. */
export interface EngineStatistics {
  readonly numCompletions: number;
  readonly numCancelled: number;
  readonly numFailed: number;
  readonly numTokens: number;
  readonly numSteps: number;
  readonly numDraftTokens: number;
  readonly numAcceptedTokens: number;
  readonly decodeMs: number;
  /**
   * Target passes after the prompt for first suggestions, those of cancelled and failed generations included, unlike the
   * sums above.
   */
  readonly numPasses: number;
}

export interface EngineHealth {
  readonly protocolVersion: number;
  readonly pid: number;
  readonly nodeVersion: string;
  readonly isLoaded: boolean;
  readonly isBusy: boolean;
  readonly residentBytes: number;
  readonly uptimeMs: number;
}

export interface LogEntry {
  readonly level: LogLevel;
  /** One line: `verb key=value …`. */
  readonly message: string;
}

/** A failure on the wire; codes cross processes, classes do not. */
export interface WireError {
  readonly code: EngineErrorCode;
}

export const loadRequest = new RequestType<
  LoadParams & { progressToken: string },
  LoadedModels,
  WireError
>("load");
export const unloadRequest = new RequestType0<null, WireError>("unload");
export const completeRequest = new RequestType<
  CompleteParams & { progressToken: string },
  CompletionResult,
  WireError
>("complete");
export const benchRequest = new RequestType<
  BenchParams & { progressToken: string },
  BenchAnswer,
  WireError
>("bench");
export const statisticsRequest = new RequestType0<EngineStatistics, WireError>("statistics");
export const healthRequest = new RequestType0<EngineHealth, WireError>("health");

export const loadProgress = new ProgressType<LoadProgress>();
export const completionProgress = new ProgressType<CompletionChunk>();
export const benchProgress = new ProgressType<BenchProgress>();
export const logNotification = new NotificationType<LogEntry>("log");

/** JSON-RPC error codes of ours (the range is free for applications). */
export const ENGINE_ERROR = -31_000;
/** The Language Server Protocol's code for a request that was cancelled or overtaken. */
export const REQUEST_CANCELLED = -32_800;
