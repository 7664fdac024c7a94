/**
 * A trace: what a pair of models said along the target's own greedy outputs, so that drafters, fusion and policy can be
 * compared on it without the models (`traceReplay.ts`). Written by `traceRecorder.ts`, kept by `traceCodec.ts`.
 */

import {
  commonPrefixLength,
  commonSuffixLength,
  concatTokens,
  type Token,
} from "../../../src/core/base/tokens.ts";
import type { PassCostPoint } from "../../../src/core/budget/passCost.ts";
import type { RowTrie } from "./rowTrie.ts";
import type { ModelLimits } from "./traceTarget.ts";

/** Which repositories a choice between drafters may look at, and which the outcome is reported on. */
export const TRACE_HALVES = ["choose", "report"] as const;
export type TraceHalf = (typeof TRACE_HALVES)[number];

/** A recorded model file. */
export interface TracedModel extends ModelLimits {
  readonly name: string;
  readonly fileName: string;
  readonly fileBytes: number;
  readonly sha256: string;
  /** t(n) on the machine of the recording; ascending by rows, from one. */
  readonly passMs: readonly PassCostPoint[];
  /** Of a prompt's token, in ms. */
  readonly promptTokenMs: number;
}

/** What a trace is of. All but what was measured, and the threads, must be the same where a recording goes on. */
export interface TraceHeader {
  readonly target: TracedModel;
  readonly draft: TracedModel | null;
  readonly tokenizerHash: string;
  /** Tokens after which no text of the gap follows. */
  readonly endTokens: readonly Token[];
  readonly backend: string;
  readonly llamaCpp: string;
  readonly machine: string;
  readonly threads: number;
  readonly settings: TraceSettings;
  /** What the sources are, in the order of the recording. */
  readonly repositories: readonly TracedSource[];
}

export interface TraceSettings {
  /** Output tokens of a place at most. */
  readonly maxTokens: number;
  readonly maxPromptTokens: number;
}

export interface TracedSource {
  /** With its version. */
  readonly name: string;
  readonly license: string;
  readonly half: TraceHalf;
  /** Of files and places, in hex. */
  readonly sha256: string;
}

/** The workspace that a repository is to its places. */
export interface TraceRepository {
  /** Of {@link TraceHeader.repositories}. */
  readonly index: number;
  readonly files: readonly { readonly path: string; readonly tokens: Int32Array }[];
}

/** Tokens of a file, as far as they differ from those the repository has. */
export interface VisibleTokens {
  /** So many of the repository's, ... */
  readonly numStart: number;
  /** ... then these, ... */
  readonly between: Int32Array;
  /** ... then so many from the end of the repository's. */
  readonly numEnd: number;
}

/** What of `own` is not at the start or the end of `known`. */
export function visibleTokens(known: Int32Array, own: Int32Array): VisibleTokens {
  const numStart = commonPrefixLength(known, own);
  const numEnd = commonSuffixLength(known, own, numStart);
  return { numStart, between: own.slice(numStart, own.length - numEnd), numEnd };
}

/** The tokens again. */
export function joinVisible(
  known: Int32Array,
  { numStart, between, numEnd }: VisibleTokens,
): Int32Array {
  const end = known.subarray(known.length - numEnd);
  return concatTokens(known.subarray(0, numStart), between, end);
}

/** A place, its prompt, and what both models said there. */
export interface TracePrompt {
  readonly repository: number;
  /** Number of the place among its repository's. */
  readonly place: number;
  /** Index of the file; -1 where the repository has none by that path. */
  readonly file: number;
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Empty where none is known. */
  readonly languageId: string;
  readonly promptTokens: Int32Array;
  /** The draft model's own; empty where none was recorded. */
  readonly draftPromptTokens: Int32Array;
  readonly prefixTokens: Int32Array;
  readonly suffixTokens: Int32Array;
  /** The file without what is hidden; of no use where the repository has no such file. */
  readonly visible: VisibleTokens;
  /** Files that the visible text imports. */
  readonly importedFiles: readonly number[];
  /** The target's greedy output, without the end token. */
  readonly output: Int32Array;
  /** That ended it; -1 where the limit did. */
  readonly endToken: Token;
  readonly target: RowTrie;
  /** Undefined where no draft model was recorded. */
  readonly draft: RowTrie | undefined;
}

export interface Trace {
  readonly header: TraceHeader;
  readonly repositories: readonly TraceRepository[];
  /** In the order of the recording; those of one repository by place. */
  readonly prompts: readonly TracePrompt[];
}

/** The output and the token that ended it. */
export function pathOf({ output, endToken }: Pick<TracePrompt, "output" | "endToken">): Int32Array {
  return endToken === -1 ? output : Int32Array.of(...output, endToken);
}
