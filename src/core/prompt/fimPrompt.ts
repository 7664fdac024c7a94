/** Assembles the fill-in-the-middle prompt within a token budget. */

import { splitsPair } from "../base/surrogates.ts";
import { concatTokens, type Token } from "../base/tokens.ts";
import type { GenerationContext } from "../tree/drafter.ts";
import type { FimOrder } from "./fimFamilies.ts";

/** A family's markers as ids of one vocabulary. */
export interface FimTokens {
  readonly order: FimOrder;
  readonly prefix: Token;
  readonly suffix: Token;
  readonly middle?: Token | undefined;
  readonly repoName?: Token | undefined;
  readonly fileSeparator?: Token | undefined;
  readonly bos?: Token | undefined;
}

/** The ids that structure a prompt; one of them in the output says that the gap is filled. */
export function fimMarkers(fim: FimTokens): ReadonlySet<Token> {
  const { prefix, suffix, middle, repoName, fileSeparator } = fim;
  return new Set(
    [prefix, suffix, middle, repoName, fileSeparator].filter((id) => id !== undefined),
  );
}

/** The parts of a prompt, in tokens. */
export interface FimParts {
  /** The text before the cursor, or before the anchor. */
  readonly prefixTokens: Int32Array;
  /** From an anchor to the cursor: the model reads it as the beginning of the middle, so that what is typed only appends. */
  readonly middleTokens?: Int32Array;
  readonly suffixTokens: Int32Array;
  /** Repository and path lines, already with their markers; dropped where they would take too much of the budget. */
  readonly headerTokens: Int32Array;
  /**
   * Text of other files, already with their markers and whatever comes first; stands before the header, which parts it from the
   * file. Dropped where both together would take too much of the budget.
   */
  readonly contextTokens?: Int32Array;
}

/** A prompt, and how much of it is no text of the file itself. */
export interface FimPrompt extends GenerationContext {
  readonly numContextTokens: number;
}

/** Share of the budget the suffix may take while the prefix needs the rest (llama.cpp's `/infill` uses the same). */
const MAX_SUFFIX_SHARE = 0.25;
/** A header that would take more than this share of a short budget is left out. */
const MAX_HEADER_SHARE = 0.25;
/** Text of other files is left out where it would take more, the header included. */
const MAX_CONTEXT_SHARE = 0.75;
/**
 * Parts that do not fit are cut in steps of these shares of the budget, so that the prompt keeps its start, and with it
 * the KV cache, while the user types on: the prefix at its start, and the suffix, which stands first in SPM order, at
 * its end.
 */
const PREFIX_CUT_SHARE = 0.25;
const SUFFIX_CUT_SHARE = 0.125;

/**
 * The prompt, and the parts of it that drafters need without markers. The text before the cursor keeps its end, the suffix its
 * start; what one does not use the other may.
 *
 * @param maxTokens - length of the prompt at most.
 * @throws RangeError if the budget cannot hold the markers and one token.
 */
export function buildFimPrompt(fim: FimTokens, parts: FimParts, maxTokens: number): FimPrompt {
  const markers = [fim.bos, fim.prefix, fim.suffix, fim.middle].filter((id) => id !== undefined);
  const budget = maxTokens - markers.length;
  if (budget < 1) {
    throw new RangeError(`a prompt of ${maxTokens} tokens cannot hold ${markers.length} markers`);
  }
  const { suffixTokens: allSuffix, middleTokens = new Int32Array(0) } = parts;
  const before = concatTokens(parts.prefixTokens, middleTokens);
  const context = keptContext(parts, budget);
  const header = context.length > 0 ? parts.headerTokens : keptHeader(before.length, parts, budget);
  const textBudget = budget - context.length - header.length;
  const suffixLength = keptSuffixLength(before.length, allSuffix.length, textBudget);
  const suffixTokens = allSuffix.subarray(0, suffixLength);
  // Cut as one text, so that what is typed behind an anchor moves no cut before it.
  const start = prefixStart(before.length, textBudget - suffixLength);
  const anchor = Math.max(start, parts.prefixTokens.length);

  const prefixPart = [fim.prefix, ...before.subarray(start, anchor)];
  const suffixPart = [fim.suffix, ...suffixTokens];
  const ordered = {
    PSM: [prefixPart, suffixPart],
    SPM: [suffixPart, prefixPart],
  } satisfies Record<FimOrder, Token[][]>;
  const promptTokens = Int32Array.from([
    ...(fim.bos === undefined ? [] : [fim.bos]),
    ...context,
    ...header,
    ...ordered[fim.order].flat(),
    ...(fim.middle === undefined ? [] : [fim.middle]),
    ...before.subarray(anchor),
  ]);
  return {
    ...{ promptTokens, prefixTokens: before.subarray(start), suffixTokens },
    numContextTokens: context.length,
  };
}

