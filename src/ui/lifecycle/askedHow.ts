/** How the editor asks the engine, as the settings say. */
import { DRAFT_SOURCES } from "../../core/tree/draftTree.ts";
import type { CompletionBrokerOptions } from "../../session/broker/brokerOptions.ts";
import { type Config, hasContext, suggestsOnlyWhenAsked } from "../base/config.ts";

/** Prompts that a key only appends to: with others each would have its suffix read again, and what was read ahead be of no use. */
const APPENDED = { anchor: { linesUp: 0 }, keepsAnchor: true, heals: true } as const;

export function askedHow(
  config: Config,
): Omit<CompletionBrokerOptions, "engine" | "clock" | "log" | "caches"> {
  const { firstLineMs, context } = config;
  return {
    maxTokens: config.maxTokens,
    numSuggestions: config.numSuggestions,
    suggestionMethod: config.suggestionMethod,
    onlyWhenAsked: suggestsOnlyWhenAsked(config),
    sources: config.speculation ? DRAFT_SOURCES : [],
    maxLossShare: config.maxLossPercent / 100,
    ...(firstLineMs > 0 && { firstLineMs, ...APPENDED }),
    ...(hasContext(context) && { context }),
  };
}
