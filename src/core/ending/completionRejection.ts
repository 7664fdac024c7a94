/** Which completions are not worth showing, and why. */

import { indentWidth } from "../syntax/indentation.ts";
import { openerOf } from "./bracketStack.ts";
import type { CursorContext } from "./cursorContext.ts";
import { hasWords } from "./repeatBelow.ts";

/**
 * Why nothing is offered: no text (`empty`), punctuation or a single character (`tooShort`), text that stands after
 * the cursor (`repeatsSuffix`) or right above it (`repeatsLineAbove`) already, a loop (`repetitive`).
 */
export type CompletionRejection =
  | "empty"
  | "tooShort"
  | "repeatsSuffix"
  | "repeatsLineAbove"
  | "repetitive";

const MIN_CHARS = 2;
const ONLY_PUNCTUATION = /^[\s\p{P}$+<=>^`|~]*$/u;
/** Ends what was begun before the cursor, perhaps with the separators that follow. */
const ONLY_CLOSERS = /^[\s)\]}"'`;,]*$/;

/** The reason to refuse a trimmed completion that has text. */
export function findRejection(
  text: string,
  context: CursorContext,
): CompletionRejection | undefined {
  if (isTooShort(text, context)) return "tooShort";
  const isOneLine = !text.includes("\n");
  const written = writtenLines(isOneLine ? text + context.lineAfter : text, context);
  const { above, own } = comparedWithAbove(text, written, context);
  if (own !== undefined && hasWords(own) && areEqual(above, own, context))
    return "repeatsLineAbove";
  if (repeatsBelow(written, context)) return "repeatsSuffix";
  return undefined;
}

/** Whether a completion that begins with this text is never refused. */
export function isSurelyOffered(text: string, context: CursorContext): boolean {
  if (!hasSubstance(text)) return false;
  const written = writtenLines(text, context);
  const { above = "", own } = comparedWithAbove(text, written, context);
  if (own === undefined || normalized(above).startsWith(normalized(own))) return false;
  const first = normalized(written[0] ?? "");
  return !context.linesBelow.some((line) => normalized(line.text).startsWith(first));
}

/** The lines with text that a document has from the cursor's line on, once it has the completion. */
function writtenLines(text: string, { lineBefore }: CursorContext): string[] {
  return (lineBefore + text).split("\n").filter((line) => line.trim() !== "");
}

function isTooShort(text: string, context: CursorContext): boolean {
  return !hasSubstance(text) && !closesSomething(text.trim(), context);
}

function hasSubstance(text: string): boolean {
  return Array.from(text.trim()).length >= MIN_CHARS && !ONLY_PUNCTUATION.test(text);
}

/** Whether a text of closers ends a bracket, string or comment that only it ends. */
function closesSomething(trimmed: string, { brackets, closingDelimiter }: CursorContext): boolean {
  const { closer, isInString, mode } = brackets.lexer;
  if (closer !== undefined && closingDelimiter === undefined) {
    if (isInString ? trimmed.startsWith(closer) : trimmed === closer) return true;
  }
  if (mode === "block" && !isInString) return false;
  if (!ONLY_CLOSERS.test(trimmed)) return false;
  const closable = new Set<string>(
    brackets.open.filter((open) => open.isClosable).map((open) => open.char),
  );
  return Array.from(trimmed).some((char) => closable.has(openerOf(char) ?? ""));
}

/** The completion's first line and the one above it: the cursor's own, if the completion begins below that. */
function comparedWithAbove(
  text: string,
  written: readonly string[],
  { lineAbove, lineBefore }: CursorContext,
) {
  const startsBelow = /^\s*\n/.test(text) && lineBefore.trim() !== "";
  return {
    above: startsBelow ? lineBefore : lineAbove?.text,
    own: startsBelow ? written[1] : written[0],
  };
}

/** Whether two lines or more stand below the cursor already, one after the other. */
function repeatsBelow(written: readonly string[], context: CursorContext): boolean {
  const { linesBelow } = context;
  if (written.length < 2 || !written.some(hasWords)) return false;
  return linesBelow.some((_, start) =>
    written.every((line, index) => areEqual(linesBelow[start + index]?.text, line, context)),
  );
}

/** Whether two lines are the same statement: equal text at another indentation is another one. */
function areEqual(line: string | undefined, other: string, { indentStyle }: CursorContext) {
  if (line === undefined || normalized(line) !== normalized(other)) return false;
  return indentWidth(line, indentStyle.width) === indentWidth(other, indentStyle.width);
}

function normalized(line: string): string {
  return line.trim().replaceAll(/\s+/g, " ");
}
