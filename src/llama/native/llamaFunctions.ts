/** Typed bindings of the C functions we call; the only place where koffi's untyped functions are given types. */
import { promisify } from "node:util";
import koffi, { type LibraryHandle } from "koffi";
import { FreeThreadpool, NewThreadpool } from "./llamaStructs.ts";
import type { LoadedLibraries } from "./loadedLibraries.ts";

/** An address in native memory; null is NULL. */
export type Pointer = bigint;

/** Fields of a C struct that is passed by value. */
export type StructValue = Record<string, unknown>;

/** The C API, with the names of `llama.h` in camelCase. Calls are synchronous unless they return a promise. */
export interface LlamaFunctions {
  version(): string;
  modelDefaults(): StructValue;
  contextDefaults(): StructValue;
  quantizeDefaults(): StructValue;
  quantizeModel(input: string, output: string, params: StructValue): Promise<number>;

  loadModel(path: string, params: StructValue): Promise<Pointer | null>;
  freeModel(model: Pointer): void;
  getVocab(model: Pointer): Pointer;
  numLayers(model: Pointer): number;
  embeddingWidth(model: Pointer): number;
  trainedContext(model: Pointer): number;
  isRecurrent(model: Pointer): boolean;
  isHybrid(model: Pointer): boolean;
  isDiffusion(model: Pointer): boolean;
  /** Positions that a layer with a sliding window sees; 0 where there is none. */
  slidingWindow(model: Pointer): number;
  hasEncoder(model: Pointer): boolean;

  numTokens(vocab: Pointer): number;
  addsBos(vocab: Pointer): boolean;
  bos(vocab: Pointer): number;
  isEog(vocab: Pointer, token: number): boolean;
  fimPrefix(vocab: Pointer): number;
  fimSuffix(vocab: Pointer): number;
  fimMiddle(vocab: Pointer): number;
  fimRepoName(vocab: Pointer): number;
  fimFileSeparator(vocab: Pointer): number;
  tokenize(
    vocab: Pointer,
    text: Uint8Array,
    textBytes: number,
    tokens: Int32Array,
    maxTokens: number,
    addSpecial: boolean,
    parseSpecial: boolean,
  ): number;
  tokenToPiece(
    vocab: Pointer,
    token: number,
    piece: Uint8Array,
    maxBytes: number,
    lstrip: number,
    special: boolean,
  ): number;

  initContext(model: Pointer, params: StructValue): Promise<Pointer | null>;
  freeContext(context: Pointer): void;
  contextSize(context: Pointer): number;
  setNumThreads(context: Pointer, numThreads: number, numThreadsBatch: number): void;
  attachThreadpool(context: Pointer, pool: Pointer | null, poolBatch: Pointer): void;
  detachThreadpool(context: Pointer): void;
  /** Runs on a worker thread; resolves to llama_decode's status. */
  decode(context: Pointer, batch: StructValue): Promise<number>;
  synchronize(context: Pointer): Promise<void>;
  logitsIth(context: Pointer, row: number): Pointer | null;

  getMemory(context: Pointer): Pointer;
  clearMemory(memory: Pointer, data: boolean): void;
  seqCopy(memory: Pointer, from: number, to: number, start: number, end: number): void;
  seqRemove(memory: Pointer, seqId: number, start: number, end: number): boolean;
  seqPosMax(memory: Pointer, seqId: number): number;
  /** Bytes that a copy of a sequence's cells takes. */
  seqStateBytes(context: Pointer, seqId: number): number;
  /** Both return the bytes copied, 0 where that failed. */
  readSeqState(context: Pointer, state: Uint8Array, numBytes: number, seqId: number): number;
  writeSeqState(context: Pointer, state: Uint8Array, numBytes: number, seqId: number): number;

  typeTraits(type: number): Pointer;
  /** Null where the CPU backend has no thread pools. */
  readonly threadpool: ThreadpoolFunctions | null;

  /** Copies native memory into an array of ours. */
  copyFrom(destination: ArrayBufferView, source: Pointer, numBytes: number): void;
  /** Native memory of ours, at an address that never moves. */
  readonly bytes: NativeBytes;
  /** Of an empty list for `llama_model_params`: no device is used, nor room taken on one. */
  readonly noDevices: Pointer;
  /** Of C's `size_t strlen(const char*)`, for native code to call. */
  readonly strlenAddress: Pointer;
}

export interface NativeBytes {
  allocate(numBytes: number): Pointer;
  write(address: Pointer, offset: number, value: number): void;
  free(address: Pointer): void;
}

export interface ThreadpoolFunctions {
  defaults(numThreads: number): StructValue;
  create(params: StructValue): Pointer | null;
  free(pool: Pointer): void;
}

