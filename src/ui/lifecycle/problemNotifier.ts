/** Tells the user what only the user can put right: once per cause, with the buttons that help. */
import * as vscode from "vscode";
import { tellError } from "../base/notifications.ts";
import type { Problem } from "./problem.ts";

const { l10n } = vscode;

const SELECT = l10n.t("Select Model Files");
const USE_BUNDLED = l10n.t("Use Bundled Models");
const RESTART = l10n.t("Restart Engine");
const SHOW_LOG = l10n.t("Show Log");

const BUTTONS: Readonly<Record<Problem["kind"], readonly string[]>> = {
  models: [SELECT, USE_BUNDLED, SHOW_LOG],
  engine: [RESTART, SHOW_LOG],
};

const COMMANDS: Readonly<Record<string, string>> = {
  [SELECT]: "treeline.selectModels",
  [USE_BUNDLED]: "treeline.useBundledModels",
  [RESTART]: "treeline.restartEngine",
  [SHOW_LOG]: "treeline.showLog",
};

export class ProblemNotifier {
  readonly #told = new Set<string>();

  /** Resolves when the user has answered. */
  async tell({ cause, message, kind }: Problem): Promise<void> {
    if (this.#told.has(cause)) return;
    this.#told.add(cause);
    const button = await tellError(message, ...BUTTONS[kind]);
    const command = button === undefined ? undefined : COMMANDS[button];
    if (command !== undefined) await vscode.commands.executeCommand(command);
  }

  /** The causes are gone; what comes up after this is new. */
  forget(): void {
    this.#told.clear();
  }
}
