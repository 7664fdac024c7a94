/** A llama.cpp context: creation, decoding off the event loop, its memory, its threads. */

import type { Backend } from "../../core/base/backend.ts";
import { EngineError } from "../../core/base/errors.ts";
import { pathText } from "../../core/base/foreignText.ts";
import { type LlamaModel, OUT_OF_MEMORY } from "../model/llamaModel.ts";
import { createAbortFlag } from "../native/abortFlag.ts";
import type { Pointer, StructValue } from "../native/llamaFunctions.ts";
import { logDetail } from "../native/llamaLibrary.ts";
import { type ThreadCounts, ThreadGovernor } from "../native/threads.ts";
import { MAX_BATCH } from "./batchSize.ts";
import type { SequenceMemory } from "./kvMembership.ts";
import type { TrunkStates } from "./parkedPrompts.ts";
import { PART_ROWS } from "./promptParts.ts";

/** Nodes of one tree at most, the root included. */
export const MAX_TREE_NODES = 128;
/** Leaves of one tree at most; llama.cpp allows 256 sequences per context. */
export const MAX_TREE_BRANCHES = 64;
/** llama.cpp rounds a context up to a multiple of this, but not the batch, which it has cut to the context before. */
const CONTEXT_STEP = 256;
/**
 * Rows of a pass that takes `maxNarrowThreads`: what a draft model catches up with, and its trees. With two threads on two cores
 * a 2-row pass of the tiny draft behind the target's takes 0.6 ms in the median and 1 to 13 on average, with one 0.6 in both.
 */
const MAX_NARROW_ROWS = 16;
/**
 * The pool's threads sleep between passes instead of watching for the next one. Where they watch, the loop that waits for
 * the pass is woken behind one that still does: with ggml's least, 2 ms, one-row passes took 24 ms at p99 and decoding with
 * idle drafters 0.90 to 0.98 of plain's speed; asleep 13 to 18 ms and 0.97 to 1.00 (0.15 B F16, two cores, runs in turn).
 * Waking them costs 0.01 ms in a pass of 0.26 (the tiny target).
 */
const POLL = 0;
const TRUNK = 0;
/** `llama_flash_attn_type`. */
const FLASH_ATTN = { auto: -1, off: 0 } as const;

/** What a context is opened with. */
export interface ContextOptions {
  /** Positions; at most what the model was trained on makes sense. */
  readonly contextSize: number;
  /** For prompts and wide trees. */
  readonly threads: ThreadCounts;
  /** For passes of a few rows at most; as many as for others if absent. */
  readonly maxNarrowThreads?: number;
  /** Where the model's layers are: on `cpu` no work goes to a device, whatever the library could do. */
  readonly backend: Backend;
}

/** The memory of a context. */
export interface LlamaMemory extends SequenceMemory {
  seqPosMax(seqId: number): number;
  clear(): void;
}

/** Owns the native context, keeps the model alive. */
export type LlamaContext = Readonly<Awaited<ReturnType<typeof openContext>>>;

/**
 * Opens a context. Flash attention is off on the CPU: with it and more than one thread, logits depend on the shape of
 * the batch. Recurrent and hybrid models take no trees: their state cannot be branched by a mask.
 * @throws EngineError `contextFailed` if llama.cpp refuses, most often for lack of memory.
 */
