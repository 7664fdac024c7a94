/**
 * Memory layouts of llama.cpp's C structs, read from `llama.h`, `ggml.h` and `ggml-cpu.h` of llama.cpp v0.4.0, the
 * version inside node-llama-cpp {@link NODE_LLAMA_CPP_VERSION}. A layout that does not match would corrupt memory, so
 * {@link checkLayouts} compares sizes and every known default before anything is passed by value.
 */
import koffi from "koffi";
import { EngineError } from "../../core/base/errors.ts";

/** The exact package version these layouts were read from; package.json pins the same. */
export const NODE_LLAMA_CPP_VERSION = "3.21.1";
/** What `llama_version()` of that package says, without its build suffix. */
export const LLAMA_CPP_VERSION = "0.4.0";

const P = "void*";

/**
 * Fields in the header's order: the type, and the default where the header fixes one. A shifted layout cannot produce all of
 * them.
 */
type Fields = Readonly<Record<string, readonly [type: string, byDefault?: unknown]>>;
function structOf(name: string, fields: Fields) {
  const types = Object.entries(fields).map(([field, [type]]) => [field, type]);
  return koffi.struct(name, Object.fromEntries(types));
}

const MODEL_FIELDS: Fields = {
  devices: [P, null],
  tensor_buft_overrides: [P, null],
  n_gpu_layers: ["int32", -1],
  split_mode: ["int32"],
  load_mode: ["int32"],
  lazy_mode: ["int32"],
  main_gpu: ["int32", 0],
  tensor_split: [P, null],
  progress_callback: [P, null],
  progress_callback_user_data: [P, null],
  kv_overrides: [P, null],
  vocab_only: ["bool", false],
  check_tensors: ["bool", false],
  use_extra_bufts: ["bool", true],
  no_host: ["bool", false],
  no_alloc: ["bool", false],
  load_mtp: ["bool"],
};
export const ModelParams = structOf("llama_model_params", MODEL_FIELDS);

const CONTEXT_FIELDS: Fields = {
  n_ctx: ["uint32", 512],
  n_batch: ["uint32", 2048],
  n_ubatch: ["uint32", 512],
  n_seq_max: ["uint32", 1],
  n_rs_seq: ["uint32", 0],
  n_outputs_max: ["uint32", 0],
  n_outputs_max_per_seq: ["uint32"],
  n_threads: ["int32"],
  n_threads_batch: ["int32"],
  ctx_type: ["int32"],
  rope_scaling_type: ["int32"],
  pooling_type: ["int32"],
  attention_type: ["int32"],
  flash_attn_type: ["int32"],
  rope_freq_base: ["float", 0],
  rope_freq_scale: ["float", 0],
  yarn_ext_factor: ["float", -1],
  yarn_attn_factor: ["float"],
  yarn_beta_fast: ["float"],
  yarn_beta_slow: ["float"],
  yarn_orig_ctx: ["uint32", 0],
  defrag_thold: ["float"],
  cb_eval: [P, null],
  cb_eval_user_data: [P, null],
  type_k: ["int32", 1],
  type_v: ["int32", 1],
  abort_callback: [P, null],
  abort_callback_data: [P, null],
  embeddings: ["bool", false],
  offload_kqv: ["bool", true],
  no_perf: ["bool", true],
  op_offload: ["bool", true],
  swa_full: ["bool"],
  kv_unified: ["bool", false],
  samplers: [P, null],
  n_samplers: ["size_t", 0],
  ctx_other: [P, null],
};
export const ContextParams = structOf("llama_context_params", CONTEXT_FIELDS);

export const Batch = koffi.struct("llama_batch", {
  n_tokens: "int32",
  token: P,
  embd: P,
  pos: P,
  n_seq_id: P,
  seq_id: P,
  logits: P,
});

export const TypeTraits = koffi.struct("ggml_type_traits", {
  type_name: "const char*",
  blck_size: "int64",
  blck_size_interleave: "int64",
  type_size: "size_t",
  is_quantized: "bool",
  to_float: P,
  from_float_ref: P,
});

/** `GGML_MAX_N_THREADS`. */
const MAX_THREADS = 512;
export const ThreadpoolParams = koffi.struct("ggml_threadpool_params", {
  cpumask: koffi.array("bool", MAX_THREADS),
  n_threads: "int32",
  prio: "int32",
  poll: "uint32",
  strict_cpu: "bool",
  paused: "bool",
});

export const NewThreadpool = koffi.proto("void* ggml_threadpool_new(ggml_threadpool_params*)");
export const FreeThreadpool = koffi.proto("void ggml_threadpool_free(void*)");

/** Signature of a progress callback: fraction loaded; false cancels the load. */
export const ProgressCallback = koffi.proto("bool llama_progress_callback(float, void*)");
/** Signature of `ggml_type_traits.to_float`: source block bytes, destination floats, number of elements. */
export const ToFloat = koffi.proto("void ggml_to_float(const void*, void*, int64)");

/** [name, type, bytes on every 64-bit platform] */
const SIZES = [
  ["llama_model_params", ModelParams, 80],
  ["llama_context_params", ContextParams, 160],
  ["llama_batch", Batch, 56],
  ["ggml_type_traits", TypeTraits, 56],
  ["ggml_threadpool_params", ThreadpoolParams, 528],
] as const;

/** What the loaded library says of itself. */
export interface LibraryDefaults {
  readonly version: string;
  readonly model: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
}

/**
 * Refuses a library whose structs are not the ones above.
 * @throws EngineError `libraryMismatch` that names the first difference.
 */
export function checkLayouts(found: LibraryDefaults): void {
  const refuse = (finding: string): never => {
    throw new EngineError(
      "libraryMismatch",
      `The llama.cpp library does not match this build of Treeline: ${finding}. Expected llama.cpp ` +
        `${LLAMA_CPP_VERSION} from node-llama-cpp ${NODE_LLAMA_CPP_VERSION}; reinstall the dependencies with \`npm ci\`.`,
    );
  };
  if (found.version.split("-")[0] !== LLAMA_CPP_VERSION) {
    refuse(`its version is ${found.version}`);
  }
  for (const [name, type, expected] of SIZES) {
    const size = koffi.sizeof(type);
    if (size !== expected) refuse(`${name} has ${size} bytes here, expected ${expected}`);
  }
  const compare = (struct: string, actual: Readonly<Record<string, unknown>>, fields: Fields) => {
    for (const [field, [, ...fixed]] of Object.entries(fields)) {
      if (fixed.length > 0 && actual[field] !== fixed[0]) {
        refuse(`${struct}.${field} is ${String(actual[field])}, expected ${String(fixed[0])}`);
      }
    }
  };
  compare("llama_model_params", found.model, MODEL_FIELDS);
  compare("llama_context_params", found.context, CONTEXT_FIELDS);
}
