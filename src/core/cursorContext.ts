/** The text around the cursor, read once for the rules of a completion's end. */
import { type PrefixBrackets, readBrackets } from "./bracketStack.ts";
import { type LexerMode, spansLines } from "./codeLexer.ts";
import { type CodeSyntax, syntaxOf } from "./codeSyntax.ts";
import { type IndentStyle, indentStyleOf, indentWidth } from "./indentation.ts";

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
  return {
    syntax,
    indentStyle,
    isSingleLine: isSingleLine(cursor),
    lineBefore,
    lineAfter: firstLine(suffixText),
    baseIndent: indentWidth(lineBefore, indentStyle.width),
    lineAbove: above === undefined ? undefined : toLine(withoutReturn(above)),
    linesBelow: below
      .filter((line) => line.trim() !== "")
      .slice(0, NUM_LINES_BELOW)
      .map((line) => toLine(withoutReturn(line))),
    brackets,
    closingDelimiter: closingDelimiter(brackets.lexer.mode, suffixText),
  };
}

/** Whether a line consists of closing brackets and what follows them. Such lines are judged by balance. */
export function isCloserLine(trimmed: string): boolean {
  return /^[)\]}][)\]};,]*$/.test(trimmed);
}

function closingDelimiter(mode: LexerMode, suffixText: string): string | undefined {
  switch (mode) {
    case "code":
    case "lineComment":
    case "regex":
      return undefined;
    case "blockComment": {
      const end = suffixText.indexOf("*/");
      const start = suffixText.indexOf("/*");
      return end !== -1 && (start === -1 || end < start) ? "*/" : undefined;
    }
    default: {
      const text = spansLines(mode) ? suffixText : firstLine(suffixText);
      return text.split(mode).length % 2 === 0 ? mode : undefined;
    }
  }
}

function windowBefore(prefixText: string): string {
  if (prefixText.length <= MAX_CHARS) return prefixText;
  const start = prefixText.indexOf("\n", prefixText.length - MAX_CHARS) + 1;
  return prefixText.slice(start);
}

export function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return withoutReturn(end === -1 ? text : text.slice(0, end));
}

export function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
