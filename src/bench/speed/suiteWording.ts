/** Where a suite's prompts come from, and what drafters know of it, in words that a report repeats. Pure. */
import type { SpeedSuiteName } from "../base/benchConfigNames.ts";

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

/** What `verbatimShare` is a share of: a fact about the text, whether or not a drafter could know it. */
export const VERBATIM_LINES =
  "of the hidden lines stand elsewhere in the workspace or in their own file";