/** Whole or not at all: whoever chose it knew the budget. */
function keptContext({ contextTokens, headerTokens }: FimParts, budget: number): Int32Array {
  const none = new Int32Array(0);
  if (contextTokens === undefined || contextTokens.length === 0) return none;
  const numTokens = contextTokens.length + headerTokens.length;
  return numTokens <= budget * MAX_CONTEXT_SHARE ? contextTokens : none;
}

/** The header, unless it would crowd out text; what is typed seldom changes the decision. */
function keptHeader(
  numBefore: number,
  { suffixTokens, headerTokens }: FimParts,
  budget: number,
): Int32Array {
  const fitsAll = numBefore + suffixTokens.length + headerTokens.length <= budget;
  const isSmall = headerTokens.length <= budget * MAX_HEADER_SHARE;
  return fitsAll || isSmall ? headerTokens : new Int32Array(0);
}

/**
 * Tokens of the suffix that are kept: all if they fit beside the prefix; otherwise its share, and beyond that what the
 * prefix leaves, in steps.
 */
function keptSuffixLength(prefixLength: number, suffixLength: number, budget: number): number {
  const room = budget - prefixLength;
  if (suffixLength <= room) return suffixLength;
  const share = Math.floor(budget * MAX_SUFFIX_SHARE);
  const step = Math.max(1, Math.floor(budget * SUFFIX_CUT_SHARE));
  const beyond = Math.max(0, Math.floor((room - share) / step)) * step;
  return Math.min(suffixLength, share + beyond);
}

/** First token of the prefix that is kept: 0, or a multiple of the cut step that leaves at most `budget` tokens. */
export function prefixStart(length: number, budget: number): number {
  if (length <= budget) return 0;
  const step = Math.max(1, Math.floor(budget * PREFIX_CUT_SHARE));
  return Math.min(length, Math.ceil((length - budget) / step) * step);
}

/** Text that surely holds the tokens of a budget: code has 3 to 4 characters per token, and more than 8 are rare. */
const CHARS_PER_TOKEN = 8;

/**
 * The end of a prefix that is worth tokenizing. It starts at a line, and at the same line while the user types on:
 * the start moves in steps, so the KV prefix stays.
 */
export function windowPrefix(prefixText: string, maxTokens: number): string {
  const maxChars = maxTokens * CHARS_PER_TOKEN;
  const step = Math.max(1, Math.floor(maxChars * PREFIX_CUT_SHARE));
  const excess = prefixText.length - maxChars;
  if (excess <= 0) return prefixText;
  const start = Math.ceil(excess / step) * step;
  const lineStart = prefixText.indexOf("\n", start - 1) + 1;
  // A line that fills much of the window is cut where it is, but never inside a surrogate pair.
  const cut = lineStart > 0 && lineStart <= start + step ? lineStart : start;
  return prefixText.slice(splitsPair(prefixText, cut) ? cut + 1 : cut);
}

/** The start of a suffix that is worth tokenizing. */
export function windowSuffix(suffixText: string, maxTokens: number): string {
  const end = Math.min(suffixText.length, maxTokens * CHARS_PER_TOKEN);
  return suffixText.slice(0, splitsPair(suffixText, end) ? end - 1 : end);
}

/** The start of a text, up to the end of the last line that fits; where that is blank or nothing, as much as fits. */
export function wholeLines(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const end = text.lastIndexOf("\n", maxChars - 1) + 1;
  if (end > 0 && text.slice(0, end).trim() !== "") return text.slice(0, end);
  return text.slice(0, splitsPair(text, maxChars) ? maxChars - 1 : maxChars);
}
