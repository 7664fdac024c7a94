/** What a trace is of, measured where it begins, and compared where it goes on. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { EngineError } from "../../../src/core/base/errors.ts";
import { measurePassCost } from "../../../src/core/budget/measurePassCost.ts";
import { machineFacts } from "../../../src/engine/measure/machineFacts.ts";
import type { ModelPair, OpenModel } from "../../../src/engine/models/modelHost.ts";
import { tokenizerHash } from "../../../src/llama/model/tokenizerHash.ts";
import type { TracedModel, TracedSource, TraceHeader, TraceSettings } from "../trace/trace.ts";

/** Time for t(n) of a model, in ms: the largest passes of a model of 1.5 B take half a second on two cores. */
const MEASURE_MS = 15_000;
/** Prompt tokens that are timed. */
const TIMED_TOKENS = 384;

/** What of a header is the same, whoever measures. */
export type TraceIdentity = Omit<TraceHeader, "target" | "draft" | "threads"> & {
  readonly target: Omit<TracedModel, "passMs" | "promptTokenMs">;
  readonly draft: Omit<TracedModel, "passMs" | "promptTokenMs"> | null;
};

export async function identify(
  pair: ModelPair,
  settings: TraceSettings,
  repositories: readonly TracedSource[],
): Promise<TraceIdentity> {
  const { target, draft, isEndToken, loaded } = pair;
  const { vocabulary, header } = target.model;
  const endTokens = Array.from({ length: vocabulary.size }, (_, token) => token).filter(isEndToken);
  const { cpu, platform } = machineFacts();
  return {
    target: await identifyModel(target),
    draft: draft === undefined ? null : await identifyModel(draft),
    tokenizerHash: tokenizerHash(header),
    endTokens,
    backend: loaded.backend,
    llamaCpp: loaded.llamaCppVersion,
    machine: [cpu, platform, ...loaded.deviceNames].join(", "),
    settings,
    repositories: repositories.map(({ name, license, half, sha256 }) => ({
      name,
      license,
      half,
      sha256,
    })),
  };
}

/** Measures what passes and prompts take; the caches hold other tokens afterwards. */
export async function measured(
  identity: TraceIdentity,
  { target, draft }: ModelPair,
  signal: AbortSignal,
): Promise<TraceHeader> {
  const withTimes = async <T>(one: T, open: OpenModel) => ({
    ...one,
    ...(await measureModel(open, signal)),
  });
  return {
    ...identity,
    target: await withTimes(identity.target, target),
    draft: identity.draft && draft ? await withTimes(identity.draft, draft) : null,
    threads: target.target.numThreads,
  };
}

/** @throws EngineError `invalidRequest` naming the first thing that differs. */
export function assertSameRecording(path: string, found: TraceHeader, own: TraceIdentity): void {
  const differing = firstDifference("", own, found);
  if (differing === undefined) return;
  throw new EngineError(
    "invalidRequest",
    `${path} was recorded with another ${differing}. It goes with the recorded ones only: load those, or choose another file.`,
  );
}

/** The name of the first field of `own` that the other lacks, with both values. */
function firstDifference(name: string, own: unknown, other: unknown): string | undefined {
  if (typeof own !== "object" || own === null) {
    return own === other ? undefined : `${name}: ${JSON.stringify(other)} in place of ${own}`;
  }
  const others = typeof other === "object" && other !== null ? other : {};
  if (Array.isArray(own) && own.length !== (other as unknown[])?.length) {
    return `number of ${name}: ${(other as unknown[])?.length} in place of ${own.length}`;
  }
  for (const [key, value] of Object.entries(own)) {
    const at = name === "" ? key : `${name}.${key}`;
    const found = firstDifference(at, value, (others as Record<string, unknown>)[key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function identifyModel({ model, target }: OpenModel): Promise<TraceIdentity["target"]> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(model.path)) hash.update(chunk as Buffer);
  const { vocabSize, contextSize, maxNodes, maxBranches } = target;
  return {
    name: model.name,
    fileName: basename(model.path),
    fileBytes: model.header.fileBytes,
    sha256: hash.digest("hex"),
    vocabSize,
    contextSize,
    maxNodes,
    maxBranches,
  };
}

async function measureModel({ target }: OpenModel, signal: AbortSignal) {
  const now = () => performance.now();
  const { points } = await measurePassCost(target, { now, budgetMs: MEASURE_MS }, signal);
  await target.prefill(new Int32Array(0), signal);
  const tokens = Int32Array.from({ length: TIMED_TOKENS }, (_, index) => 3 + (index % 97));
  const start = now();
  await target.prefill(tokens, signal);
  return { passMs: points, promptTokenMs: (now() - start) / TIMED_TOKENS };
}
