/** What went wrong beyond what Treeline can mend by itself. */

/** Something only the user can put right. */
export interface Problem {
  /** The same for the same cause. */
  readonly cause: string;
  readonly message: string;
  /** Whether other model files would help; otherwise another start of the engine may. */
  readonly kind: "models" | "engine";
}

/** Failures that other model files would not mend. */
const ENGINE_CODES: ReadonlySet<string> = new Set([
  "engineCrashed",
  "engineStartFailed",
  "protocolMismatch",
  "libraryMismatch",
  "backendUnavailable",
  "internal",
]);

/** @param code - of an EngineError. */
export function problemKind(code: string): Problem["kind"] {
  return ENGINE_CODES.has(code) ? "engine" : "models";
}
