/**
 * The bundled pair shows the machinery: what it suggests is of no use, and as ghost text it would look like a fault. So it
 * suggests only when asked until the user wants it otherwise, which is asked once.
 */
import * as vscode from "vscode";
import { type Config, whyOnlyWhenAsked } from "../base/config.ts";
import { tell } from "../base/notifications.ts";
import { updateUserSetting } from "../base/userSettings.ts";

const { l10n } = vscode;

const KEY = "treeline.demonstrationTold";
const MESSAGE = l10n.t(
  "Treeline runs a 5 MB demonstration model, which suggests only when asked (Treeline: Trigger Suggestion). " +
    "Choose a useful model, keep this one and let it suggest as you type, or turn Treeline off.",
);

/** What the user can do about the demonstration model, by the buttons' labels. */
const CHOICES: Readonly<Record<string, () => PromiseLike<unknown>>> = {
  [l10n.t("Choose a Model")]: () => vscode.commands.executeCommand("treeline.setUpModels"),
  [l10n.t("Keep")]: () => updateUserSetting("suggestion.demonstration", true),
  [l10n.t("Turn Off")]: () => updateUserSetting("suggestion.enabled", false),
};

/** Whether the demonstration model is on and waits to be asked. */
export function isDemonstrating(config: Config): boolean {
  return config.enabled && whyOnlyWhenAsked(config) === "demonstration";
}

export class DemonstrationNotice {
  readonly #storage: Pick<vscode.Memento, "get" | "update">;
  #isTold = false;

  /** @param storage - the one that all windows share. */
  constructor(storage: Pick<vscode.Memento, "get" | "update">) {
    this.#storage = storage;
  }

  /**
   * Tells the user, unless that was done before or this window is not the one the user looks at: several may start at
   * once. Resolves when the user has chosen; closing the notification chooses nothing.
   * @throws what a choice throws, and what keeps the editor from storing that the user was told.
   */
  async tell(config: Config): Promise<void> {
    if (!isDemonstrating(config) || !vscode.window.state.focused) return;
    if (this.#isTold || this.#storage.get(KEY) === true) return;
    this.#isTold = true;
    const answered = tell(MESSAGE, ...Object.keys(CHOICES));
    await this.#storage.update(KEY, true);
    await CHOICES[(await answered) ?? ""]?.();
  }
}
