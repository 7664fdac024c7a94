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

export const ModelParams = koffi.struct("llama_model_params", {
  devices: P,
  tensor_buft_overrides: P,
  n_gpu_layers: "int32",
  split_mode: "int32",
  load_mode: "int32",
  lazy_mode: "int32",
  main_gpu: "int32",
  tensor_split: P,
  progress_callback: P,
  progress_callback_user_data: P,
  kv_overrides: P,
  vocab_only: "bool",
  check_tensors: "bool",
  use_extra_bufts: "bool",
  no_host: "bool",
  no_alloc: "bool",
  load_mtp: "bool",
});

export const ContextParams = koffi.struct("llama_context_params", {
  n_ctx: "uint32",
  n_batch: "uint32",
  n_ubatch: "uint32",
  n_seq_max: "uint32",
  n_rs_seq: "uint32",
  n_outputs_max: "uint32",
  n_outputs_max_per_seq: "uint32",
  n_threads: "int32",
  n_threads_batch: "int32",
  ctx_type: "int32",
  rope_scaling_type: "int32",
  pooling_type: "int32",
  attention_type: "int32",
  flash_attn_type: "int32",
  rope_freq_base: "float",
  rope_freq_scale: "float",
  yarn_ext_factor: "float",
  yarn_attn_factor: "float",
  yarn_beta_fast: "float",
  yarn_beta_slow: "float",
  yarn_orig_ctx: "uint32",
  defrag_thold: "float",
  cb_eval: P,
  cb_eval_user_data: P,
  type_k: "int32",
  type_v: "int32",
  abort_callback: P,
  abort_callback_data: P,
  embeddings: "bool",
  offload_kqv: "bool",
  no_perf: "bool",
  op_offload: "bool",
  swa_full: "bool",
  kv_unified: "bool",
  samplers: P,
  n_samplers: "size_t",
  ctx_other: P,
});

export const Batch = koffi.struct("llama_batch", {
  n_tokens: "int32",
  token: P,
  embd: P,
  pos: P,
  n_seq_id: P,
  seq_id: P,
  logits: P,
});

export const QuantizeParams = koffi.struct("llama_model_quantize_params", {
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
  imatrix: P,
  kv_overrides: P,
  tt_overrides: P,
  prune_layers: P,
  max_buf_size: "size_t",
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
  ["llama_model_quantize_params", QuantizeParams, 64],
  ["ggml_type_traits", TypeTraits, 56],
  ["ggml_threadpool_params", ThreadpoolParams, 528],
] as const;

/** Defaults that the C headers fix; a shifted layout cannot produce all of them. */
const MODEL_DEFAULTS: Readonly<Record<string, unknown>> = {
  devices: null,
  tensor_buft_overrides: null,
  n_gpu_layers: -1,
  main_gpu: 0,
  tensor_split: null,
  progress_callback: null,
  progress_callback_user_data: null,
  kv_overrides: null,
  vocab_only: false,
  check_tensors: false,
  use_extra_bufts: true,
  no_host: false,
  no_alloc: false,
};
const CONTEXT_DEFAULTS: Readonly<Record<string, unknown>> = {
  n_ctx: 512,
  n_batch: 2048,
  n_ubatch: 512,
  n_seq_max: 1,
  n_rs_seq: 0,
  n_outputs_max: 0,
  rope_freq_base: 0,
  rope_freq_scale: 0,
  yarn_ext_factor: -1,
  yarn_orig_ctx: 0,
  cb_eval: null,
  cb_eval_user_data: null,
  type_k: 1,
  type_v: 1,
  abort_callback: null,
  abort_callback_data: null,
  embeddings: false,
  offload_kqv: true,
  no_perf: true,
  op_offload: true,
  kv_unified: false,
  samplers: null,
  n_samplers: 0,
  ctx_other: null,
};
const QUANTIZE_DEFAULTS: Readonly<Record<string, unknown>> = {
  nthread: 0,
  allow_requantize: false,
  quantize_output_tensor: true,
  only_copy: false,
  pure: false,
  keep_split: false,
  dry_run: false,
  imatrix: null,
  kv_overrides: null,
  tt_overrides: null,
  prune_layers: null,
};

/** What the loaded library says of itself. */
export interface LibraryDefaults {
  readonly version: string;
  readonly model: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
  readonly quantize: Readonly<Record<string, unknown>>;
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
  const compare = (
    struct: string,
    actual: Readonly<Record<string, unknown>>,
    expected: Readonly<Record<string, unknown>>,
  ) => {
    for (const [field, value] of Object.entries(expected)) {
      if (actual[field] !== value) {
        refuse(`${struct}.${field} is ${String(actual[field])}, expected ${String(value)}`);
      }
    }
  };
  compare("llama_model_params", found.model, MODEL_DEFAULTS);
  compare("llama_context_params", found.context, CONTEXT_DEFAULTS);
  compare("llama_model_quantize_params", found.quantize, QUANTIZE_DEFAULTS);
}
