/**
 * What of a decoded text is offered. It is cut at its end, where it would repeat the text after the cursor, and where
 * it would leave brackets worse than they are; white space is fitted to the document. Nothing is added.
 */

import { blankOf, indentWidth, repairIndentation } from "../syntax/indentation.ts";
import { openerOf } from "./bracketStack.ts";
import type { CompletionEnd } from "./completionEnd.ts";
import { type CompletionRejection, findRejection, isSurelyOffered } from "./completionRejection.ts";
import { CompletionScanner } from "./completionScanner.ts";
import {
  type CursorContext,
  type CursorText,
  isNextLine,
  readCursor,
  withoutTrailing,
} from "./cursorContext.ts";
import { withoutDanglingLines } from "./danglingLine.ts";
import { mayBecomeLoop } from "./loopDetector.ts";
import { wholeWords, withoutOpenBlock, withoutOpenCall } from "./naturalEnd.ts";
import { readOpenEnds, withoutOpenText } from "./openText.ts";
import { beforePossibleOverlap, withoutSuffixOverlap } from "./suffixOverlap.ts";

/** A text with something to show, or the reason why there is none. */
export type TrimmedCompletion =
  | { readonly text: string }
  | { readonly rejected: CompletionRejection };

export interface TrimOptions {
  /** Whether decoding was cut short: the last line may then lack its end. False unless given. */
  readonly isUnfinished?: boolean;
  /** Whether a text that was cut short before its first line ended has nothing to offer. False unless given. */
  readonly onlyWholeLines?: boolean;
}

/**
 * The part of a decoded text to offer at the cursor. Trimming the result again changes nothing.
 *
 * @param text - all that was decoded; what stands behind its end is ignored.
 */
export function trimCompletion(
  text: string,
  cursor: CursorText,
  options: TrimOptions = {},
): TrimmedCompletion {
  return trimAt(text, readCursor(cursor), options);
}

/** {@link trimCompletion} where the cursor has been read. */
export function trimAt(
  text: string,
  context: CursorContext,
  options: TrimOptions = {},
): TrimmedCompletion {
  let isUnfinished = options.isUnfinished ?? false;
  if (isUnfinished && options.onlyWholeLines === true && !text.trimStart().includes("\n")) {
    return { rejected: "empty" };
  }
  let current = text;
  // A cut can uncover another; each pass shortens the text or fits its indentation, so this ends.
  for (;;) {
    const trimmed = trimOnce(current, context, isUnfinished);
    if ("rejected" in trimmed || (trimmed.text === current && !isUnfinished)) return trimmed;
    current = trimmed.text;
    isUnfinished = false;
  }
}

/**
 * The part of a running completion that its end cannot change: what {@link trimAt} returns begins with it.
 *
 * @param settledText - text of the stop rule that no later text takes back; of a rule that has not ended.
 */
