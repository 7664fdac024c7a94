/** The bundled pair, opened for tests. */
import type { GpuChoice } from "../../src/core/backend.ts";
import { openContext } from "../../src/llama/llamaContext.ts";
import { loadLlamaLibrary } from "../../src/llama/llamaLibrary.ts";
import { type LlamaModel, openModel } from "../../src/llama/llamaModel.ts";
import { LlamaTarget } from "../../src/llama/llamaTarget.ts";
import { DRAFT_PATH, TARGET_PATH } from "./modelPaths.ts";
import { NEVER } from "./never.ts";

export { DRAFT_PATH, TARGET_PATH };

/** The backend that native tests run on: the CPU, unless a run asks for another. */
export const TEST_GPU = (process.env["TREELINE_TEST_GPU"] ?? "off") as GpuChoice;

export interface OpenedTarget {
  readonly model: LlamaModel;
  readonly target: LlamaTarget;
  [Symbol.dispose](): void;
}

export async function openTarget(
  path = TARGET_PATH,
  options: { contextSize?: number; numThreads?: number } = {},
): Promise<OpenedTarget> {
  const library = await loadLlamaLibrary(TEST_GPU);
  const model = await openModel(library, path, { gpuLayers: 999 }, NEVER);
  const { contextSize = 2048, numThreads = 1 } = options;
  const target = new LlamaTarget(
    await openContext(model, {
      contextSize,
      numThreads,
      numBatchThreads: numThreads,
      backend: library.backend,
    }),
  );
  return {
    model,
    target,
    [Symbol.dispose]() {
      target[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
}
