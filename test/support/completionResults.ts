/** Results of generations as the engine reports them, for tests above the engine. */
import { emptyDecodeStats } from "../../src/core/tree/decodeStats.ts";
import type { CompletionResult } from "../../src/engine/protocol/completeMessages.ts";
import type { LoadedModels } from "../../src/engine/protocol/protocol.ts";
import type { Suggestion } from "../../src/session/broker/completionQuery.ts";

/** Four tokens in two passes of 10 ms, one draft of two accepted, 25 ms in all. */
export function completionResult(text: string): CompletionResult {
  const stats = emptyDecodeStats();
  stats.numSteps = 2;
  stats.numCommittedTokens = 4;
  stats.bySource.recycling = { numProposed: 9, numVerified: 4, numAccepted: 2 };
  stats.timings.evaluateMs = 20;
  return {
    text,
    tokens: new Int32Array(4),
    pieces: [],
    tokenSources: new Uint8Array(4),
    logProbs: new Float32Array(4),
    finishReason: "stopRule",
    stats,
    timings: { totalMs: 30, firstTokenMs: 10, promptMs: 1, prefillMs: 4, beginMs: 0, decodeMs: 25 },
  };
}

export function suggestion(id: number, text: string, others: readonly string[] = []): Suggestion {
  const result = Promise.resolve(completionResult(text));
  return {
    id,
    text,
    others,
    origin: "generated",
    latencyMs: 12,
    isWhole: true,
    result,
  };
}

export function loadedModels(overrides: Partial<LoadedModels> = {}): LoadedModels {
  return {
    target: {
      path: "/m/target.gguf",
      name: "target_7b",
      fileBytes: 4 * 1024 ** 3,
      gpuLayers: 0,
      numThreads: 2,
    },
    backend: "cpu",
    deviceNames: [],
    llamaCppVersion: "0",
    contextSize: 4096,
    notices: [],
    loadMs: 1,
    ...overrides,
  };
}
