/** The bundled pair, opened for tests. */
import { fileURLToPath } from "node:url";
import type { GpuChoice } from "../../src/core/backend.ts";
import { openContext } from "../../src/llama/llamaContext.ts";
import { loadLlamaLibrary } from "../../src/llama/llamaLibrary.ts";
import { type LlamaModel, openModel } from "../../src/llama/llamaModel.ts";
import { LlamaTarget } from "../../src/llama/llamaTarget.ts";
import { NEVER } from "./never.ts";

const modelFile = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
export const TARGET_PATH = modelFile("treeline-tiny-target-q8_0.gguf");
export const DRAFT_PATH = modelFile("treeline-tiny-draft-q8_0.gguf");

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
  const target = new LlamaTarget(await openContext(model, { contextSize, numThreads }));
  return {
    model,
    target,
    [Symbol.dispose]() {
      target[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
}
