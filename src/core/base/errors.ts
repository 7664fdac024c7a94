/**
 * The two kinds of failure that cross rooms: {@link EngineError}, the world's fault, carries a code that survives
 * the process boundary; a cancellation is an `AbortError` and no error at all.
 * Bugs of ours are plain `RangeError`s and are caught nowhere below the engine's request loop.
 */
import { foreignText, labelText } from "./foreignText.ts";

/** Every failure a user can be told about. Codes cross processes, classes do not. */
export type EngineErrorCode =
  | "modelNotFound"
  | "modelNotReadable"
  | "notGguf"
  | "ggufVersion"
  | "modelTruncated"
  | "modelCorrupt"
  | "unsupportedArchitecture"
  | "noVocabulary"
  | "noFimTokens"
  | "vocabMismatch"
  | "modelLoadFailed"
  | "contextFailed"
  | "outOfMemory"
  | "contextFull"
  | "decodeFailed"
  | "invalidLogits"
  | "libraryMismatch"
  | "backendUnavailable"
  | "notLoaded"
  | "invalidRequest"
  | "writeFailed"
  | "invalidCatalogue"
  | "unknownModel"
  | "offline"
  | "hubRefused"
  | "hubUnreachable"
  | "downloadFailed"
  | "checksumMismatch"
  | "diskFull"
  | "engineCrashed"
  | "engineStartFailed"
  | "protocolMismatch"
  | "internal";

/**
 * A failure with a code, and a message that states what was expected, what was found and what to do. Whatever was put
 * into it, the message is one line of bounded length that VS Code can show.
 */
export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(labelText(message), options);
    this.name = "EngineError";
    this.code = code;
  }
}

/** Whether `error` says that a signal was aborted; such an error is never logged above trace and never shown. */
export function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** The message of anything thrown, as one line of bounded length. */
export function messageOf(error: unknown): string {
  return foreignText(error instanceof Error ? error.message : String(error));
}
