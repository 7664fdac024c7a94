/** Typed bindings of the C functions we call; the only place where koffi's untyped functions are given types. */
import { promisify } from "node:util";
import koffi from "koffi";
import { FreeThreadpool, NewThreadpool } from "./llamaStructs.ts";
import type { LoadedLibraries } from "./loadedLibraries.ts";

/** An address in native memory; null is NULL. */
export type Pointer = bigint;

/** Fields of a C struct that is passed by value. */
export type StructValue = Record<string, unknown>;

/** Of a model, a vocabulary, a context or a memory. */
type Of<R> = (object: Pointer) => R;
type CopyState = (context: Pointer, state: Uint8Array, numBytes: number, seqId: number) => number;

/** The C API, with the names of `llama.h` in camelCase. Calls are synchronous unless they return a promise. */
export type LlamaFunctions = Readonly<ReturnType<typeof bindLlama>>;

/** Binds every function. @throws Error if a symbol is missing, which means another llama.cpp version. */
export function bindLlama(libraries: LoadedLibraries) {
  const { llama, ggmlBase, c } = libraries;
  // koffi's functions accept anything; each is given its type here.
  const sync = <F>(signature: string): F => llama.func(signature) as unknown as F;
  const async = <F>(signature: string): F => promisify(llama.func(signature).async) as unknown as F;
  return {
    version: sync<() => string>("const char* llama_version()"),
    modelDefaults: sync<() => StructValue>("llama_model_params llama_model_default_params()"),
    contextDefaults: sync<() => StructValue>("llama_context_params llama_context_default_params()"),

    loadModel: async<(path: string, params: StructValue) => Promise<Pointer | null>>(
      "void* llama_model_load_from_file(const char*, llama_model_params)",
    ),
    freeModel: sync<Of<void>>("void llama_model_free(void*)"),
    getVocab: sync<Of<Pointer>>("void* llama_model_get_vocab(void*)"),
    numLayers: sync<Of<number>>("int llama_model_n_layer(void*)"),
    embeddingWidth: sync<Of<number>>("int llama_model_n_embd(void*)"),
    trainedContext: sync<Of<number>>("int llama_model_n_ctx_train(void*)"),
    isRecurrent: sync<Of<boolean>>("bool llama_model_is_recurrent(void*)"),
    isHybrid: sync<Of<boolean>>("bool llama_model_is_hybrid(void*)"),
    isDiffusion: sync<Of<boolean>>("bool llama_model_is_diffusion(void*)"),
    /** Positions that a layer with a sliding window sees; 0 where there is none. */
    slidingWindow: sync<Of<number>>("int llama_model_n_swa(void*)"),
    hasEncoder: sync<Of<boolean>>("bool llama_model_has_encoder(void*)"),

    numTokens: sync<Of<number>>("int llama_vocab_n_tokens(void*)"),
    addsBos: sync<Of<boolean>>("bool llama_vocab_get_add_bos(void*)"),
    bos: sync<Of<number>>("int llama_vocab_bos(void*)"),
    isEog: sync<(vocab: Pointer, token: number) => boolean>("bool llama_vocab_is_eog(void*, int)"),
    fimPrefix: sync<Of<number>>("int llama_vocab_fim_pre(void*)"),
    fimSuffix: sync<Of<number>>("int llama_vocab_fim_suf(void*)"),
    fimMiddle: sync<Of<number>>("int llama_vocab_fim_mid(void*)"),
    tokenize: sync<
      (
        vocab: Pointer,
        text: Uint8Array,
        textBytes: number,
        tokens: Int32Array,
        maxTokens: number,
        addSpecial: boolean,
        parseSpecial: boolean,
      ) => number
    >("int llama_tokenize(void*, const void*, int, void*, int, bool, bool)"),
    tokenToPiece: sync<
      (
        vocab: Pointer,
        token: number,
        piece: Uint8Array,
        maxBytes: number,
        lstrip: number,
        special: boolean,
      ) => number
    >("int llama_token_to_piece(void*, int, void*, int, int, bool)"),

    initContext: async<(model: Pointer, params: StructValue) => Promise<Pointer | null>>(
      "void* llama_init_from_model(void*, llama_context_params)",
    ),
    freeContext: sync<Of<void>>("void llama_free(void*)"),
    contextSize: sync<Of<number>>("uint32 llama_n_ctx(void*)"),
    setNumThreads: sync<(context: Pointer, numThreads: number, numThreadsBatch: number) => void>(
      "void llama_set_n_threads(void*, int, int)",
    ),
    attachThreadpool: sync<(context: Pointer, pool: Pointer | null, poolBatch: Pointer) => void>(
      "void llama_attach_threadpool(void*, void*, void*)",
    ),
    detachThreadpool: sync<Of<void>>("void llama_detach_threadpool(void*)"),
    /** Runs on a worker thread; resolves to llama_decode's status. */
    decode: async<(context: Pointer, batch: StructValue) => Promise<number>>(
      "int llama_decode(void*, llama_batch)",
    ),
    synchronize: async<Of<Promise<void>>>("void llama_synchronize(void*)"),
    logitsIth: sync<(context: Pointer, row: number) => Pointer | null>(
      "void* llama_get_logits_ith(void*, int)",
    ),

    getMemory: sync<Of<Pointer>>("void* llama_get_memory(void*)"),
    clearMemory: sync<(memory: Pointer, data: boolean) => void>(
      "void llama_memory_clear(void*, bool)",
    ),
    seqCopy: sync<(memory: Pointer, from: number, to: number, start: number, end: number) => void>(
      "void llama_memory_seq_cp(void*, int, int, int, int)",
    ),
    seqRemove: sync<(memory: Pointer, seqId: number, start: number, end: number) => boolean>(
      "bool llama_memory_seq_rm(void*, int, int, int)",
    ),
    seqPosMax: sync<(memory: Pointer, seqId: number) => number>(
      "int llama_memory_seq_pos_max(void*, int)",
    ),
    /** Bytes that a copy of a sequence's cells takes. */
    seqStateBytes: sync<(context: Pointer, seqId: number) => number>(
      "size_t llama_state_seq_get_size(void*, int)",
    ),
    /** Both return the bytes copied, 0 where that failed. */
    readSeqState: sync<CopyState>("size_t llama_state_seq_get_data(void*, void*, size_t, int)"),
    writeSeqState: sync<CopyState>("size_t llama_state_seq_set_data(void*, void*, size_t, int)"),

    typeTraits: ggmlBase.func("void* ggml_get_type_traits(int)") as unknown as (
      type: number,
    ) => Pointer,
    /** Null where the CPU backend has no thread pools. */
    threadpool: bindThreadpool(libraries),
    /** Copies native memory into an array of ours. */
    copyFrom: c.func("void* memcpy(void*, const void*, size_t)") as unknown as (
      destination: ArrayBufferView,
      source: Pointer,
      numBytes: number,
    ) => void,
    /** Of an empty list for `llama_model_params`: no device is used, nor room taken on one. */
    noDevices: emptyList(),
    /** Of C's `size_t strlen(const char*)`, for native code to call. */
    strlenAddress: c.symbol("strlen") as Pointer,
  };
}

