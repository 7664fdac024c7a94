/** Recommended settings in words, and how they become the user's own once the user agreed. */
import * as vscode from "vscode";
import type { RecommendedChange } from "../../panel/messages/panelProtocol.ts";
import { SECTION } from "../base/config.ts";
import { confirmChange, tell } from "../base/notifications.ts";
import { updateUserSettings } from "../base/userSettings.ts";
import type { SettingChange } from "./recommendSettings.ts";

const { l10n } = vscode;

/** As the panel and the question show it. */
export function describeChange({ name, now, value, reason }: SettingChange): RecommendedChange {
  return {
    setting: `${SECTION}.${name}`,
    now: valueText(now),
    recommended: valueText(value),
    reason: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`,
  };
}

function valueText(value: boolean | number): string {
  return typeof value === "number" ? String(value) : value ? l10n.t("on") : l10n.t("off");
}

/** Shows what would change, and writes it to the user's settings if that is wanted. */
export async function applyChanges(changes: readonly SettingChange[]): Promise<void> {
  if (changes.length === 0) {
    void tell(l10n.t("nothing to change; your settings are what the benchmark recommends."));
    return;
  }
  const lines = changes
    .map(describeChange)
    .flatMap(({ setting, now, recommended, reason }, index) => [
      ...(index === 0 ? [] : [""]),
      `${setting}: ${now} → ${recommended}`,
      reason,
    ]);
  const question =
    changes.length === 1
      ? l10n.t("Change this setting of Treeline?")
      : l10n.t("Change these settings of Treeline?");
  if (!(await confirmChange(question, lines, l10n.t("Change Settings")))) return;
  await updateUserSettings(changes);
}
