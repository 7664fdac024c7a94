/** *Delete Models*: of those that Treeline fetched, and what is left of those it began to. */
import * as vscode from "vscode";
import { byteText } from "../../core/base/byteText.ts";
import type { ModelFolder } from "../../models/disk/modelFolder.ts";
import { confirmLoss, tell } from "../base/notifications.ts";
import { modelFolderOf } from "../lifecycle/bundledFiles.ts";
import { type ModelUse, useModels } from "./modelFiles.ts";

const { l10n } = vscode;

export async function deleteModels(use: ModelUse): Promise<void> {
  const folder = modelFolderOf(use.config());
  const [installed, unfinished] = [await folder.installed(), await folder.unfinished()];
  const items = [
    ...installed.map(({ name, bytes }) => ({
      label: name,
      description: byteText(bytes),
      bytes,
      isPart: false,
    })),
    ...unfinished.map(({ name, bytes }) => ({
      label: name,
      description: l10n.t("{0} of a download that did not end", byteText(bytes)),
      bytes,
      isPart: true,
    })),
  ];
  if (items.length === 0) {
    void tell(l10n.t("no models were downloaded, so there are none to delete."));
    return;
  }
  const picked = await vscode.window.showQuickPick(items, {
    title: l10n.t("Treeline: Delete Models"),
    placeHolder: l10n.t("Which model is deleted?"),
  });
  if (picked === undefined) return;
  const { label: name, bytes, isPart } = picked;
  const question = l10n.t("Delete {0} ({1})?", name, byteText(bytes));
  if (!(await confirmLoss(question, l10n.t("Delete")))) return;
  const freed = await (isPart ? folder.removeParts(name) : removeModel(name, folder, use));
  void tell(l10n.t("{0} is deleted, {1} are free again.", name, byteText(freed)));
}

/** @throws EngineError writeFailed where it is being fetched or another window has it loaded; the settings are as they were. */
async function removeModel(name: string, folder: ModelFolder, use: ModelUse): Promise<number> {
  await folder.expectIdle(name);
  const { targetPath, draftPath } = use.config();
  const isUsed = targetPath !== undefined && [targetPath, draftPath].includes(name);
  // The engine lets go of its file first: Windows deletes none that is in use.
  if (targetPath === name) await useModels(undefined, undefined, use);
  else if (isUsed) await useModels(targetPath, undefined, use);
  await use.settled();
  try {
    return await folder.remove(name);
  } catch (error) {
    if (isUsed) await useModels(targetPath, draftPath, use);
    throw error;
  }
}
