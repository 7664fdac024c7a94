/**
 * What is said about the suite `warmstart`. Imported by both sides, like `protocol.ts`, and imports nothing native.
 */
import { RequestType } from "vscode-jsonrpc/node";
import type { WarmStartReport } from "../../bench/indexing/warmStartReport.ts";
import type { BenchSources, WireError } from "./protocol.ts";

/** Spans of the workspace are hidden and completed, in one session and again in a later one. */
export interface WarmStartParams {
  readonly workspace: BenchSources;
  /** Requests that are replayed; as many others of the same files come beside them. */
  readonly numPrompts: number;
  /** Output tokens at most. */
  readonly maxTokens: number;
  readonly seed: number;
  /** Drafts are chosen as if passes of up to so many rows cost the same; as measured if absent. */
  readonly flatRows?: number;
}

export type WarmStartAnswer = WarmStartReport;

export const benchWarmStartRequest = new RequestType<
  WarmStartParams & { progressToken: string },
  WarmStartAnswer,
  WireError
>("benchWarmStart");
