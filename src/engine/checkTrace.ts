/** Decodes places of a trace with the real models by the same modelled clock as a replay, and compares both. */
import { replayConfig } from "../bench/replayConfigs.ts";
import { recordedCosts } from "../bench/replayCosts.ts";
import { checkReplay, type ReplayCheck } from "../bench/replayReport.ts";
import type { Trace } from "../bench/trace.ts";
import { replayTrace, TraceModels } from "../bench/traceReplay.ts";
import type { ModelPair } from "./modelHost.ts";
import { assertSameRecording, identify } from "./traceHeader.ts";

/**
 * @param numPlaces - the first of the trace.
 * @throws EngineError `invalidRequest` if these are not the recorded models.
 */
export async function checkTrace(
  pair: ModelPair,
  trace: Trace,
  { path, configs, numPlaces }: { path: string; configs: readonly string[]; numPlaces: number },
  onProgress: (what: string) => void,
  signal: AbortSignal,
): Promise<ReplayCheck[]> {
  const { header } = trace;
  assertSameRecording(path, header, await identify(pair, header.settings, header.repositories));
  const prompts = trace.prompts.slice(0, numPlaces);
  const costs = recordedCosts(header);
  const { target, draft } = pair;
  const real = { target: target.target, draft: draft?.target, enter() {} };
  const checks: ReplayCheck[] = [];
  for (const name of configs) {
    onProgress(`${name}: ${prompts.length} places with the models`);
    const config = replayConfig(name);
    for (const model of [target, draft]) await model?.target.prefill(new Int32Array(0), signal);
    const decoded = await replayTrace(trace, prompts, config, costs, real, signal);
    const recording = new TraceModels(header);
    const replayed = await replayTrace(trace, prompts, config, costs, recording, signal);
    checks.push(checkReplay(name, decoded.places, replayed.places, recording));
  }
  return checks;
}
