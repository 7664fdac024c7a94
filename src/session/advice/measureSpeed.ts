/** Measures how soon a model shows a line, in an engine of its own: a few prompts of one length, read and answered plainly. */
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import {
  type MachineSpeed,
  type MeasuredSpeed,
  PROMPT_TOKENS,
  WEIGHT_TYPES,
  type WeightType,
} from "../../models/advice/lineTime.ts";
import { writeProbe } from "../../models/advice/probeModel.ts";
import type { EngineClient } from "../client/engineClient.ts";

/** At most, each of one length. */
const NUM_PROMPTS = 3;
/** Once a prompt is measured and this time is over, no other is. */
const BUDGET_MS = 4_000;
/** The same for each type of the probe. */
const TYPE_BUDGET_MS = 1_200;
const MAX_TOKENS = 12;
const CONTEXT_SIZE = 1_024;

/**
 * With models that only stand in for others, one for each type of weights.
 * @param folder - where they are written for the time being. @param tokenizer - the bundled target.
 * @throws as {@link measureSpeed}, and what the file system says.
 */
export async function measureMachine(
  client: EngineClient,
  folder: string,
  tokenizer: string,
  signal: AbortSignal,
): Promise<MachineSpeed & { readonly backend: string }> {
  const types: Partial<Record<WeightType, MeasuredSpeed>> = {};
  let loaded: LoadedModels | undefined;
  for (const type of WEIGHT_TYPES) {
    await using probe = await writeProbe(folder, type, tokenizer, signal);
    try {
      const { models, ...speed } = await measureSpeed(client, probe.path, signal, TYPE_BUDGET_MS);
      types[type] = {
        promptMs: speed.promptMs / (probe.weights / 1e9),
        tokenMs: speed.tokenMs / (probe.bytes / 1e9),
      };
      loaded = models;
    } finally {
      // Before its file goes, and whoever gave up: Windows deletes none that is in use.
      await client.unload(new AbortController().signal).catch(() => {});
    }
  }
  const isOnGpu = (loaded?.target.gpuLayers ?? 0) > 0;
  return {
    types: types as MachineSpeed["types"],
    backend: loaded?.backend ?? "cpu",
    deviceMemoryBytes: isOnGpu ? loaded?.deviceMemoryBytes : undefined,
  };
}

/** @throws what loading and completing throw; the signal's reason. */
export async function measureSpeed(
  client: EngineClient,
  targetPath: string,
  signal: AbortSignal,
  budgetMs = BUDGET_MS,
): Promise<MeasuredSpeed & { readonly models: LoadedModels }> {
  const models = await client.load({ targetPath, contextSize: CONTEXT_SIZE }, () => {}, signal);
  const startMs = performance.now();
  const promptMs: number[] = [];
  const tokenMs: number[] = [];
  for (let index = 0; index < NUM_PROMPTS; index++) {
    const { timings, stats } = await client.complete(
      {
        ...placeOf(index),
        filePath: "values.ts",
        documentPath: "values.ts",
        maxTokens: MAX_TOKENS,
        maxPromptTokens: PROMPT_TOKENS,
        sources: [],
        reusesPrompt: false,
      },
      () => {},
      signal,
    );
    // The first request makes kernels and pages warm, which is no line's time.
    const isOver = performance.now() - startMs > budgetMs;
    if (index === 0 && !isOver) continue;
    promptMs.push(timings.prefillMs);
    if (stats.numSteps > 0) tokenMs.push(timings.decodeMs / stats.numSteps);
    if (isOver) break;
  }
  // The least disturbed of them: other work on the machine only ever adds.
  return { promptMs: Math.min(...promptMs), tokenMs: Math.min(...tokenMs), models };
}

/** Code of more tokens than a prompt has, with a gap; another one for each index. */
function placeOf(index: number) {
  const code = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => {
      const id = index * 100 + from + at;
      return (
        `export function scale${id}(values: readonly number[], factor: number): number[] {\n` +
        `  const limit = ${id} * factor;\n  return values.map((value) => Math.min(limit, value * factor));\n}\n\n`
      );
    }).join("");
  return {
    prefixText: `${code(0, 12)}export function sum${index}(values: readonly number[]): number {\n  let total = 0;\n  for (const `,
    suffixText: `\n  return total;\n}\n\n${code(50, 4)}`,
  };
}
