/**
 * What a completion leaves open, and what that does to the text behind the cursor. A comment that swallows the rest of
 * the cursor's line, or a string that nothing ends, would change what the user wrote, so it is not offered.
 */

import type { CodeLexer } from "../syntax/codeLexer.ts";
import type { LexerMode } from "../syntax/lexerState.ts";
import { isOpener, OpenBrackets, type OwnBracket } from "./bracketStack.ts";
import type { CursorContext } from "./cursorContext.ts";

/** What a completion leaves open, as far as it opened it. */
export interface OpenEnds {
  /** Outermost first. */
  readonly brackets: readonly OwnBracket[];
  /** Closing braces that close none of them. */
  readonly numClosingBraces: number;
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
  /** Where the texts begin that are open, outermost first. */
  const starts: number[] = [];
  let outerDepth = own.depth;
  let hasDoubtfulQuotes = false;
  let numClosingBraces = 0;
  for (let position = 0; position < text.length; position++) {
    const char = text[position]!;
    if (own.isDoubled(char, text[position + 1])) {
      position++;
      continue;
    }
    const wasInString = own.isInString;
    const numBefore = own.numSubstitutions;
    const isCode = own.push(char);
    if (own.mode === "code" && char === "\n" && wasInString) hasDoubtfulQuotes = true;
    outerDepth = Math.min(outerDepth, own.depth);
    const numOpen = own.depth - outerDepth;
    if (own.delimiterLength > 0) {
      // The delimiter may have become a longer one.
      starts.length = Math.min(starts.length, numOpen - 1);
      const start = position + 1 - own.openedBack;
      // The slash before the cursor began an expression of the document.
      if (start >= 0 || own.mode !== "regex") starts.push(Math.max(0, start));
    } else starts.length = Math.min(starts.length, numOpen);
    if (!isCode) brackets.dropFrom(position + 1 - own.delimiterLength);
    if (own.numSubstitutions > numBefore) brackets.push({ char: "{", position });
    else if (own.numSubstitutions < numBefore) brackets.close("}");
    else if (!isCode) continue;
    else if (isOpener(char)) brackets.push({ char, position });
    else if (!brackets.close(char) && char === "}") numClosingBraces++;
  }
  // A here-document that its last line ends is whole; one that is declared begins with the next line.
  if (own.isAtHereEnd) starts.pop();
  const declaredAt = text.length - own.declaredBack;
  if (own.declaredBack > 0 && declaredAt >= 0) starts.push(declaredAt);
  const [openTextStart] = starts;
  return {
    brackets: brackets.items,
    numClosingBraces,
    openTextStart,
    mode: own.mode,
    hasDoubtfulQuotes,
    lexer: own,
  };
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
  const isClosed = after.depth < before.depth;
  // What is open at the cursor and never ends may be ended by the completion.
  if (isClosed && closingDelimiter === undefined && before.mode !== "lineComment") return true;
  const seen = after.fork();
  if (isInPattern(seen)) return true;
  if (lineAfter.trim() !== "" && !areAlike(seen, before)) return false;
  for (const char of lineAfter.slice(0, NUM_COMPARED_CHARS)) {
    before.push(char);
    seen.push(char);
    // A slash divides or begins a regular expression by what stands before it.
    if (isInPattern(before) || isInPattern(seen)) return true;
    if (!areAlike(seen, before)) return false;
  }
  return true;
}

function isInPattern({ mode }: CodeLexer): boolean {
  return mode === "regex";
}

function areAlike(a: CodeLexer, b: CodeLexer): boolean {
  return a.mode === b.mode && a.depth === b.depth && a.elementPart === b.elementPart;
}
