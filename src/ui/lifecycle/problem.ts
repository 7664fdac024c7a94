/** What went wrong beyond what Treeline can mend by itself. */

import { l10n } from "vscode";
import type { Config } from "../base/config.ts";

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

/** Models could not be loaded. @param code - of an EngineError. */
export function loadProblem(code: string, message: string, config: Config | undefined): Problem {
  const { targetPath = "", draftPath = "" } = config ?? {};
  const kind = ENGINE_CODES.has(code) ? "engine" : "models";
  return { cause: `${code} ${targetPath} ${draftPath}`, message, kind };
}

/** The engine is not started again by itself. */
export function gaveUpProblem(): Problem {
  const message = l10n.t(
    "The engine ended several times in a row, so there are no suggestions for now. " +
      "Set the GPU to off or choose a smaller model, then restart the engine.",
  );
  return { cause: "engineFailed", message, kind: "engine" };
}
