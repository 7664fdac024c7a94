/**
 * The draft model's own prompt: short, and append-only. Drafts are worth the time that they save, so what is read for them has
 * to cost little; and most of the time it is read for a key, so what a key changes has to be little, too.
 */
import type { FimOrder } from "./fimFamilies.ts";
import { buildFimPrompt, type FimParts, type FimTokens, prefixStart } from "./fimPrompt.ts";

/**
 * Tokens of such a prompt at most, and of them of the text behind the cursor. Of the next four tokens that Qwen2.5-Coder 1.5B
 * wrote behind its whole prompt (591 tokens at 18 places of unseen code; 814 tokens in the mean) the 0.5B said so many in a row: behind
 * the same prompt 2.62, behind the last 512 tokens of it 2.44, 256 2.23, 128 2.03, 64 1.77; in this order behind 448 + 64
 * 2.44, 192 + 64 2.34, 96 + 32 1.95; without what is behind the cursor 1.98 (256) and 1.73 (128).
 */
export const DRAFT_PROMPT_TOKENS = 256;
export const DRAFT_SUFFIX_TOKENS = 64;
const NO_TOKENS = new Int32Array(0);

/**
 * The start of the suffix, then the end of the prefix, which the output continues: what is typed or accepted is appended, and
 * the cache keeps the rest. Families of the order prefix-suffix-middle get an empty prefix, and the text before the cursor as
 * the start of the middle.
 *
 * @param suffixTokens - of the lines below the cursor's: the rest of its own line changes as one types, by closing brackets.
 *   Left out it costs next to nothing: 2.32 in place of 2.34 above.
 * @param maxTokens - length at most; enough for the markers and a token of the prefix at least.
 * @see Bavarian et al. (arXiv 2207.14255), SPM variant 2: a sample of their training whose prefix is empty.
 */
export function buildDraftPrompt(
  fim: FimTokens,
  { prefixTokens, suffixTokens }: Pick<FimParts, "prefixTokens" | "suffixTokens">,
  maxTokens: number = DRAFT_PROMPT_TOKENS,
): Int32Array {
  const numMarkers = 3 + (fim.bos === undefined ? 0 : 1);
  const numSuffix = Math.max(0, Math.min(DRAFT_SUFFIX_TOKENS, (maxTokens - numMarkers) >> 2));
  const numPrefix = Math.max(1, maxTokens - numMarkers - numSuffix);
  const before = prefixTokens.subarray(prefixStart(prefixTokens.length, numPrefix));
  const placed = {
    PSM: { prefixTokens: NO_TOKENS, middleTokens: before },
    SPM: { prefixTokens: before },
  } satisfies Record<FimOrder, Partial<FimParts>>;
  const parts = {
    ...placed[fim.order],
    suffixTokens: suffixTokens.subarray(0, numSuffix),
    headerTokens: NO_TOKENS,
  };
  // They fit, so that nothing more is cut.
  return buildFimPrompt(fim, parts, maxTokens).promptTokens;
}
