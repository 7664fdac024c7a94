/** Where the parts of an installed Treeline lie, seen from the extension's folder. */
import { join } from "node:path";
import type { LoadParams } from "../../engine/protocol/protocol.ts";
import { defaultModelFolder, ModelFolder } from "../../models/disk/modelFolder.ts";
import type { Config } from "../base/config.ts";

export type BundledFiles = Readonly<ReturnType<typeof bundledFiles>>;

/** @param storagePath - the extension's folder for what it keeps, over all workspaces. */
export function bundledFiles(extensionPath: string, storagePath: string) {
  return {
    enginePath: join(extensionPath, "dist/engine.mjs"),
    targetPath: join(extensionPath, "models/treeline-tiny-target-q8_0.gguf"),
    draftPath: join(extensionPath, "models/treeline-tiny-draft-q8_0.gguf"),
    /** Written by the engine. */
    passCostPath: join(storagePath, "pass-cost.json"),
  };
}

/** Where installed models lie. */
export function modelFolderOf({ modelFolder }: Pick<Config, "modelFolder">): ModelFolder {
  return new ModelFolder(modelFolder ?? defaultModelFolder(process.env));
}

/** What to load: the bundled pair, or what the user names by path or as an installed model. A target of the user's has no draft model unless named. */
export function loadParamsOf(config: Config, bundled: BundledFiles): LoadParams {
  const folder = modelFolderOf(config);
  const { targetPath: target, draftPath: draft, contextSize } = config;
  const bundledDraft = target === undefined ? bundled.draftPath : undefined;
  const draftPath = draft === undefined ? bundledDraft : folder.resolve(draft);
  return {
    targetPath: target === undefined ? bundled.targetPath : folder.resolve(target),
    contextSize,
    passCostPath: bundled.passCostPath,
    ...(draftPath === undefined ? {} : { draftPath }),
  };
}