/** Binds every function. @throws Error if a symbol is missing, which means another llama.cpp version. */
export function bindLlama(libraries: LoadedLibraries): LlamaFunctions {
  const { llama, ggmlBase, c } = libraries;
  // koffi's functions accept anything; each is given its type by the interface it is assigned to.
  const sync = <F>(signature: string): F => llama.func(signature) as unknown as F;
  const async = <F>(signature: string): F => promisify(llama.func(signature).async) as unknown as F;
  type F = LlamaFunctions;
  return {
    version: sync<F["version"]>("const char* llama_version()"),
    modelDefaults: sync<F["modelDefaults"]>("llama_model_params llama_model_default_params()"),
    contextDefaults: sync<F["contextDefaults"]>(
      "llama_context_params llama_context_default_params()",
    ),
    quantizeDefaults: sync<F["quantizeDefaults"]>(
      "llama_model_quantize_params llama_model_quantize_default_params()",
    ),
    quantizeModel: quantizer(llama),
    loadModel: async("void* llama_model_load_from_file(const char*, llama_model_params)"),
    freeModel: sync("void llama_model_free(void*)"),
    getVocab: sync("void* llama_model_get_vocab(void*)"),
    numLayers: sync("int llama_model_n_layer(void*)"),
    embeddingWidth: sync("int llama_model_n_embd(void*)"),
    trainedContext: sync("int llama_model_n_ctx_train(void*)"),
    isRecurrent: sync("bool llama_model_is_recurrent(void*)"),
    isHybrid: sync("bool llama_model_is_hybrid(void*)"),
    isDiffusion: sync("bool llama_model_is_diffusion(void*)"),
    slidingWindow: sync("int llama_model_n_swa(void*)"),
    hasEncoder: sync("bool llama_model_has_encoder(void*)"),
    numTokens: sync("int llama_vocab_n_tokens(void*)"),
    addsBos: sync("bool llama_vocab_get_add_bos(void*)"),
    bos: sync("int llama_vocab_bos(void*)"),
    isEog: sync("bool llama_vocab_is_eog(void*, int)"),
    fimPrefix: sync("int llama_vocab_fim_pre(void*)"),
    fimSuffix: sync("int llama_vocab_fim_suf(void*)"),
    fimMiddle: sync("int llama_vocab_fim_mid(void*)"),
    fimRepoName: sync("int llama_vocab_fim_rep(void*)"),
    fimFileSeparator: sync("int llama_vocab_fim_sep(void*)"),
    tokenize: sync("int llama_tokenize(void*, const void*, int, void*, int, bool, bool)"),
    tokenToPiece: sync("int llama_token_to_piece(void*, int, void*, int, int, bool)"),
    initContext: async("void* llama_init_from_model(void*, llama_context_params)"),
    freeContext: sync("void llama_free(void*)"),
    contextSize: sync("uint32 llama_n_ctx(void*)"),
    setNumThreads: sync("void llama_set_n_threads(void*, int, int)"),
    attachThreadpool: sync("void llama_attach_threadpool(void*, void*, void*)"),
    detachThreadpool: sync("void llama_detach_threadpool(void*)"),
    decode: async("int llama_decode(void*, llama_batch)"),
    synchronize: async("void llama_synchronize(void*)"),
    logitsIth: sync("void* llama_get_logits_ith(void*, int)"),
    getMemory: sync("void* llama_get_memory(void*)"),
    clearMemory: sync("void llama_memory_clear(void*, bool)"),
    seqCopy: sync("void llama_memory_seq_cp(void*, int, int, int, int)"),
    seqRemove: sync("bool llama_memory_seq_rm(void*, int, int, int)"),
    seqPosMax: sync("int llama_memory_seq_pos_max(void*, int)"),
    seqStateBytes: sync("size_t llama_state_seq_get_size(void*, int)"),
    readSeqState: sync("size_t llama_state_seq_get_data(void*, void*, size_t, int)"),
    writeSeqState: sync("size_t llama_state_seq_set_data(void*, void*, size_t, int)"),
    typeTraits: ggmlBase.func("void* ggml_get_type_traits(int)") as unknown as F["typeTraits"],
    threadpool: bindThreadpool(libraries),
    copyFrom: c.func("void* memcpy(void*, const void*, size_t)") as unknown as F["copyFrom"],
    bytes: {
      allocate: (numBytes) => koffi.alloc("uint8", numBytes) as Pointer,
      write: (address, offset, value) => koffi.encode(address, offset, "uint8", value),
      free: (address) => koffi.free(address),
    },
    noDevices: emptyList(),
    strlenAddress: c.symbol("strlen") as Pointer,
  };
}

/** Ended by NULL, as C's lists are; models may read it as long as they live, so it is never freed. */
function emptyList(): Pointer {
  const list = koffi.alloc("void*", 1) as Pointer;
  koffi.encode(list, "void*", null);
  return list;
}

/** `llama_model_quantize` takes its params by pointer. */
function quantizer(llama: LibraryHandle): LlamaFunctions["quantizeModel"] {
  const quantize = llama.func(
    "uint32 llama_model_quantize(const char*, const char*, llama_model_quantize_params*)",
  );
  return promisify(quantize.async) as unknown as LlamaFunctions["quantizeModel"];
}

/**
 * The pools of the CPU backend that llama.cpp has chosen: of its many variants, the one for this CPU is asked for by name
 * where it is registered, not looked up among the files.
 */
function bindThreadpool({ ggml, ggmlBase }: LoadedLibraries): ThreadpoolFunctions | null {
  type F = ThreadpoolFunctions;
  const backend = ggml.func("void* ggml_backend_reg_by_name(const char*)")("CPU") as Pointer | null;
  if (backend === null) return null;
  const find = ggmlBase.func("void* ggml_backend_reg_get_proc_address(void*, const char*)");
  const create = find(backend, "ggml_threadpool_new") as Pointer | null;
  const free = find(backend, "ggml_threadpool_free") as Pointer | null;
  if (create === null || free === null) return null;
  return {
    defaults: ggmlBase.func(
      "ggml_threadpool_params ggml_threadpool_params_default(int)",
    ) as unknown as F["defaults"],
    create: (params) => koffi.call(create, NewThreadpool, params) as Pointer | null,
    free: (pool) => koffi.call(free, FreeThreadpool, pool),
  };
}
