/** Keeps t(n) on disk between loads. A file that cannot be read, or is another version's, is as good as none. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import type { MeasuredPassCost } from "../../core/budget/measurePassCost.ts";
import { PassCostTable } from "../../core/budget/passCost.ts";
import { replaceFile } from "../../files/replaceFile.ts";
import type { LoadedModels } from "../protocol/protocol.ts";

const FILE_VERSION = 1;
/** Models, backends and thread counts that are remembered; the oldest is forgotten. */
const MAX_TABLES = 32;

export type PassCostKey = ReturnType<typeof passCostKey>;

interface StoredCost {
  readonly key: PassCostKey;
  readonly cost: MeasuredPassCost;
}

/** What t(n) depends on. */
export function passCostKey(loaded: LoadedModels) {
  const { target, backend, deviceNames, llamaCppVersion, contextSize } = loaded;
  return {
    modelName: target.name,
    modelBytes: target.fileBytes,
    backend,
    devices: deviceNames,
    gpuLayers: target.gpuLayers,
    threads: target.numThreads,
    llamaCppVersion,
    contextSize,
  };
}

export async function readPassCost(
  path: string,
  key: PassCostKey,
  log: Log,
): Promise<MeasuredPassCost | undefined> {
  const stored = await readAll(path, log);
  return stored.find((one) => isDeepStrictEqual(one.key, key))?.cost;
}

/** Never rejects: what is not kept is measured again. */
export async function writePassCost(
  path: string,
  key: PassCostKey,
  cost: MeasuredPassCost,
  log: Log,
): Promise<void> {
  try {
    const others = (await readAll(path, log)).filter((one) => !isDeepStrictEqual(one.key, key));
    const tables = [{ key, cost }, ...others].slice(0, MAX_TABLES);
    await mkdir(dirname(path), { recursive: true });
    await replaceFile(path, JSON.stringify({ version: FILE_VERSION, tables }), 0o600);
  } catch (error) {
    log("warn", `pass-cost not written path=${path} reason=${JSON.stringify(messageOf(error))}`);
  }
}

async function readAll(path: string, log: Log): Promise<StoredCost[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return [];
  }
  try {
    const { version, tables } = JSON.parse(text);
    if (version !== FILE_VERSION) return [];
    return (tables as StoredCost[]).filter(({ cost }) => isUsable(cost));
  } catch (error) {
    log("warn", `pass-cost not read path=${path} reason=${JSON.stringify(messageOf(error))}`);
    return [];
  }
}

function isUsable({ kvLength, points }: MeasuredPassCost): boolean {
  try {
    return Number.isInteger(kvLength) && new PassCostTable(points, 1).maxRows > 0;
  } catch {
    return false;
  }
}
