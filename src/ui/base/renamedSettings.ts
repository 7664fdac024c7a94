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
  const { Global, Workspace } = vscode.ConfigurationTarget;
  const scopes = [
    { scope: "globalValue", target: Global } as const,
    ...(vscode.workspace.isTrusted
      ? [{ scope: "workspaceValue", target: Workspace } as const]
      : []),
  ];
  for (const [before, now] of Object.entries(RENAMED_SETTINGS)) {
    const [old, current] = [settings.inspect(before), settings.inspect(now)];
    for (const { scope, target } of scopes) {
      const value = old?.[scope];
      if (value === undefined) continue;
      // What somebody wrote under the new name is what they want.
      if (current?.[scope] === undefined) await settings.update(now, value, target);
      await settings.update(before, undefined, target);
      log("info", `setting moved from=${SECTION}.${before} to=${SECTION}.${now}`);
    }
  }
}
