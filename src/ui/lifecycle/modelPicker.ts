/** *Select Model Files*: the bundled pair, or GGUF files of the user's. The choice goes into the user's settings. */
import * as vscode from "vscode";
import { updateUserSetting } from "../base/userSettings.ts";

const TARGET = "model.target";
const DRAFT = "model.draft";

/** Undefined if the user gave up. */
type Picked<T> = T | undefined;

export async function selectModels(): Promise<void> {
  const own = "Choose a target model…";
  const choice = await vscode.window.showQuickPick(
    [
      { label: "Bundled tiny pair", description: "5 MB; a demonstration" },
      { label: own, description: "a GGUF code model that was trained to fill in" },
    ],
    { title: "Treeline: Select Model Files", placeHolder: "Which model completes?" },
  );
  if (choice === undefined) return;
  if (choice.label !== own) return useBundledModels();
  const targetPath = await pickFile("Target Model");
  if (targetPath === undefined) return;
  const draftPath = await pickDraft();
  if (draftPath === undefined) return;
  // The draft first: changing the target is what loads a pair that belongs together.
  await updateUserSetting(DRAFT, draftPath === "" ? undefined : draftPath);
  await updateUserSetting(TARGET, targetPath);
}

export async function useBundledModels(): Promise<void> {
  await updateUserSetting(DRAFT, undefined);
  await updateUserSetting(TARGET, undefined);
}

/** Empty for none. */
async function pickDraft(): Promise<Picked<string>> {
  const own = "Choose a draft model…";
  const choice = await vscode.window.showQuickPick(
    [
      {
        label: "No draft model",
        description: "drafts come from your text and from earlier passes",
      },
      { label: own, description: "a small model with the target's vocabulary" },
    ],
    { title: "Treeline: Select Model Files", placeHolder: "Which model drafts?" },
  );
  if (choice === undefined) return undefined;
  return choice.label === own ? pickFile("Draft Model") : "";
}

async function pickFile(title: string): Promise<Picked<string>> {
  const files = await vscode.window.showOpenDialog({
    title,
    openLabel: "Select",
    canSelectMany: false,
    filters: { "GGUF models": ["gguf"] },
  });
  return files?.[0]?.fsPath;
}
