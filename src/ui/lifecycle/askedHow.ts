/** How the editor asks the engine, as the settings say. */
import { isDeepStrictEqual } from "node:util";
import { APPENDED_PROMPT } from "../../core/prompt/promptAnchor.ts";
import { DRAFT_SOURCES } from "../../core/tree/draftTree.ts";
import type { CompletionBrokerOptions } from "../../session/broker/brokerOptions.ts";
import { type Config, hasContext, whyOnlyWhenAsked } from "../base/config.ts";

export function askedHow(
  config: Config,
): Omit<CompletionBrokerOptions, "engine" | "clock" | "log" | "caches"> {
  const { firstLineMs, context } = config;
  return {
    maxTokens: config.maxTokens,
    numSuggestions: config.numSuggestions,
    minConfidence: config.minConfidencePercent / 100,
    suggestionMethod: config.suggestionMethod,
    onlyWhenAsked: whyOnlyWhenAsked(config) !== undefined,
    sources: config.speculation ? DRAFT_SOURCES : [],
    maxLossShare: config.maxLossPercent / 100,
    ...APPENDED_PROMPT,
    keepsAnchor: true,
    ...(firstLineMs > 0 && { firstLineMs }),
    ...(hasContext(context) && { context }),
  };
}

/** Whether questions are asked otherwise, so that earlier answers hold no more. */
export function asksOtherwise(before: Config, after: Config): boolean {
  return !isDeepStrictEqual(askedHow(before), askedHow(after));
}
