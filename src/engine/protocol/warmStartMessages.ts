/**
 * What is said about the suite `warmstart`. Imported by both sides, like `protocol.ts`, and imports nothing native.
 */
import * as v from "valibot";
import { RequestType } from "vscode-jsonrpc/node";
import type { WarmStartReport } from "../../bench/indexing/warmStartReport.ts";
import { count, shapeOf } from "../../core/base/messageSchema.ts";
import { benchSources } from "./benchMessages.ts";
import type { WireError } from "./protocol.ts";

/** Spans of the workspace are hidden and completed, in one session and again in a later one. */
export const warmStartParams = shapeOf({
  workspace: benchSources,
  /** Requests that are replayed; as many others of the same files come beside them. */
  numPrompts: count,
  /** Output tokens at most. */
  maxTokens: count,
  seed: count,
  /** Drafts are chosen as if passes of up to so many rows cost the same; as measured if absent. */
  flatRows: v.exactOptional(count),
});
export type WarmStartParams = v.InferOutput<typeof warmStartParams>;

export type WarmStartAnswer = WarmStartReport;

export const benchWarmStartRequest = new RequestType<
  WarmStartParams & { progressToken: string },
  WarmStartAnswer,
  WireError
>("benchWarmStart");
