/**
 * What a completion leaves open, and what that does to the text behind the cursor. A comment that swallows the rest of
 * the cursor's line, or a string that nothing ends, would change what the user wrote, so it is not offered.
 */

import type { CodeLexer, LexerMode } from "../syntax/codeLexer.ts";
import { isOpener, OpenBrackets, type OwnBracket } from "./bracketStack.ts";
import type { CursorContext } from "./cursorContext.ts";

/** What a completion leaves open, as far as it opened it. */
export interface OpenEnds {
  /** Outermost first. */
  readonly brackets: readonly OwnBracket[];
  /** Where the string, comment or regular expression begins that the completion began and does not end. */
  readonly openTextStart: number | undefined;
  /** Where the completion's last character stands. */
  readonly mode: LexerMode;
  /** A string of one line was not ended on its line: quotes may be something else here. */
  readonly hasDoubtfulQuotes: boolean;
  /** Goes on behind the completion. */
  readonly lexer: CodeLexer;
}

/** Reads a completion that follows the text `lexer` has read. */
export function readOpenEnds(text: string, lexer: CodeLexer): OpenEnds {
  const own = lexer.fork(true);
  const brackets = new OpenBrackets<OwnBracket>();
  let openTextStart: number | undefined;
  let hasDoubtfulQuotes = false;
  for (let position = 0; position < text.length; position++) {
    const char = text[position]!;
    const wasInString = own.isInString;
    const isCode = own.push(char);
    if (own.mode === "code") {
      openTextStart = undefined;
      if (char === "\n" && wasInString) hasDoubtfulQuotes = true;
    } else if (own.delimiterLength > 0) openTextStart = Math.max(0, position + 1 - own.openedBack);
    if (!isCode) brackets.dropFrom(position + 1 - own.delimiterLength);
    else if (isOpener(char)) brackets.push({ char, position });
    else brackets.close(char);
  }
  return { brackets: brackets.items, openTextStart, mode: own.mode, hasDoubtfulQuotes, lexer: own };
}

/** Whether a completion leaves a string open that it began. */
export function isInOwnString({ openTextStart, mode }: OpenEnds): boolean {
  return openTextStart !== undefined && mode !== "lineComment";
}

/**
 * The part of a completion behind which the text after the cursor is read as it was without it, and nothing is open that
 * was not open before.
 *
 * @param lineBreak - the break, with the indentation of the next line, that the model wrote behind the completion; it
 *   stays where a comment would else swallow the rest of the cursor's line.
 */
export function withoutOpenText(text: string, context: CursorContext, lineBreak = ""): string {
  const { lexer } = context.brackets;
  for (let current = text; ; ) {
    const ends = readOpenEnds(current, lexer);
    const start = harmfulStart(ends, context);
    const isComment = ends.mode === "lineComment";
    if (start === undefined) {
      if (current === "" || readsAlike(ends.lexer, context)) return current;
      // The seam itself: a slash before a slash, a backslash before a quote.
      current = current.slice(0, -1).trimEnd();
    } else if (
      isComment &&
      current === text &&
      lineBreak !== "" &&
      mayBreak(text, start, context)
    ) {
      return text + lineBreak;
    } else current = current.slice(0, start).trimEnd();
  }
}

/** Whether the rest of the cursor's line may go to the next one: closers may, and text behind a comment of its own line. */
function mayBreak(text: string, commentStart: number, context: CursorContext): boolean {
  if (!context.isSingleLine) return true;
  const before = (context.lineBefore + text.slice(0, commentStart)).split("\n").at(-1) ?? "";
  return before.trim() === "";
}

/** Where text begins that would change what follows; undefined if it may stay open. */
function harmfulStart(ends: OpenEnds, { lineAfter }: CursorContext): number | undefined {
  const { mode, openTextStart } = ends;
  if (openTextStart === undefined) return undefined;
  const endsWithLine = mode === "lineComment" || mode === "regex";
  if (endsWithLine) return lineAfter.trim() === "" ? undefined : openTextStart;
  const isDoubtful = !ends.lexer.goesOn && ends.hasDoubtfulQuotes;
  return isDoubtful ? undefined : openTextStart;
}

/** Characters behind the cursor that are compared: what a seam changes, it changes at once. */
const NUM_COMPARED_CHARS = 256;

/** Whether the rest of the cursor's line is code where it was code, and text where it was text. */
function readsAlike(after: CodeLexer, { brackets, closingDelimiter, lineAfter }: CursorContext) {
  const before = brackets.lexer.fork();
  const isClosed = before.mode !== "code" && after.mode === "code";
  // What is open at the cursor and never ends may be ended by the completion.
  if (isClosed && closingDelimiter === undefined && before.mode !== "lineComment") return true;
  const seen = after.fork();
  if (lineAfter.trim() !== "" && seen.mode !== before.mode) return false;
  for (const char of lineAfter.slice(0, NUM_COMPARED_CHARS)) {
    before.push(char);
    seen.push(char);
    // A slash divides or begins a regular expression by what stands before it.
    if (before.mode === "regex" || seen.mode === "regex") return true;
    if (before.mode !== seen.mode) return false;
  }
  return true;
}
