/** Loads a target and perhaps a draft, and owns them. Nothing here decides what to draft. */
import type { Backend, GpuChoice } from "../../core/base/backend.ts";
import type { Token } from "../../core/base/tokens.ts";
import { type FimTokens, fimMarkers } from "../../core/prompt/fimPrompt.ts";
import { checkSharedVocabulary } from "../../gguf/vocabCheck.ts";
import { fimTokensOf } from "../../llama/model/fimTokens.ts";
import { estimateGpuLayers } from "../../llama/model/gpuEstimate.ts";
import { type OffloadStep, offloadLadder, openWithStepDown } from "../../llama/model/gpuOffload.ts";
import { ALL_LAYERS, type LlamaModel, openModel } from "../../llama/model/llamaModel.ts";
import { type LlamaLibrary, loadLlamaLibrary } from "../../llama/native/llamaLibrary.ts";
import { countThreads, type ThreadCounts } from "../../llama/native/threads.ts";
import { openContext } from "../../llama/target/llamaContext.ts";
import { LlamaTarget } from "../../llama/target/llamaTarget.ts";
import { PartPace } from "../../llama/target/promptParts.ts";
import type { LoadedModel, LoadedModels, LoadParams, LoadProgress } from "../protocol/protocol.ts";

/** The draft is small: a second thread costs it more at barriers than it brings. */
const DRAFT_THREADS = 1;

/** A model with its context. */
export interface OpenModel {
  readonly model: LlamaModel;
  readonly target: LlamaTarget;
}

/** The models of one load. Dispose when no decode runs. */
export interface ModelPair {
  readonly target: OpenModel;
  readonly draft: OpenModel | undefined;
  readonly fim: FimTokens;
  /** llama.cpp's end-of-generation set and the FIM markers: after any of them no text of the gap follows. */
  readonly isEndToken: (token: Token) => boolean;
  readonly loaded: LoadedModels;
  [Symbol.dispose](): void;
}

/**
 * @throws EngineError with path, finding and remedy for every file that cannot serve; AbortError. Nothing stays
 *   allocated then.
 */
export async function loadModelPair(
  gpu: GpuChoice,
  params: LoadParams,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<ModelPair> {
  const start = performance.now();
  const library = await loadLlamaLibrary(gpu);
  signal.throwIfAborted();
  const threads = await countThreads(library.nodeLlama.cpuMathCores);
  const { targetPath, draftPath, contextSize } = params;
  const gpuLayers = await estimateGpuLayers(library, targetPath, draftPath, contextSize, signal);
  const notices: string[] = [];
  if (gpuLayers === 0 && library.backend !== "cpu") {
    notices.push(
      `No layer of the target fits the memory of ${library.deviceNames.join(", ")}: the models run on the CPU.`,
    );
  }
  const open = (step: OffloadStep) => openPair(library, params, step, threads, onProgress, signal);
  const pair = await openWithStepDown(
    offloadLadder(gpuLayers, draftPath !== undefined),
    open,
    (notice) => notices.push(notice),
  );
  const { target, draft, step } = pair;
  if (draft === undefined && draftPath !== undefined && step.withDraft) {
    notices.push(`The draft model was left out: recurrent models take no drafts.`);
  }
  const memory = library.backend === "cpu" ? undefined : await library.nodeLlama.getVramState();
  const loaded: LoadedModels = {
    target: describe(target, step.gpuLayers, threads.now),
    ...(draft === undefined ? {} : { draft: describe(draft, step.gpuLayers, DRAFT_THREADS) }),
    backend: backendOf(library, step),
    deviceNames: library.deviceNames,
    ...(memory === undefined ? {} : { deviceMemoryBytes: memory.total }),
    llamaCppVersion: library.version,
    contextSize: target.target.contextSize,
    notices,
    loadMs: performance.now() - start,
  };
  return { ...pair, loaded };
}

type OpenedPair = Omit<ModelPair, "loaded"> & { readonly step: OffloadStep };

async function openPair(
  library: LlamaLibrary,
  params: LoadParams,
  step: OffloadStep,
  threads: ThreadCounts,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<OpenedPair> {
  const opened: OpenModel[] = [];
  const disposeAll = () => {
    while (opened.length > 0) disposeOne(opened.pop());
  };
  const openOne = async (which: LoadProgress["model"], path: string, layers: number) => {
    const report = (fraction: number) => onProgress({ model: which, fraction });
    const options = { gpuLayers: layers, onProgress: report };
    const model = await openModel(library, path, options, signal);
    try {
      const contextSize = Math.min(params.contextSize, model.trainedContext);
      const context = await openContext(model, {
        contextSize,
        threads,
        ...(which === "draft" ? { maxNarrowThreads: DRAFT_THREADS } : {}),
        backend: backendOf(library, step),
      });
      const one = { model, target: new LlamaTarget(context, new PartPace(which === "target")) };
      opened.push(one);
      return one;
    } catch (error) {
      model[Symbol.dispose]();
      throw error;
    }
  };
  try {
    const target = await openOne("target", params.targetPath, step.gpuLayers);
    const fim = fimTokensOf(target.model);
    let draft: OpenModel | undefined;
    if (params.draftPath !== undefined && step.withDraft) {
      draft = await openOne("draft", params.draftPath, step.gpuLayers === 0 ? 0 : ALL_LAYERS);
      checkSharedVocabulary(target.model.header, draft.model.header);
      // Neither can drop a rejected token from its state, so every rejection would cost the whole prompt.
      if (target.model.isRecurrent || draft.model.isRecurrent) {
        disposeOne(opened.pop());
        draft = undefined;
      }
    }
    signal.throwIfAborted();
    const markers = fimMarkers(fim);
    const isEndToken = (token: Token) =>
      markers.has(token) || target.model.vocabulary.isEndToken(token);
    return { target, draft, fim, isEndToken, step, [Symbol.dispose]: disposeAll };
  } catch (error) {
    disposeAll();
    throw error;
  }
}

/** Both models keep the threads that they run with until it is disposed. */
export function freezeThreads({ target, draft }: Pick<ModelPair, "target" | "draft">): Disposable {
  const frozen = [target, draft].map((model) => model?.target.freezeThreads());
  return {
    [Symbol.dispose]() {
      for (const each of frozen) each?.[Symbol.dispose]();
    },
  };
}

function disposeOne(one: OpenModel | undefined): void {
  one?.target[Symbol.dispose]();
  one?.model[Symbol.dispose]();
}

/** Without a layer on the device the models run on the CPU, whatever library was loaded. */
function backendOf(library: LlamaLibrary, step: OffloadStep): Backend {
  return step.gpuLayers === 0 ? "cpu" : library.backend;
}

function describe({ model }: OpenModel, gpuLayers: number, numThreads: number): LoadedModel {
  return {
    path: model.path,
    name: model.name,
    fileBytes: model.header.fileBytes,
    gpuLayers: Math.min(gpuLayers, model.numLayers + 1),
    numThreads,
  };
}
