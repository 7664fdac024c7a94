/** What *Set Up Models* offers: recommended models first, then what is on this disk, then the rest. */
import { l10n, type QuickPickItem, QuickPickItemKind } from "vscode";
import { byteText } from "../../core/base/byteText.ts";
import { labelText } from "../../core/base/foreignText.ts";
import { shortLineTimeText } from "../../models/advice/lineTime.ts";
import { fitsMemory, recommend } from "../../models/advice/recommend.ts";
import type { SpeedBook } from "../../models/advice/speedBook.ts";
import {
  type Catalogue,
  licenceText,
  sizeText,
  titleText,
} from "../../models/catalogue/catalogue.ts";
import type { CatalogueEntry } from "../../models/catalogue/catalogueEntry.ts";
import type { FoundModel } from "../../models/disk/foundModels.ts";
import type { InstalledModel } from "../../models/disk/modelFolder.ts";

export type ModelChoice =
  | { readonly kind: "entry"; readonly entry: CatalogueEntry }
  | { readonly kind: "installed"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "dialog" }
  | { readonly kind: "bundled" };

export interface ModelItem extends QuickPickItem {
  /** Absent in a separator. */
  readonly choice?: ModelChoice;
}

export interface ModelsHere {
  readonly catalogue: Catalogue;
  readonly installed: readonly InstalledModel[];
  readonly found: readonly FoundModel[];
  /** How soon entries show a line here. */
  readonly book: SpeedBook;
  /** Of this machine, in bytes. */
  readonly memoryBytes: number;
  /** Name or path of the target in use; undefined for the bundled one. */
  readonly target: string | undefined;
}

export function modelItems(here: ModelsHere): ModelItem[] {
  const { catalogue, installed, found, memoryBytes } = here;
  const isInstalled = (name: string) => installed.some((model) => model.name === name);
  const fits = (entry: CatalogueEntry) => fitsMemory(entry, memoryBytes, here.book.probed);
  const recommended = recommend(catalogue, memoryBytes, here.book.probed)
    .filter(({ isSuitable }) => isSuitable)
    .map(({ entry }) => entry)
    .filter(({ name }) => !isInstalled(name));
  const others = catalogue.entries.filter(
    (entry) => !isInstalled(entry.name) && !recommended.includes(entry),
  );
  const onDisk = [...installed.map((model) => installedItem(model, here)), ...found.map(foundItem)];
  return [
    ...section(l10n.t("Installed, or on this disk"), onDisk),
    ...section(
      l10n.t("Recommended"),
      recommended.map((entry) => entryItem(entry, here, true)),
    ),
    ...section(l10n.t("Files"), [
      {
        label: `$(folder-opened) ${l10n.t("Choose a file…")}`,
        description: l10n.t("a GGUF code model that was trained to fill in"),
        choice: { kind: "dialog" },
      },
      {
        label: `$(beaker) ${l10n.t("Bundled tiny pair")}`,
        description: l10n.t("5 MB; a demonstration"),
        choice: { kind: "bundled" },
      },
    ]),
    ...section(
      l10n.t("More models"),
      others.map((entry) => entryItem(entry, here, fits(entry))),
    ),
  ];
}

function section(label: string, items: readonly ModelItem[]): ModelItem[] {
  return items.length === 0 ? [] : [{ label, kind: QuickPickItemKind.Separator }, ...items];
}

function entryItem(entry: CatalogueEntry, here: ModelsHere, fits: boolean): ModelItem {
  const details = [
    fits ? undefined : l10n.t("more than memory holds"),
    here.book.textOf(entry, shortLineTimeText),
    licenceText(entry.licence),
  ];
  return {
    label: `$(cloud-download) ${labelText(titleText(entry))}`,
    description: sizeText(entry),
    detail: labelText(details.filter((text) => text !== undefined).join(" · ")),
    choice: { kind: "entry", entry },
  };
}

function installedItem(model: InstalledModel, here: ModelsHere): ModelItem {
  const entry = here.catalogue.find(model.name);
  const speed = entry === undefined ? undefined : here.book.textOf(entry, shortLineTimeText);
  return {
    label: `$(${model.name === here.target ? "check" : "database"}) ${labelText(entry === undefined ? model.name : titleText(entry))}`,
    description: l10n.t("{0}, installed", byteText(model.bytes)),
    detail: labelText([speed, model.licence].filter((text) => text !== undefined).join(" · ")),
    choice: { kind: "installed", name: model.name },
  };
}

function foundItem({ label, program, bytes, path }: FoundModel): ModelItem {
  return {
    label: `$(file) ${labelText(label)}`,
    description: `${byteText(bytes)}, ${program}`,
    detail: labelText(path),
    choice: { kind: "file", path },
  };
}
