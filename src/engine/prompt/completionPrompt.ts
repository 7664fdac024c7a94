/** The text around a cursor → the prompt, as completions and benchmarks ask it. */

import { concatTokens, type Token } from "../../core/base/tokens.ts";
import {
  buildDraftPrompt,
  DRAFT_PROMPT_TOKENS,
  DRAFT_SUFFIX_TOKENS,
} from "../../core/prompt/draftPrompt.ts";
import {
  buildFimPrompt,
  type FimParts,
  type FimPrompt,
  wholeLines,
  windowPrefix,
  windowSuffix,
} from "../../core/prompt/fimPrompt.ts";
import { anchorIndex } from "../../core/prompt/promptAnchor.ts";
import type { PromptTokens } from "../../llama/text/promptTokens.ts";
import type { ModelPair } from "../models/modelHost.ts";
import type { PromptEntries } from "../protocol/completeMessages.ts";
import type { PromptContext } from "./contextSource.ts";

/** Prompt tokens at most, where the context has room: what a CPU evaluates within a second of real use. */
export const MAX_PROMPT_TOKENS = 1024;

const NOTHING_PENDING = { pendingText: "", pendingTokens: new Int32Array(0) };

/** What a prompt is made of. */
export interface PromptRequest extends PromptEntries {
  /** Where the middle begins, as an index in the text before the cursor; by the anchor's rule if absent. */
  readonly anchorAt?: number;
}

/** A prompt, and the end of the text before the cursor that it leaves to the output: healing writes that (`engine/complete/healing.ts`). */
export interface CompletionPrompt extends FimPrompt {
  readonly pendingText: string;
  /** The same as it stands there. */
  readonly pendingTokens: Int32Array;
}

/**
 * The prompt of at most `maxPromptTokens` that leaves the context room for the output.
 * @param context - text of other files.
 * @param windowTokens - of the longest prompt of this place: text is read for that, so that all lengths tokenize the same.
 */
export function buildCompletionPrompt(
  pair: ModelPair,
  promptTokens: PromptTokens,
  request: PromptRequest,
  maxPromptTokens = MAX_PROMPT_TOKENS,
  context?: PromptContext,
  windowTokens = maxPromptTokens,
): CompletionPrompt {
  const { contextSize } = pair.target.target;
  const room = contextSize - Math.min(request.maxTokens, contextSize / 2);
  const withRoom = (numTokens: number) => Math.max(8, Math.min(numTokens, Math.floor(room)));
  const maxTokens = withRoom(maxPromptTokens);
  const textTokens = withRoom(windowTokens);
  const { prefixText, anchor: rule = "cursor" } = request;
  const { anchorAt = anchorIndex(prefixText, rule) } = request;
  const before = windowPrefix(prefixText, textTokens);
  const anchor = Math.max(0, anchorAt - (prefixText.length - before.length));
  // At an anchor that stays, too: what is typed next is the beginning of the middle.
  const isAnchored = rule !== "cursor";
  const last = isAnchored ? "middle" : "prefix";
  const lastText = isAnchored ? before.slice(anchor) : before;
  const { tokens: lastTokens, ...pending } = request.heals
    ? promptTokens.ofStable(last, lastText)
    : { tokens: promptTokens.ofBefore(last, lastText), ...NOTHING_PENDING };
  const text = {
    prefixTokens: isAnchored
      ? promptTokens.ofBefore("prefix", before.slice(0, anchor))
      : lastTokens,
    middleTokens: isAnchored ? lastTokens : new Int32Array(0),
    suffixTokens: promptTokens.ofSuffix(suffixOf(request, textTokens)),
  };
  const { pendingText, pendingTokens } = pending;
  const parts = targetPrompt(pair, request, text, maxTokens, context);
  const prompt = { ...parts, pendingText, pendingTokens };
  if (pair.draft === undefined) return prompt;
  const draftParts = {
    prefixTokens: concatTokens(text.prefixTokens, text.middleTokens),
    suffixTokens: pair.target.model.vocabulary.tokenize(
      windowSuffix(linesBelow(request.suffixText), DRAFT_SUFFIX_TOKENS),
    ),
  };
  const draftMaxTokens = Math.min(DRAFT_PROMPT_TOKENS, maxTokens);
  return { ...prompt, draftPromptTokens: buildDraftPrompt(pair.fim, draftParts, draftMaxTokens) };
}

function targetPrompt(
  pair: ModelPair,
  request: PromptRequest,
  text: Omit<FimParts, "headerTokens">,
  maxTokens: number,
  context: PromptContext | undefined,
): FimPrompt {
  const { fim } = pair;
  const pathLine = (path: string | undefined) => markedLine(pair, fim.fileSeparator, path);
  const repositoryLine = markedLine(pair, fim.repoName, request.repoName);
  const whole = [...repositoryLine, ...pathLine(request.filePath)];
  const plain = { ...text, headerTokens: Int32Array.from(whole) };
  if (context === undefined) return buildFimPrompt(fim, plain, maxTokens);
  // The context has the repository's line; without a path, too, something has to part it from the file.
  const own = Int32Array.from(pathLine(request.filePath ?? ""));
  const parts = { ...text, headerTokens: own, contextTokens: context.tokens };
  const prompt = buildFimPrompt(fim, parts, maxTokens);
  return prompt.numContextTokens > 0 ? prompt : buildFimPrompt(fim, plain, maxTokens);
}

function suffixOf({ suffixText, maxSuffixChars }: PromptRequest, maxTokens: number): string {
  const text = windowSuffix(suffixText, maxTokens);
  return maxSuffixChars === undefined ? text : wholeLines(text, maxSuffixChars);
}

/** What stands below the cursor's line. */
function linesBelow(suffixText: string): string {
  const end = suffixText.indexOf("\n");
  return end === -1 ? "" : suffixText.slice(end + 1);
}

/** A line behind its marker, for families that were trained with it. */
function markedLine(
  { target }: ModelPair,
  marker: Token | undefined,
  line: string | undefined,
): Token[] {
  if (marker === undefined || line === undefined) return [];
  return [marker, ...target.model.vocabulary.tokenize(`${line}\n`)];
}
