/** Measures how soon a model shows a line, in an engine of its own: a few prompts of one length, read and answered plainly. */
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import { readGgufHeader } from "../../gguf/ggufHeader.ts";
import { type MeasuredSpeed, PROMPT_TOKENS } from "../../models/advice/lineTime.ts";
import { writeProbe } from "../../models/advice/probeModel.ts";
import type { EngineClient } from "../client/engineClient.ts";

export interface SpeedHere extends MeasuredSpeed {
  readonly models: LoadedModels;
}

const NUM_PROMPTS = 3;
/** Once a prompt is measured and this time is over, no other is. */
const BUDGET_MS = 4_000;
const MAX_TOKENS = 12;
const CONTEXT_SIZE = 1_024;

/**
 * With a model that only stands in for others.
 * @param path - where it is written for the time being. @param tokenizer - the bundled target.
 * @throws as {@link measureSpeed}, and what the file system says.
 */
export async function measureProbe(
  client: EngineClient,
  path: string,
  tokenizer: string,
  signal: AbortSignal,
): Promise<SpeedHere> {
  await using probe = await writeProbe(path, tokenizer, signal);
  try {
    return await measureSpeed(client, probe.path, signal);
  } finally {
    // Before its file goes: Windows deletes none that is in use.
    await client.unload(signal).catch(() => {});
  }
}

/** @throws what loading and completing throw; the signal's reason. */
export async function measureSpeed(
  client: EngineClient,
  targetPath: string,
  signal: AbortSignal,
): Promise<SpeedHere> {
  const weights = await weightsOf(targetPath, signal);
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
    const isOver = performance.now() - startMs > BUDGET_MS;
    if (index === 0 && !isOver) continue;
    promptMs.push(timings.prefillMs);
    if (stats.numSteps > 0) tokenMs.push(timings.decodeMs / stats.numSteps);
    if (isOver) break;
  }
  // The least disturbed of them: other work on the machine only ever adds.
  const isOnDevice = models.target.gpuLayers > 0;
  const device = isOnDevice ? { deviceMemoryBytes: models.deviceMemoryBytes } : {};
  return {
    promptMs: Math.min(...promptMs),
    tokenMs: Math.min(...tokenMs),
    ...weights,
    ...device,
    models,
  };
}

/** Weights that a prompt's token passes, and bytes that writing one reads: not the table of embeddings, of which it takes a row. */
async function weightsOf(path: string, signal: AbortSignal) {
  const header = await readGgufHeader(path, signal);
  const isTied = !header.tensors.some(({ name }) => name === "output.weight");
  const ends = header.tensors.map(({ offset }) => offset).sort((a, b) => a - b);
  const dataBytes = header.fileBytes - header.dataOffset;
  let [bytes, weights] = [0, 0];
  for (const { name, dims, offset } of header.tensors) {
    const isTable = name === "token_embd.weight";
    const next = ends.find((end) => end > offset) ?? dataBytes;
    if (!isTable || isTied) bytes += next - offset;
    if (!isTable && name !== "output.weight") weights += dims.reduce((a, b) => a * b, 1);
  }
  return { bytes, promptParameters: weights / 1e9 };
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
