/** Writes the user's own settings, which hold in all workspaces. */
import * as vscode from "vscode";
import { SECTION } from "./config.ts";

/** @param name - below `treeline.`. @param value - undefined for the default. */
export async function updateUserSetting(name: string, value: unknown): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  await settings.update(name, value, vscode.ConfigurationTarget.Global);
}
