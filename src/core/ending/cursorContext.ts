/** The text around the cursor, read once for the rules of a completion's end. */

import { closingDelimiter } from "../syntax/closingDelimiter.ts";
import type { CodeLexer } from "../syntax/codeLexer.ts";
import { type CodeSyntax, syntaxOf } from "../syntax/codeSyntax.ts";
import { type IndentStyle, indentStyleOf, indentWidth } from "../syntax/indentation.ts";
import { endsAllElements } from "../syntax/tagBalance.ts";
import { type PrefixBrackets, readBrackets } from "./bracketStack.ts";

/** What is around the cursor. */
export interface CursorText {
  readonly prefixText: string;
  readonly suffixText: string;
  /** VS Code's name of the language; guessed from the text if absent. */
  readonly languageId?: string | undefined;
}

/** A line of the document, without its break. */
export interface DocumentLine {
  readonly text: string;
  readonly trimmed: string;
  /** Columns before its text. */
  readonly indent: number;
}

export interface CursorContext {
  readonly syntax: CodeSyntax;
  readonly indentStyle: IndentStyle;
  readonly isSingleLine: boolean;
  /** The cursor's line before and after the cursor. */
  readonly lineBefore: string;
  readonly lineAfter: string;
  /** Columns before the text of the cursor's line. */
  readonly baseIndent: number;
  /** The nearest line above with text. */
  readonly lineAbove: DocumentLine | undefined;
  /** The next lines below with text, at most {@link NUM_LINES_BELOW}. */
  readonly linesBelow: readonly DocumentLine[];
  readonly brackets: PrefixBrackets;
  /** The delimiter of the string or comment around the cursor that must stay: the text after the cursor has it. */
  readonly closingDelimiter: string | undefined;
  /** Whether the elements of markup around the cursor end behind it. */
  readonly endsElements: boolean;
}

const NUM_LINES_BELOW = 10;
/** Text read on each side, in UTF-16 code units: more than 1,000 lines, and less than 10 ms for both. */
const MAX_CHARS = 60_000;

/** What may stand between the cursor and the end of its line in a multi-line completion: closers an editor typed. */
const ONLY_CLOSERS = /^[\s)\]}>"'`;,:]*$/;

/** Whether only one line may be completed: text that the completion must join stands behind the cursor. */
export function isSingleLine(cursor: CursorText): boolean {
  return !ONLY_CLOSERS.test(firstLine(cursor.suffixText));
}

/** Reads the text around the cursor. */
export function readCursor(cursor: CursorText): CursorContext {
  const prefixText = windowBefore(cursor.prefixText);
  const suffixText = cursor.suffixText.slice(0, MAX_CHARS);
  const syntax = syntaxOf(cursor.languageId, prefixText);
  const indentStyle = indentStyleOf(prefixText, suffixText);
  const toLine = (text: string): DocumentLine => ({
    text,
    trimmed: text.trim(),
    indent: indentWidth(text, indentStyle.width),
  });
  const before = prefixText.split("\n");
  const lineBefore = before.at(-1) ?? "";
  const above = before.slice(0, -1).findLast((line) => line.trim() !== "");
  const below = suffixText.split("\n").slice(1);
  const isCut = prefixText !== cursor.prefixText;
  const brackets = readBrackets(prefixText, suffixText, syntax, indentStyle.width, isCut);
  const lineAfter = firstLine(suffixText);
  const delimiter = closingDelimiter(brackets.lexer, suffixText);
  return {
    syntax,
    indentStyle,
    isSingleLine: isSingleLine(cursor) || isTextOfLine(brackets.lexer, lineAfter, delimiter),
    lineBefore,
    lineAfter,
    baseIndent: indentWidth(lineBefore, indentStyle.width),
    lineAbove: above === undefined ? undefined : toLine(withoutReturn(above)),
    linesBelow: below
      .filter((line) => line.trim() !== "")
      .slice(0, NUM_LINES_BELOW)
      .map((line) => toLine(withoutReturn(line))),
    brackets,
    closingDelimiter: delimiter,
    endsElements:
      syntax.markup !== undefined &&
      !isCut &&
      endsAllElements(prefixText, suffixText, syntax.markup),
  };
}

/** Whether the cursor's line is the next one with text, at its indentation, once it has `addition`. */
export function isNextLine(context: CursorContext, addition: string): boolean {
  const { lineBefore, lineAfter, linesBelow, indentStyle } = context;
  const [below] = linesBelow;
  const own = lineBefore + addition;
  if (below?.indent !== indentWidth(own, indentStyle.width)) return false;
  return below.trimmed === own.trim() || below.trimmed === (own + lineAfter).trim();
}

/** Whether a line consists of closing brackets and what follows them. Such lines are judged by balance. */
export function isCloserLine(trimmed: string): boolean {
  return /^[)\]}][)\]};,]*$/.test(trimmed);
}

/** Whether a line break would change what the rest of the cursor's line is: part of a comment, or a string's end. */
function isTextOfLine(
  { mode, goesOn }: CodeLexer,
  lineAfter: string,
  delimiter: string | undefined,
): boolean {
  if (mode === "code" || goesOn || lineAfter.trim() === "") return false;
  return mode === "lineComment" || delimiter !== undefined;
}

function windowBefore(prefixText: string): string {
  if (prefixText.length <= MAX_CHARS) return prefixText;
  const window = prefixText.slice(-MAX_CHARS);
  // A line that is longer than the window is cut.
  return window.slice(window.indexOf("\n") + 1);
}

export function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return withoutReturn(end === -1 ? text : text.slice(0, end));
}

export function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

/** The text without the characters at its end that match; a pattern with `+$` would take quadratic time for that. */
export function withoutTrailing(text: string, pattern: RegExp): string {
  let end = text.length;
  while (end > 0 && pattern.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