export async function openContext(model: LlamaModel, options: ContextOptions) {
  const { library } = model;
  const { fn } = library;
  const isCpu = options.backend === "cpu";
  const takesTrees = !model.isRecurrent;
  library.takeErrorLog();
  const maxBranches = takesTrees ? MAX_TREE_BRANCHES : 1;
  // Devices take whole graphs at once, and a recurrent state cannot be taken back.
  const abortFlag = isCpu && takesTrees ? createAbortFlag(fn) : undefined;
  const pointer = await fn.initContext(model.pointer, {
    ...fn.contextDefaults(),
    n_ctx: Math.ceil(options.contextSize / CONTEXT_STEP) * CONTEXT_STEP,
    n_batch: MAX_BATCH,
    n_ubatch: MAX_BATCH,
    n_seq_max: maxBranches,
    n_outputs_max: MAX_TREE_NODES,
    n_outputs_max_per_seq: 0,
    n_threads: options.threads.now,
    n_threads_batch: options.threads.now,
    flash_attn_type: isCpu ? FLASH_ATTN.off : FLASH_ATTN.auto,
    offload_kqv: !isCpu,
    op_offload: !isCpu,
    kv_unified: true,
    swa_full: true,
    no_perf: true,
    abort_callback: abortFlag?.callback ?? null,
    abort_callback_data: abortFlag?.data ?? null,
  });
  if (pointer === null) {
    abortFlag?.free();
    const log = library.takeErrorLog();
    throw new EngineError(
      "contextFailed",
      `A context of ${options.contextSize} tokens for ${pathText(model.path)} could not be created on ${options.backend}` +
        `${logDetail(log)}. Free memory, choose a smaller context, or run with gpu "off".`,
    );
  }
  const { maxNarrowThreads = Number.POSITIVE_INFINITY } = options;
  const governor = new ThreadGovernor(options.threads);
  const threads = openPassThreads(model, pointer, options.threads.most);
  const memoryPointer = fn.getMemory(pointer);
  const vocabBytes = model.vocabulary.size * Float32Array.BYTES_PER_ELEMENT;
  let isDisposed = false;
  const memory: LlamaMemory = {
    seqCopy: (from, to, start, end) => fn.seqCopy(memoryPointer, from, to, start, end),
    seqRemove: (seqId, start, end) => fn.seqRemove(memoryPointer, seqId, start, end),
    seqPosMax: (seqId) => fn.seqPosMax(memoryPointer, seqId),
    clear: () => fn.clearMemory(memoryPointer, false),
  };
  const trunkStates: TrunkStates = {
    get numBytes() {
      return fn.seqStateBytes(pointer, TRUNK);
    },
    read(state) {
      return fn.readSeqState(pointer, state, state.length, TRUNK) === state.length;
    },
    write(state) {
      return fn.writeSeqState(pointer, state, state.length, TRUNK) === state.length;
    },
  };

  return {
    model,
    // Not what it was rounded up to: a table of positions ends where the training did.
    size: Math.min(options.contextSize, fn.contextSize(pointer)),
    maxBatch: MAX_BATCH,
    maxNodes: takesTrees ? MAX_TREE_NODES : 1,
    maxBranches,
    memory,
    /** Copies of sequence 0's cells; absent on devices, and where a copy cannot be shortened afterwards. */
    // Of a window's layers llama.cpp copies the last positions only. A device reads prompts fast, and one run in two of the
    // software device's tests with copies ended in a segmentation fault.
    trunkStates: isCpu && takesTrees && !model.hasSlidingWindow ? trunkStates : undefined,
    /** Threads in use now; the governor lowers it on a busy machine. */
    get numThreads() {
      return governor.numThreads;
    },
    /** Keeps that number until what it returns is disposed. */
    freezeThreads: () => governor.freeze(),
    /** Rows of a part of a prompt: cuts are at its multiples. */
    partRows: PART_ROWS[abortFlag !== undefined ? "stoppable" : isCpu ? "cpu" : "device"] as number,
    /**
     * @returns false where the signal stopped it. The caller must drop the rows: llama.cpp takes back only those of each
     *   row's first sequence.
     * @throws EngineError `contextFull`, `outOfMemory` or `decodeFailed`.
     */
    async decode(batch: StructValue, numRows: number, signal?: AbortSignal): Promise<boolean> {
      library.takeErrorLog();
      using _ = signal && abortFlag?.follow(signal);
      const { numThreads } = governor;
      threads.use(numRows <= MAX_NARROW_ROWS ? Math.min(numThreads, maxNarrowThreads) : numThreads);
      const start = performance.now();
      const status = await fn.decode(pointer, batch);
      // The CPU backend has finished; a GPU may still be at work.
      if (status === 0 && !isCpu) await fn.synchronize(pointer);
      if (status === STATUS_ABORTED) return false;
      if (status !== 0) throw decodeError(status, numRows, library.takeErrorLog());
      const kvLength = fn.seqPosMax(memoryPointer, 0);
      governor.record(numRows, kvLength, performance.now() - start);
      return true;
    },
    /** Address of a row of logits of the last decode; null if it was not asked for. */
    logitsRow: (row: number) => fn.logitsIth(pointer, row),
    copyRow: (destination: Float32Array, address: Pointer) =>
      fn.copyFrom(destination, address, vocabBytes),
    [Symbol.dispose]() {
      if (isDisposed) return;
      isDisposed = true;
      threads.close();
      fn.freeContext(pointer);
      abortFlag?.free();
    },
  };
}

/** llama.cpp's status after an abort. */
const STATUS_ABORTED = 2;

/** llama.cpp's status: 1 no room in the KV cache, -1 bad batch, below -1 a failed pass. */
function decodeError(status: number, numRows: number, log: string): EngineError {
  const detail = `llama_decode returned ${status} for ${numRows} rows${logDetail(log)}`;
  if (status === 1) {
    return new EngineError("contextFull", `${detail}: the KV cache is full. Use a larger context.`);
  }
  if (OUT_OF_MEMORY.test(log)) {
    return new EngineError("outOfMemory", `${detail}. Free memory or offload fewer layers.`);
  }
  return new EngineError(
    "decodeFailed",
    `${detail}. Restart the engine; if it repeats, the model is not usable.`,
  );
}

/** One pool for the context's life: without it ggml starts and joins its threads in every pass. */
function openPassThreads(model: LlamaModel, context: Pointer, maxThreads: number) {
  const { fn } = model.library;
  const { threadpool } = fn;
  const canPool = threadpool !== null && maxThreads > 1;
  const pool = canPool
    ? threadpool.create({ ...threadpool.defaults(maxThreads), poll: POLL })
    : null;
  let inUse: number | undefined;
  return {
    /** For the next pass, and those after it until this is called again. */
    use(numThreads: number) {
      if (numThreads === inUse) return;
      inUse = numThreads;
      fn.setNumThreads(context, numThreads, numThreads);
      // One thread needs no pool, and the waiting threads of one would cost it its core.
      if (pool === null) return;
      if (numThreads < 2) fn.detachThreadpool(context);
      else fn.attachThreadpool(context, pool, pool);
    },
    close() {
      if (pool === null) return;
      fn.detachThreadpool(context);
      threadpool?.free(pool);
    },
  };
}
