/**
 * *Set Up Models*: from a list to a model that suggests, without a reload. Nothing is asked of the network before the user
 * has agreed to one download, with size, licence and address in view.
 */
import { homedir, totalmem } from "node:os";
import * as vscode from "vscode";
import { messageOf } from "../../core/base/errors.ts";
import { labelText } from "../../core/base/foreignText.ts";
import type { Log } from "../../core/base/log.ts";
import type { SpeedBook } from "../../models/advice/speedBook.ts";
import {
  bytesOf,
  Catalogue,
  licenceText,
  sizeText,
  titleText,
} from "../../models/catalogue/catalogue.ts";
import type { CatalogueEntry } from "../../models/catalogue/catalogueEntry.ts";
import { findModels } from "../../models/disk/foundModels.ts";
import type { ModelFolder } from "../../models/disk/modelFolder.ts";
import { fetchModel } from "../../models/hub/fetchModel.ts";
import { progressText } from "../../models/hub/fetchProgress.ts";
import { openHub } from "../../models/hub/openHub.ts";
import { type Hub, pageOf } from "../../models/hub/openHubFile.ts";
import { abortError } from "../../session/abort.ts";
import type { Config } from "../base/config.ts";
import { confirmChange, tell } from "../base/notifications.ts";
import { signalOf } from "../base/vscodeAdapters.ts";
import { modelFolderOf } from "../lifecycle/bundledFiles.ts";
import { hasMemory, type ModelUse, selectModels, useModelFile, useModels } from "./modelFiles.ts";
import { type ModelChoice, type ModelItem, type ModelsHere, modelItems } from "./modelItems.ts";
import type { ModelSpeeds } from "./modelSpeeds.ts";

export interface ModelSetup extends ModelUse {
  readonly speeds: ModelSpeeds;
  readonly log: Log;
}

/** What a choice is carried out with. */
interface Models extends ModelSetup {
  readonly catalogue: Catalogue;
  readonly folder: ModelFolder;
}

const { l10n } = vscode;

const TITLE = l10n.t("Treeline: Set Up Models");
/** Of the target's size: a draft model that is larger takes more time than it saves. */
const MAX_DRAFT_SHARE = 0.2;

export async function setUpModels(setup: ModelSetup): Promise<void> {
  const config = setup.config();
  const folder = modelFolderOf(config);
  const catalogue = new Catalogue(config.ownModels);
  const { signal } = new AbortController();
  const here = {
    catalogue,
    installed: await folder.installed(),
    found: await findModels(process.env, homedir(), signal),
    book: await setup.speeds.book(),
    memoryBytes: totalmem(),
    target: config.targetPath,
  };
  const choice = await pickModel(here, setup.speeds);
  if (choice !== undefined) await take(choice, { ...setup, catalogue, folder });
}

/** The list, at once; what a machine that was never measured takes is added in a few seconds. */
async function pickModel(here: ModelsHere, speeds: ModelSpeeds): Promise<ModelChoice | undefined> {
  const list = vscode.window.createQuickPick<ModelItem>();
  const end = new AbortController();
  try {
    list.title = TITLE;
    list.placeholder = l10n.t(
      "Which model completes? Nothing is downloaded before you have agreed.",
    );
    list.matchOnDescription = true;
    list.matchOnDetail = true;
    list.items = modelItems(here);
    const picked = new Promise<ModelItem | undefined>((resolve) => {
      list.onDidAccept(() => resolve(list.selectedItems[0]));
      list.onDidHide(() => resolve(undefined));
    });
    list.show();
    if (here.book.probed === undefined) void addEstimates(list, here, speeds, end.signal);
    return (await picked)?.choice;
  } finally {
    end.abort(abortError("The list was closed."));
    list.dispose();
  }
}

async function addEstimates(
  list: vscode.QuickPick<ModelItem>,
  here: ModelsHere,
  speeds: ModelSpeeds,
  signal: AbortSignal,
): Promise<void> {
  list.busy = true;
  const isMeasured = await speeds.measureMachine(here.book, signal);
  if (signal.aborted) return;
  list.busy = false;
  if (!isMeasured) return;
  const [active] = list.activeItems;
  list.items = modelItems(here);
  const same = list.items.find(({ label }) => label === active?.label);
  // Whoever was reading goes on where they were.
  if (same !== undefined) list.activeItems = [same];
}

async function take(choice: ModelChoice, models: Models): Promise<void> {
  switch (choice.kind) {
    case "bundled":
      return useModels(undefined, undefined, models);
    case "dialog":
      return selectModels(models);
    case "file":
      return useModelFile(choice.path, models);
    case "installed": {
      const entry = models.catalogue.find(choice.name);
      if (entry !== undefined) return useEntry(entry, models);
      await useModels(choice.name, undefined, models);
      return tellReady(choice.name, models);
    }
    case "entry":
      return useEntry(choice.entry, models);
  }
}

