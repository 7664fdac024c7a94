/** Recommended settings in words, and how they become the user's own once the user agreed. */
import * as vscode from "vscode";
import type { RecommendedChange } from "../../panel/messages/panelProtocol.ts";
import { SECTION } from "../base/config.ts";
import { confirmChange, tell, tellWarning } from "../base/notifications.ts";
import { updateUserSetting } from "../base/userSettings.ts";
import type { SettingChange } from "./recommendSettings.ts";

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
  return typeof value === "number" ? String(value) : value ? "on" : "off";
}

/** Shows what would change, and writes it to the user's settings if that is wanted. */
export async function applyChanges(changes: readonly SettingChange[]): Promise<void> {
  if (changes.length === 0) {
    void tell("nothing to change; your settings are what the benchmark recommends.");
    return;
  }
  const lines = changes
    .map(describeChange)
    .flatMap(({ setting, now, recommended, reason }, index) => [
      ...(index === 0 ? [] : [""]),
      `${setting}: ${now} → ${recommended}`,
      reason,
    ]);
  const question = `Change ${changes.length === 1 ? "this setting" : "these settings"} of Treeline?`;
  if (!(await confirmChange(question, lines, "Change Settings"))) return;
  for (const { name, value } of changes) await updateUserSetting(name, value);
  const after = vscode.workspace.getConfiguration(SECTION);
  const overridden = changes.filter(({ name, value }) => after.get(name) !== value);
  if (overridden.length === 0) return;
  const names = overridden.map(({ name }) => `${SECTION}.${name}`).join(", ");
  void tellWarning(
    `this workspace's own settings still decide ${names}. Change or remove them there.`,
  );
}
