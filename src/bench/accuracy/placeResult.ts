/** What a model answered at a place, and how it compares with what stood there. Pure. */
import { CompletionScanner } from "../../core/ending/completionScanner.ts";
import { readCursor } from "../../core/ending/cursorContext.ts";
import type { PromptShares } from "../../core/prompt/promptShares.ts";
import { relativeDistance } from "../../core/suggestions/editDistance.ts";
import type { FinishReason } from "../../core/tree/generation.ts";
import type { StopSpot } from "../spots/stopSpots.ts";

/** Whether a file parses with something at the cursor; null where no parser tells. */
export type Parses = boolean | null;

/** One place of the suite `accuracy`, answered. Plain data: a line of a file that a run goes on from. */
export interface PlaceResult extends ReturnType<typeof placeFacts> {
  /** Whether the tokens of text and hidden text together begin with those of the text before the cursor. */
  readonly keepsTokens: boolean;
  /** What the prompt consisted of; older runs do not say. */
  readonly shares?: PromptShares;
  /** What the target wrote, up to the end that the stop rule found. */
  readonly rawText: string;
  /** What is offered, empty where nothing is. */
  readonly offeredText: string;
  /** Why nothing is. */
  readonly rejection: string | null;
  /** The suggestions beside the first. */
  readonly otherTexts: readonly string[];
  readonly finishReason: FinishReason;
  readonly numTokens: number;
  /** [numTokens] text and natural log-probability of each token; older runs do not say. */
  readonly pieces?: readonly string[];
  readonly logProbs?: readonly number[];
  /** From the request to the first suggestion; the prompt's part of it; the other suggestions beyond it. */
  readonly firstMs: number;
  readonly prefillMs: number;
  readonly othersMs: number;
  /** With the hidden text, with nothing, with what is offered, with the raw text at the cursor. */
  readonly parses: {
    readonly original: Parses;
    readonly without: Parses;
    readonly offered: Parses;
    readonly raw: Parses;
  };
}

/** How a text compares with what stood there. */
export interface Judgement {
  /** Whether its first line with text is that of the hidden text, white space at its end aside. */
  readonly isLineExact: boolean;
  /** Whether it is the hidden text, white space at its end aside. */
  readonly isWhole: boolean;
  /** 1 - edit distance by the longer text, 0 … 1: of the first lines, and of the texts. */
  readonly lineSimilarity: number;
  readonly textSimilarity: number;
  /** UTF-16 code units, and how many of them, from the start on, stand in the real text. */
  readonly numChars: number;
  readonly numKept: number;
}

type Hidden = Pick<PlaceResult, "hiddenText" | "textBehind">;

/** @param text - an answer; an empty one is as wrong as can be and keeps nothing. */
export function judge(text: string, { hiddenText, textBehind }: Hidden): Judgement {
  const answer = text.trimEnd();
  const hidden = hiddenText.trimEnd();
  const answerLine = firstTextLine(answer);
  const hiddenLine = firstTextLine(hidden);
  return {
    isLineExact: answer !== "" && answerLine === hiddenLine,
    isWhole: answer === hidden,
    lineSimilarity: 1 - relativeDistance(answerLine, hiddenLine),
    textSimilarity: 1 - relativeDistance(answer, hidden),
    numChars: answer.length,
    numKept: commonLength(answer, hiddenText + textBehind),
  };
}

/** Up to the end of the first line with text; the line breaks before it belong to it. */
export function firstTextLine(text: string): string {
  return (/^\s*[^\n]*/.exec(text)?.[0] ?? "").trimEnd();
}

/** The part of what was written that the stop rule let stand: what an editor would show without trimming. */
export function rawTextOf(pieces: readonly string[], spot: StopSpot): string {
  const { prefixText, suffixText, language: languageId } = spot;
  const scanner = new CompletionScanner(readCursor({ prefixText, suffixText, languageId }));
  scanner.push(pieces.join(""));
  return scanner.text;
}

/** Path, cursor, span, and a checksum of the file around it: a place of a changed file is another one. */
export function placeKey({ path, line, column, span, ...texts }: StopSpot): string {
  const text = texts.prefixText + texts.hiddenText + texts.suffixText;
  let hash = 0x811c9dc5;
  // FNV-1a over UTF-16 code units.
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return `${path}:${line}:${column} ${span} ${hash.toString(16)}`;
}

/** Text behind the hidden span that an answer could reach, in UTF-16 code units. */
const TEXT_BEHIND = 1000;

/** What a result says of its place; `key` names that for as long as its file stays as it is. */
export function placeFacts(spot: StopSpot) {
  const { prefixText: _, suffixText, ...facts } = spot;
  // What follows the hidden text, as far as an answer could reach.
  return { key: placeKey(spot), ...facts, textBehind: suffixText.slice(0, TEXT_BEHIND) };
}

function commonLength(a: string, b: string): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length++;
  return length;
}
