/** Widened models kept in a folder of the caller's, each made once. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { PART_NAME } from "../../src/cli/base/outputFile.ts";
import { EngineError, messageOf } from "../../src/core/base/errors.ts";
import { pathText } from "../../src/core/base/foreignText.ts";
import {
  planWidening,
  type WidenedModel,
  type WidenOptions,
  type WidenPlan,
  writeWidened,
} from "./widenModel.ts";

/** Part of every name: to be raised when the same source and dimensions give other bytes. */
const LAYOUT = 1;
/** A part that nobody has written to for so long belongs to a process that was killed. */
const ABANDONED_MS = 10 * 60_000;

export interface CachedWidenedModel extends WidenedModel {
  /** Whether it was there already. */
  readonly wasCached: boolean;
}

/**
 * The widened model of these settings, written if `cacheFolder` does not have it. Its name holds a hash of the source
 * file, weights included (a model trained anew may keep its header), and of the dimensions and type.
 * @throws as `widenModel`.
 */
export async function cachedWidenedModel(
  source: string,
  cacheFolder: string,
  options: Omit<WidenOptions, "overwrite">,
): Promise<CachedWidenedModel> {
  const { signal } = options;
  const plan = await planWidening(source, options, signal);
  const { shape, numParameters, fileBytes } = plan;
  const name = `${basename(source, ".gguf")}-${shape.width}x${shape.numLayers}x${shape.ffnWidth}-${shape.type}`;
  const path = join(cacheFolder, `${name}-${await hashOf(source, plan, signal)}.gguf`);
  const wasCached = await isComplete(path, plan);
  if (!wasCached) {
    await prepareFolder(cacheFolder);
    await writeWidened(plan, path, { ...options, overwrite: true });
  }
  return { path, shape, numParameters, fileBytes, wasCached };
}

async function hashOf(source: string, { shape }: WidenPlan, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([LAYOUT, shape]));
  for await (const chunk of createReadStream(source, { signal })) hash.update(chunk);
  return hash.digest("hex").slice(0, 16);
}

/** A file under its final name was complete once; this finds one that was damaged or replaced since. */
async function isComplete(path: string, plan: WidenPlan): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.size !== plan.fileBytes) return false;
  const handle = await open(path);
  try {
    const bytes = new Uint8Array(plan.headerBytes.length);
    await handle.read(bytes, 0, bytes.length, 0);
    return Buffer.compare(bytes, plan.headerBytes) === 0;
  } finally {
    await handle.close();
  }
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      if (!PART_NAME.test(name)) continue;
      const part = join(folder, name);
      const age = Date.now() - ((await stat(part).catch(() => undefined))?.mtimeMs ?? Date.now());
      if (age > ABANDONED_MS) await rm(part, { force: true });
    }
  } catch (error) {
    throw new EngineError(
      "writeFailed",
      `Cache folder ${pathText(folder)}: expected a folder that can be written, found: ${messageOf(error)}. Choose another.`,
    );
  }
}
