/** What went wrong beyond what Treeline can mend by itself, and how the user is told. */
import * as vscode from "vscode";
import type { Config } from "../base/config.ts";
import { tellError } from "../base/notifications.ts";

const { l10n } = vscode;

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

/** Commands by the buttons that run them. */
const BUTTONS: Readonly<Record<Problem["kind"], Readonly<Record<string, string>>>> = {
  models: {
    [l10n.t("Select Model Files")]: "treeline.selectModels",
    [l10n.t("Use Bundled Models")]: "treeline.useBundledModels",
    [l10n.t("Show Log")]: "treeline.showLog",
  },
  engine: {
    [l10n.t("Restart Engine")]: "treeline.restartEngine",
    [l10n.t("Show Log")]: "treeline.showLog",
  },
};

/** Tells the user what only the user can put right: once per cause, with the buttons that help. */
export class ProblemNotifier {
  readonly #told = new Set<string>();

  /** Resolves when the user has answered. */
  async tell({ cause, message, kind }: Problem): Promise<void> {
    if (this.#told.has(cause)) return;
    this.#told.add(cause);
    const commands = BUTTONS[kind];
    const command = commands[(await tellError(message, ...Object.keys(commands))) ?? ""];
    if (command !== undefined) await vscode.commands.executeCommand(command);
  }

  /** The causes are gone; what comes up after this is new. */
  forget(): void {
    this.#told.clear();
  }
}
