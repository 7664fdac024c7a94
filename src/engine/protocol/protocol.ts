/**
 * The messages between the engine process and whoever owns it. vscode-jsonrpc carries requests, cancellation and
 * progress; this folder only declares what is said. Imported by both sides, so it imports nothing native.
 */
import * as v from "valibot";
import { NotificationType, ProgressType, RequestType, RequestType0 } from "vscode-jsonrpc/node";
import type { Backend } from "../../core/base/backend.ts";
import type { EngineErrorCode } from "../../core/base/errors.ts";
import type { LogLevel } from "../../core/base/log.ts";
import { count, shapeOf } from "../../core/base/messageSchema.ts";

/** Raised with every incompatible change; both sides compare it first. */
export const PROTOCOL_VERSION = 5;

/** What to load. One target, perhaps one draft. */
export const loadParams = shapeOf({
  targetPath: v.string(),
  draftPath: v.exactOptional(v.string()),
  /** Positions of the target's context; the smaller of this and what the model was trained on is used. */
  contextSize: count,
  /**
   * File that keeps what passes cost on this machine. Absent: that is not measured, and as many drafted nodes are verified
   * as usually pay on such a backend.
   */
  passCostPath: v.exactOptional(v.string()),
});
export type LoadParams = v.InferOutput<typeof loadParams>;

export interface LoadedModel {
  readonly path: string;
  readonly name: string;
  readonly fileBytes: number;
  readonly gpuLayers: number;
  readonly numThreads: number;
}

export interface LoadedModels {
  readonly target: LoadedModel;
  readonly draft?: LoadedModel;
  readonly backend: Backend;
  readonly deviceNames: readonly string[];
  /** Memory of the devices, all of it; absent on the CPU backend. */
  readonly deviceMemoryBytes?: number;
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

/** Sums over the engine's life. */
export interface EngineStatistics {
  readonly numCompletions: number;
  readonly numCancelled: number;
  readonly numFailed: number;
  /** Target passes after the prompt for first suggestions, those of cancelled and failed generations included. */
  readonly numPasses: number;
}

export interface EngineHealth {
  readonly protocolVersion: number;
  readonly pid: number;
  readonly nodeVersion: string;
  readonly residentBytes: number;
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

/** Params of a request that is told of its progress meanwhile. */
export type WithProgress<P> = P & { readonly progressToken: string };

export const loadRequest = new RequestType<WithProgress<LoadParams>, LoadedModels, WireError>(
  "load",
);
export const unloadRequest = new RequestType0<null, WireError>("unload");
export const statisticsRequest = new RequestType0<EngineStatistics, WireError>("statistics");
export const healthRequest = new RequestType0<EngineHealth, WireError>("health");

export const loadProgress = new ProgressType<LoadProgress>();
export const logNotification = new NotificationType<LogEntry>("log");

/** JSON-RPC error codes of ours (the range is free for applications). */
export const ENGINE_ERROR = -31_000;
/** The Language Server Protocol's code for a request that was cancelled or overtaken. */
export const REQUEST_CANCELLED = -32_800;
