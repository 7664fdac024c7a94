/** The models that the command line loads: those named, by path or by the name they were installed under, or the installed pair. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { isModelName } from "../../models/catalogue/catalogueEntry.ts";
import { defaultModelFolder, ModelFolder } from "../../models/disk/modelFolder.ts";
import { bundledModels, type ModelPaths } from "./bundledModels.ts";
import { CliError } from "./cliError.ts";

export function modelFolderOf(env: NodeJS.ProcessEnv): ModelFolder {
  return new ModelFolder(defaultModelFolder(env));
}

/**
 * The installed pair where no target is named, else the bundled one. A target that is named has no draft model unless one is.
 * @throws CliError for a name that is not installed.
 */
export async function modelsToLoad(
  named: { readonly target?: string; readonly draft?: string },
  context: {
    readonly cliUrl: string;
    readonly env: NodeJS.ProcessEnv;
    readonly workingFolder: string;
  },
): Promise<ModelPaths> {
  const { cliUrl, env, workingFolder } = context;
  const folder = modelFolderOf(env);
  const pathOf = (model: string) => modelPath(model, folder, workingFolder);
  const draftPath = named.draft === undefined ? undefined : await pathOf(named.draft);
  if (named.target !== undefined) return withDraft(await pathOf(named.target), draftPath);
  const chosen = await folder.chosen();
  if (chosen === undefined) {
    const bundled = bundledModels(cliUrl);
    return withDraft(bundled.targetPath, draftPath ?? bundled.draftPath);
  }
  const chosenDraft = chosen.draft === undefined ? undefined : folder.pathOf(chosen.draft);
  return withDraft(folder.pathOf(chosen.target), draftPath ?? chosenDraft);
}

function withDraft(targetPath: string, draftPath: string | undefined): ModelPaths {
  return draftPath === undefined ? { targetPath } : { targetPath, draftPath };
}

async function modelPath(
  model: string,
  folder: ModelFolder,
  workingFolder: string,
): Promise<string> {
  if (!isModelName(model)) return model;
  const installed = await folder.find(model);
  if (installed !== undefined) return installed.path;
  if ((await stat(resolve(workingFolder, model)).catch(() => undefined)) !== undefined)
    return model;
  throw new CliError(
    `Model ${model}: expected an installed model or a file's path, found neither. ` +
      `"treeline models install ${model}" fetches it, "treeline models list" has all names.`,
  );
}
