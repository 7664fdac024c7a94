/** Model files of the user's own, checked before the next question: header, fill-in markers, memory, vocabulary. */
import { totalmem } from "node:os";
import * as vscode from "vscode";
import { byteText, memoryText } from "../../core/base/byteText.ts";
import { messageOf } from "../../core/base/errors.ts";
import { type CheckedTarget, checkDraft, checkTarget } from "../../models/disk/checkModel.ts";
import type { Config } from "../base/config.ts";
import { confirmChange, tellError } from "../base/notifications.ts";
import { updateUserSettings } from "../base/userSettings.ts";
import type { EngineStatus } from "../figures/status.ts";

const { l10n } = vscode;

const TARGET = "model.target";
const DRAFT = "model.draft";
const TITLE = l10n.t("Treeline: Select Model Files");
/** Of the machine's memory; the rest is the editor's, the browser's, the system's. */
const MEMORY_SHARE = 0.7;

/** Undefined if the user gave up. */
type Picked<T> = T | undefined;

/** How models come into use: the settings name them, and an engine follows those. */
export interface ModelUse {
  readonly config: () => Config;
  /** Of an engine that has done what the settings say. */
  readonly settled: () => Promise<EngineStatus>;
  readonly restart: () => Promise<void>;
}

export async function selectModels(use: ModelUse): Promise<void> {
  const path = await pickFile(l10n.t("Target Model"));
  if (path !== undefined) await useModelFile(path, use);
}

/** Takes a file as target, asks which model drafts for it, and sets both. */
export async function useModelFile(path: string, use: ModelUse): Promise<void> {
  const { signal } = new AbortController();
  const target = await checked(() => checkTarget(path, use.config().contextSize, signal));
  if (target === undefined || !(await hasMemory(target.memoryBytes))) return;
  const draftPath = await pickDraft(target);
  if (draftPath === undefined) return;
  await useModels(path, draftPath === "" ? undefined : draftPath, use);
}

/** @param target - path or name; undefined for the bundled pair. @param draft - likewise; undefined for none. */
export async function useModels(
  target: string | undefined,
  draft: string | undefined,
  { config, settled, restart }: ModelUse,
): Promise<void> {
  const { targetPath, draftPath } = config();
  // The draft first: changing the target is what loads a pair that belongs together.
  await updateUserSettings([
    { name: DRAFT, value: draft },
    { name: TARGET, value: target },
  ]);
  // Settings that stay as they are load nothing, but the files that they name may be there by now, or others.
  const isSame = targetPath === target && draftPath === draft;
  if (isSame && (await settled()).phase === "failed") await restart();
}

/** Whether the machine has so much memory, or the user wants to try. */
export async function hasMemory(bytes: number): Promise<boolean> {
  if (bytes <= MEMORY_SHARE * totalmem()) return true;
  return confirmChange(
    l10n.t("This model may not fit into memory. Use it anyway?"),
    [
      l10n.t("It needs about {0}; this machine has {1}.", byteText(bytes), memoryText(totalmem())),
      l10n.t("A GPU with memory of its own may hold it."),
    ],
    l10n.t("Use It"),
  );
}

/** Empty for none. */
async function pickDraft(target: CheckedTarget): Promise<Picked<string>> {
  const own = l10n.t("Choose a draft model…");
  const choice = await vscode.window.showQuickPick(
    [
      {
        label: l10n.t("No draft model"),
        description: l10n.t("drafts come from your text and from earlier passes"),
      },
      { label: own, description: l10n.t("a small model with the target's vocabulary") },
    ],
    { title: TITLE, placeHolder: l10n.t("Which model drafts?") },
  );
  if (choice === undefined) return undefined;
  if (choice.label !== own) return "";
  const path = await pickFile(l10n.t("Draft Model"));
  if (path === undefined) return undefined;
  const { signal } = new AbortController();
  return checked(async () => {
    await checkDraft(path, target, signal);
    return path;
  });
}

/** Tells what is wrong with a file. */
async function checked<T>(check: () => Promise<T>): Promise<Picked<T>> {
  try {
    return await check();
  } catch (error) {
    void tellError(messageOf(error));
    return undefined;
  }
}

async function pickFile(title: string): Promise<Picked<string>> {
  const files = await vscode.window.showOpenDialog({
    title,
    openLabel: l10n.t("Select"),
    canSelectMany: false,
    filters: { [l10n.t("GGUF models")]: ["gguf"] },
  });
  return files?.[0]?.fsPath;
}
