/** Two configurations at the same prompts: which of them compare, and what they did there. Pure. */
import { isLooping } from "../../core/tree/looping.ts";
import {
  FUSED_CONFIG,
  isPlainConfig,
  PLAIN_AGAIN_CONFIG,
  PLAIN_CONFIG,
} from "../base/benchConfigNames.ts";
import { MIN_BOUNDED_VALUES } from "../base/statistics.ts";
import { type DecodeRun, numDecoded } from "./benchDecoder.ts";
import type { RatioInterval } from "./benchReport.ts";
import type { PromptRun } from "./benchRunner.ts";
import { isNarrow, type Look, type PromptPair, ratioInterval } from "./ratioBounds.ts";

/** What is compared: tokens a second after the first pass, or how soon the first line is there. */
export type Measure = "speed" | "firstLine";

/** @returns undefined without a prompt that counts for both. */
export function measuredRatio(
  prompts: readonly PromptRun[],
  measure: Measure,
  name: string,
  base: string,
  look: Look,
): RatioInterval | undefined {
  const pairs = prompts.flatMap((prompt) => pairOf(prompt, measure, name, base) ?? []);
  return ratioInterval(pairs, { look, mayGain: !(isPlainConfig(name) && isPlainConfig(base)) });
}

/** Whether longer measuring would hardly say more about the product, or else about plain decoding's noise. */
export function isSettled(prompts: readonly PromptRun[]): boolean {
  const hasFused = prompts.some(({ runs }) => runs.has(FUSED_CONFIG));
  const name = hasFused ? FUSED_CONFIG : PLAIN_AGAIN_CONFIG;
  return (["speed", "firstLine"] as const).every((measure) => {
    const pairs = prompts.flatMap((prompt) => pairOf(prompt, measure, name, PLAIN_CONFIG) ?? []);
    // Of fewer the bounds are a range, which may be narrow by chance.
    const hasBounds = pairs.length >= MIN_BOUNDED_VALUES;
    const ratio = measuredRatio(prompts, measure, name, PLAIN_CONFIG, "early");
    return hasBounds && ratio !== undefined && isNarrow(ratio);
  });
}

/** Whether an output is another text than plain's, or a loop: decoding it is not the work that plain did. */
export function isOtherWork({ runs, comparisons }: PromptRun, name: string): boolean {
  const run = runs.get(name);
  if (run === undefined) return false;
  return comparisons.get(name)?.difference?.isNearTie === true || isLooping(run.tokens);
}

/** A run whose speed counts; one whose output ended with the first pass has none. */
export function countedRun(prompt: PromptRun, name: string): DecodeRun | undefined {
  const run = prompt.runs.get(name);
  const hasSpeed = run !== undefined && numDecoded(run) > 0 && run.decodeMs > 0;
  return hasSpeed && !isOtherWork(prompt, name) ? run : undefined;
}

function pairOf(
  prompt: PromptRun,
  measure: Measure,
  name: string,
  base: string,
): PromptPair | undefined {
  if (measure === "speed") {
    const [run, baseRun] = [countedRun(prompt, name), countedRun(prompt, base)];
    if (run === undefined || baseRun === undefined) return undefined;
    return {
      ...{ amount: numDecoded(run), ms: run.decodeMs },
      ...{ baseAmount: numDecoded(baseRun), baseMs: baseRun.decodeMs },
    };
  }
  const [ms, baseMs] = [firstLineMs(prompt, name), firstLineMs(prompt, base)];
  if (ms === undefined || baseMs === undefined) return undefined;
  return { amount: 1, ms, baseAmount: 1, baseMs };
}

/** From the request to the end of the first line; undefined where the output is another text. */
export function firstLineMs(prompt: PromptRun, name: string): number | undefined {
  return isOtherWork(prompt, name) ? undefined : prompt.firstLineMs.get(name);
}
