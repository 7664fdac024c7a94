/** Copies of the tiny target in other types, made by llama.cpp itself and kept in the cache folder. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import koffi from "koffi";
import { findBuilds, nodeLlamaFolder, THIS_MACHINE } from "../../src/llama/native/llamaBuilds.ts";
import type { StructValue } from "../../src/llama/native/llamaFunctions.ts";
import { loadLlamaLibrary } from "../../src/llama/native/llamaLibrary.ts";
import { LLAMA_CPP_VERSION } from "../../src/llama/native/llamaStructs.ts";
import { openLoadedLibraries } from "../../src/llama/native/loadedLibraries.ts";
import { nativeModules } from "../../src/llama/native/nativeModules.ts";
import { TARGET_PATH, TEST_GPU } from "./models.ts";

/** `llama_ftype`. Rows of 192 cannot be K-quantized; llama.cpp then takes the nearest legacy type for those tensors. */
const FTYPES = { Q8_0: 7, Q4_0: 2, Q4_K: 15, F16: 1, F32: 0 } as const;
export type QuantType = keyof typeof FTYPES;
export const QUANT_TYPES = Object.keys(FTYPES) as QuantType[];

/** Of llama.cpp {@link LLAMA_CPP_VERSION}, as `llamaStructs.ts` has those that the engine needs. */
const QuantizeParams = koffi.struct("llama_model_quantize_params", {
  nthread: "int32",
  ftype: "int32",
  output_tensor_type: "int32",
  token_embedding_type: "int32",
  allow_requantize: "bool",
  quantize_output_tensor: "bool",
  only_copy: "bool",
  pure: "bool",
  keep_split: "bool",
  dry_run: "bool",
  imatrix: "void*",
  kv_overrides: "void*",
  tt_overrides: "void*",
  prune_layers: "void*",
  max_buf_size: "size_t",
});
/** Defaults that a shifted layout would not have. */
const DEFAULTS = { nthread: 0, quantize_output_tensor: true, dry_run: false, prune_layers: null };

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
  const status = await quantize(source, `${path}.part`, {
    nthread: 1,
    ftype: FTYPES[type],
    allow_requantize: true,
  });
  if (status !== 0) throw new Error(`llama_model_quantize returned ${status} for ${type}`);
  renameSync(`${path}.part`, path);
  return path;
}

/** @returns 0, or what `llama_model_quantize` says. */
async function quantize(source: string, path: string, params: StructValue): Promise<number> {
  const { nodeLlama } = await loadLlamaLibrary(TEST_GPU);
  const builds = await findBuilds(THIS_MACHINE, nodeLlamaFolder());
  const { llama } = openLoadedLibraries(builds, nodeLlama, nativeModules());
  const defaultParams = llama.func(
    "llama_model_quantize_params llama_model_quantize_default_params()",
  );
  const defaults = defaultParams() as StructValue;
  const isLayout = Object.entries(DEFAULTS).every(([field, value]) => defaults[field] === value);
  if (koffi.sizeof(QuantizeParams) !== 64 || !isLayout) {
    throw new Error("llama_model_quantize_params has another layout");
  }
  // It takes its params by pointer.
  const { async: start } = llama.func(
    "uint32 llama_model_quantize(const char*, const char*, llama_model_quantize_params*)",
  );
  return promisify(start)(source, path, { ...defaults, ...params }) as Promise<number>;
}
