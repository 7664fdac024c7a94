/** The suites of decoding speed: the sources are gathered here, everything else happens in the engine. */
import {
  ALL_CONFIGS,
  DEFAULT_CONFIGS,
  PLAIN_CONFIG,
  type SpeedSuiteName,
} from "../bench/benchConfigNames.ts";
import { formatBenchMarkdown } from "../bench/benchMarkdown.ts";
import type { BenchReport } from "../bench/benchReport.ts";
import type { BenchProgress, BenchSources } from "../engine/protocol.ts";
import type { BenchSuite, SuiteSurroundings } from "./benchSuite.ts";
import { readNamedSources } from "./packageSources.ts";
import { readWorkspaceSources } from "./workspaceSources.ts";

/** The workspace unless a folder is named, and what is unlike it: a library with another style and purpose. */
const WORKSPACE_PACKAGES = ["redux", "reselect", "@reduxjs/toolkit"] as const;
const FOREIGN_PACKAGES = ["immer"] as const;

export const DEFAULT_PROMPTS = 16;
export const DEFAULT_MAX_TOKENS = 48;
/** Half of what a completion may have: with an expensive target the prompts take most of the time. */
export const DEFAULT_PROMPT_TOKENS = 512;

export function progressLine({ part, done, total, what }: BenchProgress): string {
  return `${part}: ${done} of ${total} prompts, ${what}`;
}

export function speedSuite(suites: readonly SpeedSuiteName[]): BenchSuite<BenchReport> {
  return {
    async measure({ options, context, session }, signal) {
      const { terminal } = context;
      const wanted = options.configs ?? DEFAULT_CONFIGS;
      return session.client.bench(
        {
          suites,
          workspace: await workspaceSources({ options, context, session }, signal),
          foreign: await readNamedSources(context, FOREIGN_PACKAGES, signal),
          // Everything is compared with plain decoding.
          configs: ALL_CONFIGS.filter((name) => name === PLAIN_CONFIG || wanted.includes(name)),
          numPrompts: options.prompts ?? DEFAULT_PROMPTS,
          maxTokens: options.maxTokens ?? DEFAULT_MAX_TOKENS,
          maxPromptTokens: options.promptTokens ?? DEFAULT_PROMPT_TOKENS,
          seed: options.seed,
          ...(options.flatRows === undefined ? {} : { flatRows: options.flatRows }),
        },
        (progress) => terminal.progress(progressLine(progress)),
        signal,
      );
    },
    format: formatBenchMarkdown,
  };
}

/** The folder that is named, or the packages' sources. */
export function workspaceSources(
  { options, context }: SuiteSurroundings,
  signal: AbortSignal,
): Promise<BenchSources> {
  return options.workspace === undefined
    ? readNamedSources(context, WORKSPACE_PACKAGES, signal)
    : readWorkspaceSources(options.workspace, context.workingFolder, signal);
}
