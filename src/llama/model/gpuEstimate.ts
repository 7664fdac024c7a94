/** How many layers fit the GPU, by node-llama-cpp's memory estimate. */
import { stat } from "node:fs/promises";
import type { LlamaLibrary } from "../native/llamaLibrary.ts";

/** A draft needs its file, its KV cache and its buffers; the file alone is known beforehand. */
const DRAFT_OVERHEAD = 1.3;

/**
 * Layers of the target to offload beside the draft and the KV cache; 0 on the CPU backend. An estimate: the caller
 * steps down where it proves too high.
 * @param draftPath - a model that shares the memory.
 */
export async function estimateGpuLayers(
  library: LlamaLibrary,
  targetPath: string,
  draftPath: string | undefined,
  contextSize: number,
  signal: AbortSignal,
): Promise<number> {
  if (library.backend === "cpu") return 0;
  const { GgufInsights, InsufficientMemoryError, readGgufFileInfo } = await import(
    "node-llama-cpp"
  );
  const { nodeLlama } = library;
  const draftBytes = draftPath === undefined ? 0 : (await stat(draftPath)).size * DRAFT_OVERHEAD;
  const info = await readGgufFileInfo(targetPath, {
    sourceType: "filesystem",
    logWarnings: false,
    signal,
  });
  const insights = await GgufInsights.from(info, nodeLlama);
  try {
    const { gpuLayers } = await insights.configurationResolver.resolveModelGpuLayersV2(
      { fitContext: { contextSize } },
      {
        signal,
        defaultContextSwaFullCache: true,
        async getVramState() {
          const { total, free } = await nodeLlama.getVramState();
          return { total, free: Math.max(0, free - draftBytes) };
        },
      },
    );
    return gpuLayers;
  } catch (error) {
    // Its way of saying that the context does not fit at any number of layers.
    if (error instanceof InsufficientMemoryError) return 0;
    throw error;
  }
}
