/** `treeline models`: what can be installed and what is, and installing it. Nothing but `install` reaches the network. */

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { Command, Option } from "commander";
import { GPU_CHOICES } from "../../core/base/backend.ts";
import { byteText } from "../../core/base/byteText.ts";
import { messageOf } from "../../core/base/errors.ts";
import { pathText } from "../../core/base/foreignText.ts";
import { readGgufHeader } from "../../gguf/ggufHeader.ts";
import { checkSharedVocabulary } from "../../gguf/vocabCheck.ts";
import { Catalogue, licenceText, sizeText, titleText } from "../../models/catalogue/catalogue.ts";
import { type CatalogueEntry, isModelName } from "../../models/catalogue/catalogueEntry.ts";
import { findModels } from "../../models/disk/foundModels.ts";
import type { ModelFolder } from "../../models/disk/modelFolder.ts";
import { environmentAgent } from "../../models/hub/environmentProxy.ts";
import { fetchModel } from "../../models/hub/fetchModel.ts";
import { progressText } from "../../models/hub/fetchProgress.ts";
import { openHub } from "../../models/hub/openHub.ts";
import { type Hub, pageOf } from "../../models/hub/openHubFile.ts";
import { CliError, EXIT_USAGE } from "../base/cliError.ts";
import type { CommandContext } from "../base/engineSession.ts";
import { modelFolderOf } from "../base/installedModels.ts";
import { type RecommendOptions, recommendModels } from "./recommendCommand.ts";
import { table } from "./table.ts";

interface InstallOptions {
  readonly draft?: string;
  readonly acceptLicence?: boolean;
}

export function createModelsCommand(context: CommandContext, signal: AbortSignal): Command {
  const models = new Command("models").description(
    "list, install and remove models; HF_ENDPOINT names a mirror, HF_HUB_OFFLINE=1 forbids requests, TREELINE_MODELS names the folder, " +
      "TREELINE_CATALOGUE a JSON file of own entries",
  );
  models
    .command("list", { isDefault: true })
    .description("what can be installed, what is, and what other programs have on this disk")
    .action(() => listModels(context, signal));
  models
    .command("recommend")
    .description("which model to install here, by memory and a few seconds of measuring")
    .addOption(
      new Option("--gpu <backend>", "where the models run").choices(GPU_CHOICES).default("auto"),
    )
    .action(async (options: RecommendOptions) =>
      recommendModels(await catalogueOf(context.env), options, context, signal),
    );
  models
    .command("install")
    .description("fetch a model by name; complete, demo and bench use it from then on")
    .argument("<name>", "a name of the list")
    .option("--draft <name>", "a second model that drafts for it")
    .option("--accept-licence", "where commercial use has conditions or is not allowed")
    .action((name: string, options: InstallOptions) => install(name, options, context, signal));
  models
    .command("where")
    .description("where models lie")
    .argument("[name]", "of an installed one")
    .action((name?: string) => where(name, context));
  models
    .command("remove")
    .description("delete an installed model, and what was fetched of one")
    .argument("<name>", "of the list")
    .action((name: string) => remove(name, context));
  return models;
}

async function listModels({ terminal, env }: CommandContext, signal: AbortSignal): Promise<void> {
  const folder = modelFolderOf(env);
  const catalogue = await catalogueOf(env);
  const installed = new Map((await folder.installed()).map((model) => [model.name, model]));
  const chosen = await folder.chosen();
  const stateOf = (name: string) => {
    if (name === chosen?.target) return "installed, the target";
    if (name === chosen?.draft) return "installed, its draft";
    return installed.has(name) ? "installed" : "";
  };
  const rows = catalogue.entries.map((entry) => [
    entry.name,
    sizeText(entry),
    entry.isRecommended ? "recommended" : "",
    stateOf(entry.name),
    licenceText(entry.licence),
  ]);
  const others = [...installed.values()].filter(({ name }) => catalogue.find(name) === undefined);
  rows.push(
    ...others.map(({ name, bytes, licence }) => [
      name,
      byteText(bytes),
      "",
      stateOf(name),
      licence,
    ]),
  );
  terminal.out(table(rows));
  const found = await findModels(env, homedir(), signal);
  if (found.length === 0) return;
  terminal.out("\nOf other programs, used by path where they lie (--target PATH):\n");
  terminal.out(
    table(found.map(({ label, bytes, program, path }) => [label, byteText(bytes), program, path])),
  );
}

