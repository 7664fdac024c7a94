/** The suite of several suggestions: the sources are gathered here, everything else happens in the engine. */
import { disturbance } from "../../bench/base/busyMeter.ts";
import { busyBeforeStart, busyParts, tooFewForBounds } from "../../bench/base/doubts.ts";
import { formatSuggestionsReport } from "../../bench/suggestions/suggestionsReport.ts";
import { markdownText } from "../../core/base/foreignText.ts";
import type { BenchSuggestionsAnswer } from "../../engine/protocol/suggestionMessages.ts";
import type { BenchSuite } from "./benchSuite.ts";
import { progressLine, workspaceSources } from "./speedSuite.ts";

const DEFAULT_PROMPTS = 16;
const DEFAULT_MAX_TOKENS = 48;
const DEFAULT_PROMPT_TOKENS = 512;

export const suggestionsSuite: BenchSuite<BenchSuggestionsAnswer> = {
  async measure(surroundings, signal) {
    const { options, context, session } = surroundings;
    const { flatRows } = options;
    return session.client.benchSuggestions(
      {
        workspace: await workspaceSources(surroundings, signal),
        numPrompts: options.prompts ?? DEFAULT_PROMPTS,
        maxTokens: options.maxTokens ?? DEFAULT_MAX_TOKENS,
        maxPromptTokens: options.promptTokens ?? DEFAULT_PROMPT_TOKENS,
        seed: options.seed,
        ...(flatRows === undefined ? {} : { flatRows }),
      },
      (progress) => context.terminal.progress(progressLine(progress)),
      signal,
    );
  },
  format(answer) {
    const { origin, seed, maxTokens, backend, models, isComplete } = answer;
    const draft = models.draft === null ? "no draft model" : `draft ${markdownText(models.draft)}`;
    const cut = isComplete ? "" : " Not all prompts were measured.";
    const warnings = suggestionsWarnings(answer).map((warning) => `> - ${markdownText(warning)}\n`);
    return (
      `# Several suggestions\n\n${warnings.join("")}${warnings.length === 0 ? "" : "\n"}` +
      `Target ${markdownText(models.target)}, ${draft}, ${backend}. Spans hidden in ${markdownText(origin)}, behind white ` +
      `space; seed ${seed}, ${maxTokens} tokens at most.${cut}\n\n${formatSuggestionsReport(answer)}\n`
    );
  },
};

/** What a reader must know before believing the figures. */
function suggestionsWarnings({
  busyShare,
  othersShares,
  numPrompts,
  flatRows,
}: BenchSuggestionsAnswer): string[] {
  return [
    ...(flatRows === null
      ? []
      : [
          `The target's passes of up to ${flatRows} rows were made to take the same time: those done sooner waited. The draft ` +
            "model, prompts and the host kept this machine's pace; t(k)/t(1) is what was measured so.",
        ]),
    ...busyBeforeStart(busyShare),
    ...busyParts(disturbance(othersShares), othersShares.length, "prompts"),
    ...tooFewForBounds(numPrompts, "measured prompt"),
  ];
}
