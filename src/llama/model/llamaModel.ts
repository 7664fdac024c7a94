/** Opens a GGUF model: its header is checked first, then llama.cpp loads it off the event loop. */
import koffi from "koffi";
import { EngineError } from "../../core/base/errors.ts";
import { nameText, pathText } from "../../core/base/foreignText.ts";
import { checkGguf } from "../../gguf/ggufCheck.ts";
import { type GgufHeader, ggufString, readGgufHeader } from "../../gguf/ggufHeader.ts";
import type { Pointer } from "../native/llamaFunctions.ts";
import { type LlamaLibrary, logDetail } from "../native/llamaLibrary.ts";
import { ProgressCallback } from "../native/llamaStructs.ts";
import { embeddingRows } from "./embeddingRows.ts";
import { Vocabulary } from "./vocabulary.ts";

/** `n_gpu_layers` for "every layer". */
export const ALL_LAYERS = 999;

/** How llama.cpp and its backends word a failed allocation. */
export const OUT_OF_MEMORY =
  /out of (device |host )?memory|failed to allocate|unable to allocate|OutOfDeviceMemory/i;

/** What a model is opened with. */
export interface ModelOptions {
  /** Layers to offload; ignored on the CPU backend. With none, no device is used at all. */
  readonly gpuLayers: number;
  /** Fraction loaded, 0 … 1. */
  readonly onProgress?: (fraction: number) => void;
}

/** A loaded model. Dispose it after every context that uses it. */
export type LlamaModel = Readonly<ReturnType<typeof loadedModel>>;

function loadedModel(library: LlamaLibrary, header: GgufHeader, pointer: Pointer) {
  const { fn } = library;
  const embeddingWidth = fn.embeddingWidth(pointer);
  const embeddings = embeddingRows(library, header, embeddingWidth);
  const architecture = ggufString(header, "general.architecture") ?? "unknown";
  let isDisposed = false;
  return {
    library,
    header,
    pointer,
    vocabulary: new Vocabulary(library, fn.getVocab(pointer)),
    embeddingWidth,
    trainedContext: fn.trainedContext(pointer),
    numLayers: fn.numLayers(pointer),
    /** State that cannot be branched or partly dropped: recurrent and hybrid architectures. */
    isRecurrent: fn.isRecurrent(pointer) || fn.isHybrid(pointer),
    /** Layers that see the last positions only; llama.cpp may give cells away that lie further back. */
    hasSlidingWindow: fn.slidingWindow(pointer) > 0,
    path: header.path,
    /** What the file calls itself, as one short line; its architecture if it has no name. */
    name: nameText(ggufString(header, "general.name") ?? architecture),
    architecture,
    /** [tokens.length, embeddingWidth] dequantized input rows. */
    embeddingRows: embeddings.read,
    [Symbol.dispose](): void {
      if (isDisposed) return;
      isDisposed = true;
      embeddings[Symbol.dispose]();
      fn.freeModel(pointer);
    },
  };
}

/**
 * @throws EngineError naming path, finding and remedy: everything `readGgufHeader` and `checkGguf` refuse, and
 *   `modelLoadFailed` if llama.cpp itself refuses the file or memory is short. AbortError if the signal was aborted.
 */
export async function openModel(
  library: LlamaLibrary,
  path: string,
  options: ModelOptions,
  signal: AbortSignal,
): Promise<LlamaModel> {
  const header = await readGgufHeader(path, signal);
  checkGguf(header);
  const { fn } = library;
  library.takeErrorLog();
  const onProgress = koffi.register((fraction: number) => {
    options.onProgress?.(fraction);
    return !signal.aborted;
  }, koffi.pointer(ProgressCallback));
  const gpuLayers = library.backend === "cpu" ? 0 : options.gpuLayers;
  let pointer: Pointer | null;
  try {
    pointer = await fn.loadModel(path, {
      ...fn.modelDefaults(),
      n_gpu_layers: gpuLayers,
      ...(gpuLayers === 0 ? { devices: fn.noDevices } : {}),
      progress_callback: onProgress,
    });
  } finally {
    koffi.unregister(onProgress);
  }
  if (signal.aborted && pointer !== null) fn.freeModel(pointer);
  signal.throwIfAborted();
  if (pointer === null) {
    const log = library.takeErrorLog();
    throw new EngineError(
      OUT_OF_MEMORY.test(log) ? "outOfMemory" : "modelLoadFailed",
      `llama.cpp ${library.version} could not load ${pathText(path)} on ${library.backend}${logDetail(log)}. ` +
        "Check that the file was made for a llama.cpp this new and that memory suffices.",
    );
  }
  if (fn.hasEncoder(pointer) || fn.isDiffusion(pointer)) {
    fn.freeModel(pointer);
    throw new EngineError(
      "unsupportedArchitecture",
      `${pathText(path)} is an encoder or diffusion model (${ggufString(header, "general.architecture")}); ` +
        "expected a decoder that predicts the next token. Choose a code completion model.",
    );
  }
  return loadedModel(library, header, pointer);
}
