/** Copies of the tiny target in other types, made by llama.cpp itself and kept in the cache folder. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadLlamaLibrary } from "../../src/llama/native/llamaLibrary.ts";
import { LLAMA_CPP_VERSION } from "../../src/llama/native/llamaStructs.ts";
import { TARGET_PATH, TEST_GPU } from "./models.ts";

/** `llama_ftype`. Rows of 192 cannot be K-quantized; llama.cpp then takes the nearest legacy type for those tensors. */
const FTYPES = { Q8_0: 7, Q4_0: 2, Q4_K: 15, F16: 1, F32: 0 } as const;
export type QuantType = keyof typeof FTYPES;
export const QUANT_TYPES = Object.keys(FTYPES) as QuantType[];

/** Path of the tiny target in a type. */
export async function quantizedTarget(type: QuantType): Promise<string> {
  if (type === "Q8_0") return TARGET_PATH;
  const folder = fileURLToPath(new URL("../../.cache/quantized/", import.meta.url));
  return quantizedCopy(TARGET_PATH, type, folder);
}

/** Path of a copy of a model in a type, made once. */
export async function quantizedCopy(
  source: string,
  type: QuantType,
  folder: string,
): Promise<string> {
  const name = basename(source, ".gguf");
  const path = join(folder, `${name}-${type.toLowerCase()}-${LLAMA_CPP_VERSION}.gguf`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const { fn } = await loadLlamaLibrary(TEST_GPU);
  const status = await fn.quantizeModel(source, `${path}.part`, {
    ...fn.quantizeDefaults(),
    nthread: 1,
    ftype: FTYPES[type],
    allow_requantize: true,
  });
  if (status !== 0) throw new Error(`llama_model_quantize returned ${status} for ${type}`);
  renameSync(`${path}.part`, path);
  return path;
}
