/** Writes the user's own settings, which hold in all workspaces. */
import * as vscode from "vscode";
import { messageOf } from "../../core/base/errors.ts";
import { SECTION } from "./config.ts";

/** VS Code would not write a setting: mostly as settings.json does not parse, or has changes that are not saved. */
export class SettingNotWritten extends Error {}

/**
 * @param name - below `treeline.`. @param value - undefined for the default.
 * @throws SettingNotWritten with what VS Code says.
 */
export async function updateUserSetting(name: string, value: unknown): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  try {
    await settings.update(name, value, vscode.ConfigurationTarget.Global);
  } catch (error) {
    throw new SettingNotWritten(messageOf(error), { cause: error });
  }
}
