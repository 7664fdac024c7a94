/**
 * The only way to VS Code's notifications and questions: in their texts `[label](command:…)` would be a link that runs a
 * command, whoever wrote it.
 */
import * as vscode from "vscode";
import { labelText } from "../../core/base/foreignText.ts";

type Button = string;

/** Resolves to the button that was pressed, if any. */
export function tellError(message: string, ...buttons: Button[]): Thenable<Button | undefined> {
  return vscode.window.showErrorMessage(notification(message), ...buttons);
}

export function tellWarning(message: string, ...buttons: Button[]): Thenable<Button | undefined> {
  return vscode.window.showWarningMessage(notification(message), ...buttons);
}

export function tell(message: string, ...buttons: Button[]): Thenable<Button | undefined> {
  return vscode.window.showInformationMessage(notification(message), ...buttons);
}

/** Asks before something is changed. @param detail - lines below the question. */
export async function confirmChange(
  question: string,
  detail: readonly string[],
  yes: Button,
): Promise<boolean> {
  const options = { modal: true, detail: detail.map(labelText).join("\n") };
  const answer = await vscode.window.showInformationMessage(labelText(question), options, yes);
  return answer === yes;
}

/** Asks before something is lost. */
export async function confirmLoss(question: string, yes: Button): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(labelText(question), { modal: true }, yes);
  return answer === yes;
}

function notification(message: string): string {
  return message.startsWith("Treeline ") ? labelText(message) : `Treeline: ${labelText(message)}`;
}