/** Fetches what is not here yet of a target and the draft that the user wants for it, and has both loaded. */
async function useEntry(entry: CatalogueEntry, models: Models): Promise<void> {
  const { catalogue, folder, speeds, log } = models;
  const draft = await pickDraft(entry, catalogue);
  if (draft === "noneGiven") return;
  const all = [entry, ...(draft === undefined ? [] : [draft])];
  const found = await Promise.all(all.map(({ name }) => folder.find(name)));
  const missing = all.filter((_, index) => found[index] === undefined);
  const bytes = all.reduce((sum, each) => sum + (bytesOf(each) ?? 0), 0);
  if (!(await hasMemory(bytes))) return;
  if (missing.length > 0) {
    // Told before the question: without leave to ask the hub there is none.
    const hub = hubOf(models.config());
    if (!(await confirmDownload(missing, hub, folder, await speeds.book()))) return;
    for (const each of missing) if (!(await fetchWithProgress(each, hub, models))) return;
  }
  // Before it is loaded for good, so that it is in memory once; a model that was measured is not measured again.
  if (!(await speeds.book()).has(entry.name))
    await speeds.measureModel(entry.name, titleText(entry), folder.pathOf(entry.name));
  const target = entry.name;
  await useModels(target, draft?.name, models);
  // For the command line; a folder that others keep may be read only.
  await folder
    .choose(draft === undefined ? { target } : { target, draft: draft.name })
    .catch((error) => log("warn", `choice not kept for the command line: ${messageOf(error)}`));
  await tellReady(titleText(entry), models, (await speeds.book()).textOf(entry));
}

/** Asked only where a draft model is small enough to bring anything. */
async function pickDraft(
  entry: CatalogueEntry,
  catalogue: Catalogue,
): Promise<CatalogueEntry | undefined | "noneGiven"> {
  const limit = MAX_DRAFT_SHARE * (bytesOf(entry) ?? 0);
  const drafts = entry.drafts
    .map((name) => catalogue.find(name))
    .filter((draft) => draft !== undefined)
    .filter((draft) => (bytesOf(draft) ?? limit) < limit);
  if (drafts.length === 0) return undefined;
  const none = {
    label: l10n.t("No draft model"),
    description: l10n.t("less memory; drafts come from your text"),
  };
  const items = drafts.map((draft) => ({
    label: labelText(titleText(draft)),
    description: l10n.t("{0}, changes speed, never suggestions", sizeText(draft)),
    draft,
  }));
  const picked = await vscode.window.showQuickPick<{ label: string; draft?: CatalogueEntry }>(
    [none, ...items],
    { title: TITLE, placeHolder: l10n.t("Which model drafts for it?") },
  );
  return picked === undefined ? "noneGiven" : picked.draft;
}

function confirmDownload(
  entries: readonly CatalogueEntry[],
  hub: Hub,
  folder: ModelFolder,
  book: SpeedBook,
): Promise<boolean> {
  const names = entries
    .map((entry) => `${titleText(entry)} (${sizeText(entry)})`)
    .join(l10n.t(" and "));
  const lines = entries.flatMap((entry) => [
    l10n.t(
      "Licence: {0}",
      [licenceText(entry.licence), entry.licence.url].filter(Boolean).join(", "),
    ),
    l10n.t("From: {0}", pageOf(hub, entry.repository)),
    ...[book.textOf(entry)].filter((text) => text !== undefined),
  ]);
  const to = l10n.t("To: {0}", folder.path);
  return confirmChange(l10n.t("Download {0}?", names), [...lines, to], l10n.t("Download"));
}

/** False if the user cancelled; what came is kept. */
async function fetchWithProgress(
  entry: CatalogueEntry,
  hub: Hub,
  { folder, log }: Models,
): Promise<boolean> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: l10n.t("Treeline: downloading {0}", labelText(titleText(entry))),
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (progress, token) => {
    using abort = signalOf(token);
    let shown = 0;
    log("info", `download begins model=${entry.name} hub=${hub.address.host}`);
    try {
      const model = await fetchModel(
        entry,
        {
          hub,
          folder,
          onProgress: (now) => {
            const percent =
              now.totalBytes === undefined ? shown : (100 * now.doneBytes) / now.totalBytes;
            progress.report({ message: labelText(progressText(now)), increment: percent - shown });
            shown = percent;
          },
        },
        abort.signal,
      );
      log("info", `download done model=${entry.name} bytes=${model.bytes} sha256=${model.sha256}`);
      return true;
    } catch (error) {
      if (abort.signal.aborted) return false;
      throw error;
    }
  });
}

async function tellReady(
  title: string,
  { settled, config }: ModelSetup,
  speed?: string,
): Promise<void> {
  const { phase } = await settled();
  // What went wrong is told by whoever keeps the engine.
  if (phase === "ready" || phase === "working") {
    void tell(
      speed === undefined
        ? l10n.t("{0} is ready. Type in a source file, and it suggests.", title)
        : l10n.t("{0} is ready and {1}. Type in a source file, and it suggests.", title, speed),
    );
  } else if (!config().enabled) void tell(l10n.t("{0} is set up. Treeline is turned off.", title));
}

/** @throws EngineError offline, or for an address that is none. */
function hubOf({ hubAddress, isOffline }: Config): Hub {
  const { HF_TOKEN } = process.env;
  return openHub({ isOffline, address: hubAddress, token: HF_TOKEN === "" ? undefined : HF_TOKEN });
}
