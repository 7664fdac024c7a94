/** Settings under an earlier name: moved to the new one wherever they are set, once, when Treeline starts. */
import * as vscode from "vscode";
import type { Log } from "../../core/base/log.ts";
import { SECTION } from "./config.ts";

/** By the name before, below `treeline.`. */
export const RENAMED_SETTINGS: Readonly<Record<string, string>> = {
  enable: "suggestion.languages",
};

/** A workspace's own settings are left alone while it is not trusted: they are not heeded either. @throws what VS Code says. */
export async function moveRenamedSettings(log: Log): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  for (const [before, now] of Object.entries(RENAMED_SETTINGS)) {
    const old = settings.inspect(before);
    const current = settings.inspect(now);
    const move = async (
      target: vscode.ConfigurationTarget,
      value: unknown,
      newer: unknown,
    ): Promise<void> => {
      if (value === undefined) return;
      // What somebody wrote under the new name is what they want.
      if (newer === undefined) await settings.update(now, value, target);
      await settings.update(before, undefined, target);
      log("info", `setting moved from=${SECTION}.${before} to=${SECTION}.${now}`);
    };
    const { Global, Workspace } = vscode.ConfigurationTarget;
    await move(Global, old?.globalValue, current?.globalValue);
    if (vscode.workspace.isTrusted) {
      await move(Workspace, old?.workspaceValue, current?.workspaceValue);
    }
  }
}
