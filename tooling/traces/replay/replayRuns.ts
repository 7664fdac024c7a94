/** Replays of several configurations at several costs, compared place by place with each other and with an earlier run. */
import { readFile } from "node:fs/promises";
import { FUSED_CONFIG, PLAIN_CONFIG } from "../../../src/bench/base/benchConfigNames.ts";
import { EngineError } from "../../../src/core/base/errors.ts";
import type { Trace, TracePrompt } from "../trace/trace.ts";
import { replayConfig } from "./replayConfigs.ts";
import type { ReplayCosts } from "./replayCosts.ts";
import { type Baseline, formatReplay, type ReplayFigures, replayFigures } from "./replayReport.ts";
import { replayTrace, TraceModels } from "./traceReplay.ts";

/** Of one table of costs. */
export interface CostsReport {
  readonly costs: ReplayCosts;
  readonly figures: readonly ReplayFigures[];
}

/** What is replayed, and compared with what. */
export interface ReplayPlan {
  readonly prompts: readonly TracePrompt[];
  readonly configs: readonly string[];
  readonly before: readonly CostsReport[] | undefined;
}

/** @param tell - is told what comes next. */
export async function replayAtCosts(
  trace: Trace,
  { prompts, configs, before }: ReplayPlan,
  costs: ReplayCosts,
  tell: (what: string) => void,
  signal: AbortSignal,
): Promise<CostsReport & { readonly table: string }> {
  const figures: ReplayFigures[] = [];
  for (const name of configs) {
    if (name.includes("draftModel") && trace.header.draft === null) continue;
    tell(`${costs.name}: ${name}`);
    const models = new TraceModels(trace.header);
    const config = replayConfig(name);
    const replayed = await replayTrace(trace, prompts, config, costs, models, signal);
    figures.push(replayFigures(name, replayed, models));
  }
  const named = (name: string, from: readonly ReplayFigures[]) =>
    from.find(({ config }) => config === name);
  const baselines: Baseline[] = [PLAIN_CONFIG, FUSED_CONFIG]
    .filter((name) => configs.includes(name))
    .map((name) => ({ name, of: () => named(name, figures) }));
  const earlier = before?.find((known) => known.costs.name === costs.name)?.figures;
  if (earlier !== undefined) {
    baselines.push({ name: "before", of: (name) => named(name, earlier) });
  }
  return { costs, figures, table: formatReplay(costs.name, figures, baselines) };
}

/**
 * Reads what `--json` wrote of an earlier replay of the same places.
 * @throws EngineError `invalidRequest` for a file that is none, or of other places.
 */
export async function readReport(path: string, half: string): Promise<readonly CostsReport[]> {
  const refuse = (found: string) =>
    new EngineError(
      "invalidRequest",
      `--before is "${path}": expected a report of the half ${half} that --json wrote, found ${found}.`,
    );
  let known: { readonly half?: string; readonly report?: readonly CostsReport[] };
  try {
    known = JSON.parse(await readFile(path, "utf8"));
  } catch {
    throw refuse("no JSON");
  }
  if (known?.half !== half || known.report === undefined) throw refuse(`${known?.half ?? "none"}`);
  return known.report;
}
