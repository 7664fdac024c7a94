/** How the editor asks the engine, as the settings say. */
import { DRAFT_SOURCES } from "../../core/tree/draftTree.ts";
import type { CompletionBrokerOptions } from "../../session/broker/brokerOptions.ts";
import { type Config, hasContext, suggestsOnlyWhenAsked } from "../base/config.ts";

/**
 * Prompts that a key only appends to, the tokens at the cursor healed: a key has nothing of the text behind it read again, and more lines
 * are right than with a prompt that ends at the cursor (docs/benchmarks.md, "Arms").
 */
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
    ...APPENDED,
    ...(firstLineMs > 0 && { firstLineMs }),
    ...(hasContext(context) && { context }),
  };
}
