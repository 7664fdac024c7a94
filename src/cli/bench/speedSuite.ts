/** The suites of decoding speed: the sources are gathered here, everything else happens in the engine. */
import { DEFAULT_CONFIGS, type SpeedSuiteName } from "../../bench/base/benchConfigNames.ts";
import { formatBenchMarkdown } from "../../bench/speed/benchMarkdown.ts";
import {
  benchPlan,
  DEFAULT_MAX_TOKENS,
  DEFAULT_MINUTES,
  DEFAULT_PROMPT_TOKENS,
  MS_PER_MINUTE,
  progressText,
} from "../../bench/speed/benchPlan.ts";
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import type { BenchProgress, BenchSources } from "../../engine/protocol/benchMessages.ts";
import { readNamedSources, type SourcePackage } from "../sources/packageSources.ts";
import { readWorkspaceSources } from "../sources/workspaceSources.ts";
import type { BenchOptions, BenchSuite, SuiteSurroundings } from "./benchSuite.ts";

/** The workspace unless a folder is named, and what is unlike it: a library with another style and purpose. */
const WORKSPACE_PACKAGES = ["redux", "reselect", "@reduxjs/toolkit"] as const;
const FOREIGN_PACKAGES = ["immer"] as const;

/** However long it took until the engine is ready. */
const MIN_BUDGET_MS = 1_000;

export function progressLine({ part, done, total = 0, fraction, what }: BenchProgress): string {
  if (fraction !== undefined) return progressText(part, done, fraction, what);
  return `${part}: ${done} of ${total} prompts, ${what}`;
}

export function speedSuite(suites: readonly SpeedSuiteName[]): BenchSuite<BenchReport> {
  return {
    plan: ({ minutes = DEFAULT_MINUTES }) => benchPlan(suites, minutes),
    async measure({ options, context, session }, signal) {
      const { terminal } = context;
      const { minutes = DEFAULT_MINUTES, prompts } = options;
      const workspace = await workspaceSources({ options, context }, signal);
      const foreign = await readNamedSources(context, FOREIGN_PACKAGES, signal);
      return session.client.bench(
        {
          suites,
          workspace,
          foreign,
          configs: options.configs ?? DEFAULT_CONFIGS,
          // The minutes began with the process.
          budgetMs: Math.max(MIN_BUDGET_MS, minutes * MS_PER_MINUTE - performance.now()),
          ...(prompts === undefined ? {} : { numPrompts: prompts }),
          maxTokens: options.maxTokens ?? DEFAULT_MAX_TOKENS,
          maxPromptTokens: options.promptTokens ?? DEFAULT_PROMPT_TOKENS,
          seed: options.seed,
          ...(options.flatRows === undefined ? {} : { flatRows: options.flatRows }),
          ...(options.cold === undefined ? {} : { startsCold: options.cold }),
        },
        (progress) => terminal.progress(progressLine(progress)),
        signal,
      );
    },
    format: formatBenchMarkdown,
    // The cost of passes alone has no verdict.
    summary: ({ verdict }) => (suites.length === 0 ? undefined : verdict.sentence),
  };
}

/** The folder that is named, or the packages' sources. */
export function workspaceSources(
  {
    options,
    context,
  }: Pick<SuiteSurroundings, "context"> & { readonly options: Pick<BenchOptions, "workspace"> },
  signal: AbortSignal,
  packages: readonly SourcePackage[] = WORKSPACE_PACKAGES,
): Promise<BenchSources> {
  return options.workspace === undefined
    ? readNamedSources(context, packages, signal)
    : readWorkspaceSources(options.workspace, context.workingFolder, signal);
}
