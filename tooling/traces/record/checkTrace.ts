/** Decodes places of a trace with the real models by the same modelled clock as a replay, and compares both. */

import type { ModelPair } from "../../../src/engine/models/modelHost.ts";
import { FollowingTarget } from "../replay/followingTarget.ts";
import { replayConfig } from "../replay/replayConfigs.ts";
import type { ReplayCosts } from "../replay/replayCosts.ts";
import { checkReplay, type ReplayCheck } from "../replay/replayReport.ts";
import { replayTrace, TraceModels } from "../replay/traceReplay.ts";
import type { Trace, TracePrompt } from "../trace/trace.ts";
import { assertSameRecording, identify } from "./traceHeader.ts";

export interface CheckSettings {
  readonly path: string;
  readonly configs: readonly string[];
  /** The first of the trace. */
  readonly numPlaces: number;
  /** Whether the models say what they say now, near ties included; else what was recorded. */
  readonly isFree: boolean;
  readonly costs: ReplayCosts;
}

/**
 * @throws EngineError `invalidRequest` if these are not the recorded models.
 */
export async function checkTrace(
  pair: ModelPair,
  trace: Trace,
  { path, configs, numPlaces, isFree, costs }: CheckSettings,
  onProgress: (what: string) => void,
  signal: AbortSignal,
): Promise<ReplayCheck[]> {
  const { header } = trace;
  assertSameRecording(path, header, await identify(pair, header.settings, header.repositories));
  const prompts = trace.prompts.slice(0, numPlaces);
  const { target, draft } = pair;
  const following = new FollowingTarget(target.target);
  const real = {
    target: isFree ? target.target : following,
    draft: draft?.target,
    enter: (prompt: TracePrompt) => following.open(prompt.promptTokens, prompt.target),
  };
  const checks: ReplayCheck[] = [];
  for (const name of configs) {
    onProgress(`${name}: ${prompts.length} places with the models`);
    const config = replayConfig(name);
    for (const model of [real.target, real.draft]) await model?.prefill(new Int32Array(0), signal);
    const decoded = await replayTrace(trace, prompts, config, costs, real, signal);
    const recording = new TraceModels(header);
    const replayed = await replayTrace(trace, prompts, config, costs, recording, signal);
    if (following.numOverruled > 0) {
      onProgress(`${name}: the models would have chosen otherwise ${following.numOverruled} times`);
      following.numOverruled = 0;
    }
    checks.push(checkReplay(name, decoded.places, replayed.places, recording));
  }
  return checks;
}