async function install(
  name: string,
  { draft: draftName, acceptLicence = false }: InstallOptions,
  { terminal, env }: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const catalogue = await catalogueOf(env);
  const folder = modelFolderOf(env);
  const entry = catalogue.get(name);
  const draft = draftName === undefined ? undefined : catalogue.get(draftName);
  const hub = hubOf(env);
  const all = [entry, ...(draft === undefined ? [] : [draft])];
  // All of them, before anything is asked for.
  for (const each of all) {
    terminal.note(`${titleText(each)}, ${sizeText(each)}, from ${pageOf(hub, each.repository)}`);
    const { url } = each.licence;
    terminal.note(`licence: ${licenceText(each.licence)}${url === undefined ? "" : `, ${url}`}`);
  }
  const unfree = acceptLicence
    ? undefined
    : all.find(({ licence }) => licence.commercialUse !== "yes");
  if (unfree !== undefined)
    throw new CliError(
      `${unfree.name}: expected leave for commercial use, found ${licenceText(unfree.licence)}. ` +
        "Read the licence, then add --accept-licence, or choose another model.",
      EXIT_USAGE,
    );
  for (const each of all) await installOne(each, hub, folder, terminal, signal);
  if (draft !== undefined) {
    const [target, drafting] = [folder.pathOf(entry.name), folder.pathOf(draft.name)];
    checkSharedVocabulary(
      await readGgufHeader(target, signal),
      await readGgufHeader(drafting, signal),
    );
  }
  await folder.choose({
    target: entry.name,
    ...(draft === undefined ? {} : { draft: draft.name }),
  });
  terminal.note(
    `ready: ${entry.name}${draft === undefined ? "" : ` with ${draft.name}`}; complete, demo and bench use it`,
  );
}

async function installOne(
  entry: CatalogueEntry,
  hub: Hub,
  folder: ModelFolder,
  terminal: CommandContext["terminal"],
  signal: AbortSignal,
): Promise<void> {
  terminal.tellProgress();
  try {
    const { path, sha256 } = await fetchModel(
      entry,
      {
        hub,
        folder,
        onProgress: (progress) => terminal.progress(`${entry.name}: ${progressText(progress)}`),
      },
      signal,
    );
    terminal.progress("");
    terminal.note(`installed: ${path}, SHA-256 ${sha256}`);
  } finally {
    terminal.progress("");
  }
}

async function where(name: string | undefined, { terminal, env }: CommandContext): Promise<void> {
  const folder = modelFolderOf(env);
  if (name === undefined) {
    terminal.out(`${folder.path}\n`);
    for (const { path } of await folder.installed()) terminal.out(`${path}\n`);
    return;
  }
  const model = await folder.find(name);
  if (model === undefined) throw notInstalled(name);
  terminal.out(`${model.path}\n`);
}

async function remove(name: string, { terminal, env }: CommandContext): Promise<void> {
  const freed = await modelFolderOf(env).remove(nameOf(name));
  if (freed === 0) throw notInstalled(name);
  terminal.note(`removed: ${name}, ${byteText(freed)} are free again`);
}

/** @throws CliError for what is no name, such as a path: only what Treeline fetched is deleted. */
function nameOf(name: string): string {
  if (isModelName(name)) return name;
  throw new CliError(
    `Expected the name of an installed model, found ${pathText(name)}. "treeline models list" has the names.`,
    EXIT_USAGE,
  );
}

function notInstalled(name: string): CliError {
  return new CliError(
    `Model ${pathText(name)}: expected an installed one, found none of this name. "treeline models list" has the names.`,
  );
}

async function catalogueOf(env: NodeJS.ProcessEnv): Promise<Catalogue> {
  const { TREELINE_CATALOGUE: path } = env;
  if (path === undefined || path === "") return new Catalogue();
  let own: unknown;
  try {
    own = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new CliError(
      `TREELINE_CATALOGUE ${pathText(path)}: expected a JSON list of entries, found: ${messageOf(error)}. Correct the file.`,
    );
  }
  return new Catalogue(Array.isArray(own) ? own : [own]);
}

function hubOf(env: NodeJS.ProcessEnv): Hub {
  const { HF_ENDPOINT: address, HF_TOKEN: token, HF_HUB_OFFLINE: offline = "" } = env;
  return openHub(
    {
      ...(address === undefined || address === "" ? {} : { address }),
      ...(token === undefined || token === "" ? {} : { token }),
      isOffline: /^(?:1|on|yes|true)$/i.test(offline),
    },
    environmentAgent,
  );
}
