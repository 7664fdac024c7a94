/** The suite `warmstart`: the sources are gathered here, everything else happens in the engine. */
import { formatWarmStartReport } from "../../bench/indexing/warmStartReport.ts";
import type { WarmStartAnswer } from "../../engine/protocol/warmStartMessages.ts";
import type { BenchSuite } from "./benchSuite.ts";
import { progressLine, workspaceSources } from "./speedSuite.ts";
import { DEFAULT_MAX_TOKENS, DEFAULT_PROMPTS } from "./suggestionsSuite.ts";

export const warmStartSuite: BenchSuite<WarmStartAnswer> = {
  async measure(surroundings, signal) {
    const { options, context, session } = surroundings;
    const { prompts, maxTokens, seed, flatRows } = options;
    return session.client.benchWarmStart(
      {
        workspace: await workspaceSources(surroundings, signal),
        numPrompts: prompts ?? DEFAULT_PROMPTS,
        maxTokens: maxTokens ?? DEFAULT_MAX_TOKENS,
        seed,
        ...(flatRows === undefined ? {} : { flatRows }),
      },
      (progress) => context.terminal.progress(progressLine(progress)),
      signal,
    );
  },
  format: formatWarmStartReport,
};
