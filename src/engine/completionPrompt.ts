/** The text around a cursor → the prompt, as completions and benchmarks ask it. */
import type { GenerationContext } from "../core/drafter.ts";
import { buildDraftPrompt, DRAFT_PROMPT_TOKENS, DRAFT_SUFFIX_TOKENS } from "../core/draftPrompt.ts";
import { buildFimPrompt, windowPrefix, windowSuffix } from "../core/fimPrompt.ts";
import { anchorIndex } from "../core/promptAnchor.ts";
import { concatTokens } from "../core/tokens.ts";
import type { PromptTokens } from "../llama/promptTokens.ts";
import type { ModelPair } from "./modelHost.ts";
import type { CompleteParams } from "./protocol.ts";

/** Prompt tokens at most, where the context has room: what a CPU evaluates within a second of real use. */
export const MAX_PROMPT_TOKENS = 1024;

/** What a prompt is made of. */
export type PromptRequest = Pick<
  CompleteParams,
  "prefixText" | "suffixText" | "filePath" | "repoName" | "maxTokens" | "anchor"
>;

/** The prompt of at most `maxPromptTokens` that leaves the context room for the output. */
export function buildCompletionPrompt(
  pair: ModelPair,
  promptTokens: PromptTokens,
  request: PromptRequest,
  maxPromptTokens = MAX_PROMPT_TOKENS,
): GenerationContext {
  const { contextSize } = pair.target.target;
  const room = contextSize - Math.min(request.maxTokens, contextSize / 2);
  const maxTokens = Math.max(8, Math.min(maxPromptTokens, Math.floor(room)));
  const before = windowPrefix(request.prefixText, maxTokens);
  const anchor = anchorIndex(before, request.anchor ?? "cursor");
  const parts = {
    prefixTokens: promptTokens.ofBefore("prefix", before.slice(0, anchor)),
    middleTokens: promptTokens.ofBefore("middle", before.slice(anchor)),
    suffixTokens: promptTokens.ofSuffix(windowSuffix(request.suffixText, maxTokens)),
    headerTokens: headerTokens(pair, request),
  };
  const context = buildFimPrompt(pair.fim, parts, maxTokens);
  if (pair.draft === undefined) return context;
  const draftParts = {
    prefixTokens: concatTokens(parts.prefixTokens, parts.middleTokens),
    suffixTokens: pair.target.model.vocabulary.tokenize(
      windowSuffix(linesBelow(request.suffixText), DRAFT_SUFFIX_TOKENS),
    ),
  };
  const draftMaxTokens = Math.min(DRAFT_PROMPT_TOKENS, maxTokens);
  return { ...context, draftPromptTokens: buildDraftPrompt(pair.fim, draftParts, draftMaxTokens) };
}

/** What stands below the cursor's line. */
function linesBelow(suffixText: string): string {
  const end = suffixText.indexOf("\n");
  return end === -1 ? "" : suffixText.slice(end + 1);
}

/** Repository and path lines, for families that were trained with them. */
function headerTokens(pair: ModelPair, request: PromptRequest): Int32Array {
  const { repoName, fileSeparator } = pair.fim;
  const { vocabulary } = pair.target.model;
  const tokens: number[] = [];
  if (repoName !== undefined && request.repoName !== undefined) {
    tokens.push(repoName, ...vocabulary.tokenize(`${request.repoName}\n`));
  }
  if (fileSeparator !== undefined && request.filePath !== undefined) {
    tokens.push(fileSeparator, ...vocabulary.tokenize(`${request.filePath}\n`));
  }
  return Int32Array.from(tokens);
}
