/** Writes the user's own settings, which hold in all workspaces but those whose own settings decide otherwise. */
import * as vscode from "vscode";
import { messageOf } from "../../core/base/errors.ts";
import { SECTION } from "./config.ts";
import { tellWarning } from "./notifications.ts";

const { l10n } = vscode;

/** VS Code would not write a setting: mostly as settings.json does not parse, or has changes that are not saved. */
export class SettingNotWritten extends Error {}

export interface UserSetting {
  /** Below `treeline.`. */
  readonly name: string;
  /** Undefined for the default. */
  readonly value: unknown;
}

export function updateUserSetting(name: string, value: unknown): Promise<void> {
  return updateUserSettings([{ name, value }]);
}

/**
 * One after the other. What this workspace decides otherwise is told: there nothing changes.
 * @throws SettingNotWritten with what VS Code says; the others are not written then.
 */
export async function updateUserSettings(settings: readonly UserSetting[]): Promise<void> {
  for (const { name, value } of settings) {
    try {
      const { Global } = vscode.ConfigurationTarget;
      await vscode.workspace.getConfiguration(SECTION).update(name, value, Global);
    } catch (error) {
      throw new SettingNotWritten(messageOf(error), { cause: error });
    }
  }
  const overridden = settings.filter(isOverridden).map(({ name }) => `${SECTION}.${name}`);
  if (overridden.length === 0) return;
  void tellWarning(
    l10n.t(
      "this workspace's own settings still decide {0}. Change or remove them there.",
      overridden.join(", "),
    ),
  );
}

function isOverridden({ name, value }: UserSetting): boolean {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const { workspaceValue, workspaceFolderValue, defaultValue } = settings.inspect(name) ?? {};
  if (workspaceValue === undefined && workspaceFolderValue === undefined) return false;
  const effective = settings.get<unknown>(name);
  if (typeof value !== "object" || value === null) return effective !== (value ?? defaultValue);
  // VS Code merges objects entry by entry; a workspace may have anything there.
  const entries = (effective ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(value).some(([key, own]) => entries[key] !== own);
}