export function streamableText(settledText: string, context: CursorContext): string {
  const fitted = fitWhiteSpace(settledText, context);
  let text = fitted.trimEnd();
  if (!settledText.includes("\n")) {
    if (mayBecomeLoop(text)) return "";
    for (let before = ""; before !== text; ) {
      before = text;
      text = beforePossibleOverlap(withoutOpenTail(text, context), context).trimEnd();
      // Half a delimiter may turn out to begin a comment.
      text = withoutTrailing(withoutOpenText(text, context), /[-<!/*\s]/);
      text = withoutDanglingLines(wholeWords(text, context), context, true);
    }
  } else if (context.lineAfter.trim() !== "" || fitted !== settledText) {
    // What lines have in common with the rest of the cursor's line, and their level, is known at the end.
    return "";
  } else {
    // A cut can uncover another, as of a string that went on behind what was cut.
    for (let before = ""; before !== text; ) {
      before = text;
      const closed = withoutOpenText(text, context);
      // A bracket before what was cut may not be the end of its line.
      const without = closed === text ? withoutOpenBlock : withoutOpenCall;
      text = withoutDanglingLines(without(closed, context), context);
    }
  }
  return isSurelyOffered(text, context) ? text : "";
}

function trimOnce(text: string, context: CursorContext, isUnfinished: boolean): TrimmedCompletion {
  const end = findEnd(text, context, isUnfinished);
  const kept =
    end === undefined && isUnfinished ? withoutLastLine(text, context) : text.slice(0, end?.length);
  if (end?.cause === "repetition") {
    const whole = withoutOpenText(text.slice(0, end.soundLength).trimEnd(), context);
    const sound = withoutDanglingLines(whole, context);
    return sound === "" ? { rejected: "repetitive" } : { text: sound };
  }
  if (end?.cause === "suffixLine" && isNextLine(context, kept)) {
    return { rejected: "repeatsSuffix" };
  }
  const fitted = fitWhiteSpace(kept, context);
  const joined = withoutSuffixOverlap(fitted, context);
  const balanced = withoutOpenTail(joined, context);
  const isWhole = balanced.length === fitted.length;
  const lineBreak = isWhole ? lineBreakBehind(kept, text, context) : "";
  const closed = withoutOpenText(withoutTrailingSpace(balanced, context), context, lineBreak);
  const whole = withoutOpenBlock(closed, context);
  // What the model itself went on with stands below: that is what its last line asks for.
  const isContinued = end?.cause === "suffixLine" && whole === fitted.trimEnd();
  const ended = isContinued ? whole : withoutDanglingLines(whole, context);
  const isGlued = ended === joined && lineBreak !== "" && isAboveCode(context);
  const result = isGlued && ended.trim() !== "" ? ended + lineBreak : ended;
  if (result.trim() !== "") {
    const rejected = findRejection(result, context);
    return rejected === undefined ? { text: result } : { rejected };
  }
  const metSuffix = end?.cause === "closer" || end?.cause === "suffixLine";
  if (metSuffix || (joined.trim() === "" && fitted.trim() !== "")) {
    return { rejected: "repeatsSuffix" };
  }
  return { rejected: joined.trim() === "" ? "empty" : "tooShort" };
}

function findEnd(
  text: string,
  context: CursorContext,
  isUnfinished: boolean,
): CompletionEnd | undefined {
  const scanner = new CompletionScanner(context);
  return scanner.push(text) ?? (isUnfinished ? scanner.cutShort() : scanner.finish());
}

/** Without a line that was cut short; of the only one its whole words stay. */
function withoutLastLine(text: string, context: CursorContext): string {
  const lastBreak = text.lastIndexOf("\n");
  const before = lastBreak === -1 ? "" : text.slice(0, lastBreak);
  return before.trim() === "" ? wholeWords(text, context) : before;
}

function fitWhiteSpace(text: string, context: CursorContext): string {
  const { syntax, indentStyle, lineBefore } = context;
  const joined = withoutDoubledSpace(text, context);
  if (syntax.keepsTabs === true || indentStyle.kind === "unknown") return joined;
  const lines = joined.split("\n");
  const lexer = context.brackets.lexer.fork();
  const isFitted = lines.map((line, index) => {
    // White space behind text is none of the indentation.
    const isIndented = (index > 0 || lineBefore === "") && !lexer.isInString;
    for (const char of `${line}\n`) lexer.push(char);
    return isIndented;
  });
  return repairIndentation(lines, indentStyle, isFitted);
}

/** Without the space or indentation that stands before the cursor already. */
function withoutDoubledSpace(text: string, context: CursorContext): string {
  const { lineBefore } = context;
  const blank = /^[ \t]*(?=[^\s])/.exec(text)?.[0] ?? "";
  if (isStraySpace(blank, text, context)) return text.slice(1);
  if (blank === "" || !/[ \t]$/.test(lineBefore)) return text;
  const isIndentation = lineBefore.trim() === "";
  const isWanted = isIndentation && widthOf(lineBefore + blank, context) <= expectedIndent(context);
  return isWanted ? text : text.slice(blank.length);
}

/** One space at the start of a line of code is no indentation, unless the line above has it. */
function isStraySpace(blank: string, text: string, context: CursorContext): boolean {
  const { brackets, lineAbove, lineBefore, syntax } = context;
  if (blank !== " " || lineBefore !== "" || text[1] === "*") return false;
  return syntax.countsBrackets && brackets.lexer.mode === "code" && lineAbove?.indent !== 1;
}

function widthOf(blank: string, { indentStyle }: CursorContext): number {
  return indentWidth(blank, indentStyle.width);
}

/** Columns the cursor's line has at most: one level more where the line above opens a block. */
function expectedIndent({ lineAbove, lineBefore, indentStyle }: CursorContext): number {
  if (lineAbove === undefined) return 0;
  // In a new file the level is not known: what was typed is one.
  const isLevel = indentStyle.kind === "unknown" && indentWidth(lineBefore, 1) > lineAbove.indent;
  const opensBlock = !isLevel && /[([{:]$|=>$/.test(lineAbove.trimmed);
  return lineAbove.indent + (opensBlock ? indentStyle.width : 0);
}

/** Whether the cursor begins a line of text: a line that is written there stands above it. */
function isAboveCode({ isSingleLine, lineBefore, lineAfter }: CursorContext): boolean {
  return isSingleLine && lineBefore.trim() === "" && lineAfter.trim() !== "";
}

/** Without an opening bracket whose closer is missing in the last line, if text follows that line. */
function withoutOpenTail(text: string, context: CursorContext): string {
  const { lineAfter, brackets, syntax } = context;
  const hasSurplus = Object.values(brackets.numSurplus).some((count) => count > 0);
  if (lineAfter.trim() === "" || hasSurplus || !syntax.countsBrackets) return text;
  const lastLineStart = text.lastIndexOf("\n") + 1;
  const open = readOpenEnds(text, brackets.lexer).brackets.find(
    ({ position }) => position >= lastLineStart,
  );
  return open === undefined ? text : text.slice(0, open.position);
}

/** White space stays before a word only. */
function withoutTrailingSpace(text: string, { lineAfter }: CursorContext): string {
  const end = text.trimEnd();
  const blank = text.slice(end.length);
  const joinsWord = /^[\p{L}\p{N}_$"'`({[<]/u.test(lineAfter) && !/[\r\n]/.test(blank);
  return joinsWord ? end + blank.slice(0, 1) : end;
}

/**
 * The line break that the model wrote behind what is kept, with the indentation that fits what follows the cursor: that
 * of its own line, or of the bracket it closes. Nothing behind the break is looked at, as decoding may end with it.
 */
function lineBreakBehind(kept: string, text: string, context: CursorContext): string {
  const { isSingleLine, lineBefore, lineAfter, brackets, indentStyle } = context;
  const lineEnd = /^[ \t]*(\r?\n)/.exec(text.slice(kept.trimEnd().length))?.[1];
  if (lineEnd === undefined) return "";
  if (isSingleLine) return lineEnd + (/^\s*/.exec(lineBefore)?.[0] ?? "");
  const opener = openerOf(lineAfter.trimStart().charAt(0));
  const closed = brackets.open.findLast(({ char }) => char === opener);
  return lineEnd + blankOf(closed?.indent ?? context.baseIndent, indentStyle);
}
