/** What a benchmark of decoding speed is about to do, how long it takes, and where its prompts come from, in words. Pure. */
import type { SpeedSuiteName } from "../base/benchConfigNames.ts";

/** Minutes unless asked otherwise. */
export const DEFAULT_MINUTES = 3;
export const MS_PER_MINUTE = 60_000;
/** Output tokens, and prompt tokens: with an expensive target the prompts take most of the time. */
export const DEFAULT_MAX_TOKENS = 24;
export const DEFAULT_PROMPT_TOKENS = 256;

/** @param suites - none: only what a pass costs. */
export function benchPlan(suites: readonly SpeedSuiteName[], minutes: number): string {
  if (suites.length === 0) return "Measuring what a pass of so many rows costs: a few seconds.";
  const time = `${minutes} ${minutes === 1 ? "minute" : "minutes"} at most`;
  return `Measuring how soon a line is shown with and without drafts, at hidden spans of code (${suites.join(", ")}): ${time}.`;
}

/** `repo: 5 prompts measured, 40 % of the time (fused)`. */
export function progressText(part: string, done: number, fraction: number, what: string): string {
  const measured = done === 0 ? "" : `${done} ${done === 1 ? "prompt" : "prompts"} measured, `;
  return `${part}: ${measured}${Math.round(100 * fraction)} % of the time (${what})`;
}

/** What drafters know of code outside the prompt. The one place that says so: it has to be true. */
const INDEX_SENTENCE = "The index holds the workspace";

/** @param workspace - in words, as `foreign`: packages with their versions, or a folder. */
export function suiteOrigin(suite: SpeedSuiteName, workspace: string, foreign: string): string {
  switch (suite) {
    case "repo":
      return `Spans of ${workspace} are hidden. ${INDEX_SENTENCE}, without the span.`;
    case "scratch":
      return `Spans of ${foreign} are hidden, which is no part of ${workspace}. ${INDEX_SENTENCE}.`;
    case "unpredictable":
      return (
        `Random tokens are forced behind prompts of ${workspace}. ` +
        "Peers are left out: their target cannot be told what to say."
      );
  }
}
