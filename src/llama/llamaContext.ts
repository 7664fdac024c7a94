/** A llama.cpp context: creation, decoding off the event loop, its memory, its threads. */
import { EngineError } from "../core/errors.ts";
import type { SequenceMemory } from "./kvMembership.ts";
import type { Pointer, StructValue } from "./llamaFunctions.ts";
import type { LlamaModel } from "./llamaModel.ts";
import { ThreadGovernor } from "./threads.ts";

/** Rows of one decode at most; a prompt chunk and a tree both fit one micro-batch. */
const MAX_BATCH = 512;
/** Nodes of one tree at most, the root included. */
export const MAX_TREE_NODES = 128;
/** Leaves of one tree at most; llama.cpp allows 256 sequences per context. */
export const MAX_TREE_BRANCHES = 64;
/** `llama_flash_attn_type`. */
const FLASH_ATTN = { auto: -1, off: 0 } as const;

/** What a context is opened with. */
export interface ContextOptions {
  /** Positions; at most what the model was trained on makes sense. */
  readonly contextSize: number;
  readonly numThreads: number;
}

/** The memory of a context. */
export interface LlamaMemory extends SequenceMemory {
  seqPosMax(seqId: number): number;
  clear(): void;
}

/** Opened by {@link openContext}; owns the native context, keeps the model alive. */
export interface LlamaContext {
  readonly model: LlamaModel;
  readonly size: number;
  readonly maxBatch: number;
  readonly maxNodes: number;
  readonly maxBranches: number;
  readonly memory: LlamaMemory;
  /** Threads in use now; the governor lowers it on a busy machine. */
  readonly numThreads: number;
  /** @throws EngineError `contextFull`, `outOfMemory` or `decodeFailed`. */
  decode(batch: StructValue, numRows: number): Promise<void>;
  /** Address of a row of logits of the last decode; null if it was not asked for. */
  logitsRow(row: number): Pointer | null;
  copyRow(destination: Float32Array, address: Pointer): void;
  [Symbol.dispose](): void;
}

/**
 * Opens a context. Flash attention is off on the CPU: with it and more than one thread, logits depend on the shape of
 * the batch (DESIGN §3). Recurrent and hybrid models take no trees: their state cannot be branched by a mask.
 * @throws EngineError `contextFailed` if llama.cpp refuses, most often for lack of memory.
 */
export async function openContext(
  model: LlamaModel,
  options: ContextOptions,
): Promise<LlamaContext> {
  const { library } = model;
  const { fn } = library;
  const takesTrees = !model.isRecurrent;
  const maxBranches = takesTrees ? MAX_TREE_BRANCHES : 1;
  const pointer = await fn.initContext(model.pointer, {
    ...fn.contextDefaults(),
    n_ctx: options.contextSize,
    n_batch: MAX_BATCH,
    n_ubatch: MAX_BATCH,
    n_seq_max: maxBranches,
    n_outputs_max: MAX_TREE_NODES,
    n_outputs_max_per_seq: 0,
    n_threads: options.numThreads,
    n_threads_batch: options.numThreads,
    flash_attn_type: library.backend === "cpu" ? FLASH_ATTN.off : FLASH_ATTN.auto,
    kv_unified: true,
    swa_full: true,
    no_perf: true,
  });
  if (pointer === null) {
    const log = library.takeErrorLog();
    throw new EngineError(
      "contextFailed",
      `A context of ${options.contextSize} tokens for ${model.path} could not be created on ${library.backend}` +
        `${log === "" ? "" : ` (${log})`}. Free memory, choose a smaller context, or run with gpu "off".`,
    );
  }
  const detachThreads = attachThreadpool(model, pointer, options.numThreads);
  const governor = new ThreadGovernor(options.numThreads);
  const memoryPointer = fn.getMemory(pointer);
  const vocabBytes = model.vocabulary.size * Float32Array.BYTES_PER_ELEMENT;
  let isDisposed = false;

  return {
    model,
    size: fn.contextSize(pointer),
    maxBatch: MAX_BATCH,
    maxNodes: takesTrees ? MAX_TREE_NODES : 1,
    maxBranches,
    memory: {
      seqCopy: (from, to, start, end) => fn.seqCopy(memoryPointer, from, to, start, end),
      seqRemove: (seqId, start, end) => fn.seqRemove(memoryPointer, seqId, start, end),
      seqPosMax: (seqId) => fn.seqPosMax(memoryPointer, seqId),
      clear: () => fn.clearMemory(memoryPointer, false),
    },
    get numThreads() {
      return governor.numThreads;
    },
    async decode(batch, numRows) {
      const start = performance.now();
      const status = await fn.decode(pointer, batch);
      // The CPU backend has finished; a GPU may still be at work.
      if (status === 0 && library.backend !== "cpu") await fn.synchronize(pointer);
      if (status !== 0) throw decodeError(status, numRows, library.takeErrorLog());
      const fewer = governor.record(numRows, performance.now() - start);
      if (fewer !== undefined) fn.setNumThreads(pointer, fewer, fewer);
    },
    logitsRow: (row) => fn.logitsIth(pointer, row),
    copyRow: (destination, address) => fn.copyFrom(destination, address, vocabBytes),
    [Symbol.dispose]() {
      if (isDisposed) return;
      isDisposed = true;
      detachThreads();
      fn.freeContext(pointer);
    },
  };
}

/** llama.cpp's status: 1 no room in the KV cache, 2 aborted, -1 bad batch, below -1 a failed pass. */
function decodeError(status: number, numRows: number, log: string): EngineError {
  const detail = `llama_decode returned ${status} for ${numRows} rows${log === "" ? "" : ` (${log})`}`;
  if (status === 1) {
    return new EngineError("contextFull", `${detail}: the KV cache is full. Use a larger context.`);
  }
  if (/out of (device )?memory|alloc/i.test(log)) {
    return new EngineError("outOfMemory", `${detail}. Free memory or offload fewer layers.`);
  }
  return new EngineError(
    "decodeFailed",
    `${detail}. Restart the engine; if it repeats, the model is not usable.`,
  );
}

/** One pool for the context's life: without it ggml starts and joins its threads in every pass. */
function attachThreadpool(model: LlamaModel, context: Pointer, numThreads: number): () => void {
  const { fn } = model.library;
  const { threadpool } = fn;
  if (threadpool === null || numThreads < 2) return () => {};
  const pool = threadpool.create(threadpool.defaults(numThreads));
  if (pool === null) return () => {};
  fn.attachThreadpool(context, pool, pool);
  return () => {
    fn.detachThreadpool(context);
    threadpool.free(pool);
  };
}
