/** The bundled pair, opened for tests. */
import type { GpuChoice } from "../../src/core/base/backend.ts";
import { chainTree } from "../../src/core/tree/draftTree.ts";
import { layOutTree } from "../../src/core/tree/treeBatch.ts";
import { type LlamaModel, openModel } from "../../src/llama/model/llamaModel.ts";
import { createDecodeBatch } from "../../src/llama/native/decodeBatch.ts";
import { loadLlamaLibrary } from "../../src/llama/native/llamaLibrary.ts";
import { type LlamaContext, openContext } from "../../src/llama/target/llamaContext.ts";
import { LlamaTarget } from "../../src/llama/target/llamaTarget.ts";
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
  const context = await openContext(model, {
    contextSize,
    threads: { now: numThreads, most: numThreads },
    backend: library.backend,
  });
  if (TEST_GPU === "vulkan") await growBuffers(context);
  const target = new LlamaTarget(context);
  return {
    model,
    target,
    [Symbol.dispose]() {
      target[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
}

/** Where flash attention's partial results need most room: more rows are not split, fewer cells in fewer parts. */
const WIDEST_SPLIT = { numRows: 16, numCells: 1024 } as const;

/**
 * Gives llama.cpp's scratch buffers their final size. It frees one to grow it, as it may: no shader reads the descriptors
 * that still name it. But lavapipe of Mesa 22.3 binds all of a set's descriptors, and crashes by the freed ones.
 */
async function growBuffers(context: LlamaContext): Promise<void> {
  const { numRows, numCells } = WIDEST_SPLIT;
  const batch = createDecodeBatch(context.maxBatch, context.maxBranches);
  const end = Math.min(numCells, context.size) - 2 * numRows;
  for (let position = 0; position < end; position += context.maxBatch) {
    const count = Math.min(context.maxBatch, end - position);
    batch.setTokens(new Int32Array(count));
    batch.setChainRows(count, position);
    await context.decode(batch.struct(count), count, NEVER);
  }
  const tree = chainTree(Int32Array.from({ length: numRows }, (_, row) => row));
  batch.setTokens(tree.tokens);
  batch.setTreeRows(tree, layOutTree(tree), { position: end });
  await context.decode(batch.struct(numRows), numRows, NEVER);
  context.memory.clear();
}
