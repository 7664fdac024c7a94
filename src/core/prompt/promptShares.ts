/** What a prompt consists of, in tokens. */
import type { FimPrompt } from "./fimPrompt.ts";
import { CONTEXT_KINDS, CONTEXT_NAMES, type ContextKind } from "./promptContext.ts";

/** Kinds of context; the text before and after the cursor; markers, repository and path lines. */
export const PROMPT_PARTS = [...CONTEXT_KINDS, "before", "after", "markers"] as const;
export type PromptPart = (typeof PROMPT_PARTS)[number];

/** By part, its tokens. They add up to the prompt's. */
export type PromptShares = Readonly<Record<PromptPart, number>>;

export const NO_CONTEXT = Object.fromEntries(CONTEXT_KINDS.map((kind) => [kind, 0])) as Record<
  ContextKind,
  number
>;

/** In words. */
export const PART_NAMES: Readonly<Record<PromptPart, string>> = {
  ...CONTEXT_NAMES,
  before: "text before the cursor",
  after: "text after it",
  markers: "markers, repository and path",
};

/** @param contextTokens - by kind, those of the context that was offered to the prompt, its repository line not among them. */
export function promptShares(
  { promptTokens, prefixTokens, suffixTokens, numContextTokens }: FimPrompt,
  contextTokens: Readonly<Record<ContextKind, number>> | undefined,
): PromptShares {
  const isThere = numContextTokens > 0 && contextTokens !== undefined;
  const shares = {
    ...(isThere ? contextTokens : NO_CONTEXT),
    before: prefixTokens.length,
    after: suffixTokens.length,
  };
  const sum = Object.values(shares).reduce((total, numTokens) => total + numTokens, 0);
  return { ...shares, markers: promptTokens.length - sum };
}