/** Ended by NULL, as C's lists are; models may read it as long as they live, so it is never freed. */
function emptyList(): Pointer {
  const list = koffi.alloc("void*", 1) as Pointer;
  koffi.encode(list, "void*", null);
  return list;
}

/**
 * The pools of the CPU backend that llama.cpp has chosen: of its many variants, the one for this CPU is asked for by name
 * where it is registered, not looked up among the files.
 */
function bindThreadpool({ ggml, ggmlBase }: LoadedLibraries) {
  const backend = ggml.func("void* ggml_backend_reg_by_name(const char*)")("CPU") as Pointer | null;
  if (backend === null) return null;
  const find = ggmlBase.func("void* ggml_backend_reg_get_proc_address(void*, const char*)");
  const create = find(backend, "ggml_threadpool_new") as Pointer | null;
  const free = find(backend, "ggml_threadpool_free") as Pointer | null;
  if (create === null || free === null) return null;
  const defaults = ggmlBase.func("ggml_threadpool_params ggml_threadpool_params_default(int)");
  return {
    defaults: (numThreads: number) => defaults(numThreads) as StructValue,
    create: (params: StructValue) => koffi.call(create, NewThreadpool, params) as Pointer | null,
    free: (pool: Pointer): void => koffi.call(free, FreeThreadpool, pool),
  };
}
