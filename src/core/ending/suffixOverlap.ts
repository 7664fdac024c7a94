/** What a completion and the rest of the cursor's line have in common is written once. */

import { cutsGrapheme } from "../syntax/graphemes.ts";
import type { CursorContext } from "./cursorContext.ts";
import { isInOwnString, readOpenEnds } from "./openText.ts";

/** A rest of this length that the completion contains in full is the place where it ends. */
const MIN_CONTAINED_CHARS = 5;

/** The completion without the end that the text after the cursor begins with. */
export function withoutSuffixOverlap(text: string, context: CursorContext): string {
  const rest = context.lineAfter.trimEnd();
  if (rest.trim() === "") return text;
  return withoutTail(beforeContained(text, rest.trim(), context), rest, context);
}

/** Ends a single line where it writes all that follows the cursor. */
function beforeContained(text: string, rest: string, context: CursorContext): string {
  if (!context.isSingleLine || rest.length < MIN_CONTAINED_CHARS) return text;
  const start = text.indexOf(rest);
  if (start === -1 || (cutsWord(text, start) && !isInsideWord(context))) return text;
  return keepsBalance(text.slice(0, start), text, context) ? text.slice(0, start) : text;
}

function withoutTail(text: string, rest: string, context: CursorContext): string {
  const written = text.trimEnd();
  const lastLine = written.slice(written.lastIndexOf("\n") + 1);
  for (const candidate of [rest, rest.trimStart()]) {
    for (let length = Math.min(candidate.length, lastLine.length); length > 0; length--) {
      const overlap = candidate.slice(0, length);
      if (overlap.trim() === "" || !written.endsWith(overlap)) continue;
      const start = written.length - length;
      if (cutsWord(written, start) && !isInsideWord(context)) continue;
      if (!isWholeWords(candidate, length)) continue;
      const kept = written.slice(0, start);
      if (keepsBalance(kept, written, context)) return kept;
    }
  }
  return text;
}

/** Whether the cursor stands in a word: what follows is its rest, and no completion is one without it. */
function isInsideWord({ lineBefore, lineAfter }: CursorContext): boolean {
  return cutsWord(lineBefore + lineAfter, lineBefore.length);
}

/** Whether a cut would leave half a word, or half a character. */
function cutsWord(text: string, at: number): boolean {
  if (cutsGrapheme(text, at)) return true;
  return at > 0 && /[\p{L}\p{N}_$]/u.test(text[at - 1]!) && /[\p{L}\p{N}_$]/u.test(text[at]!);
}

/** Whether an overlap ends where a word of the text after the cursor does: `b` is no overlap with `bar`. */
function isWholeWords(rest: string, length: number): boolean {
  return length === rest.length || !cutsWord(rest, length);
}

/** Whether what goes does not close a bracket or a string that stays. */
function keepsBalance(kept: string, text: string, context: CursorContext): boolean {
  const after = readOpenEnds(text, context.brackets.lexer);
  const before = readOpenEnds(kept, context.brackets.lexer);
  if (before.brackets.length > after.brackets.length) return false;
  if (isInOwnString(before) && !isInOwnString(after)) return false;
  if (closesAngle(kept, text.slice(kept.length))) return false;
  if (context.syntax.countsBrackets) return true;
  // Markup: brackets and quotes are counted as characters.
  const removed = text.slice(kept.length);
  const isPaired = (opener: string, closer: string) =>
    !removed.includes(closer) || countOf(kept, opener) <= countOf(kept, closer);
  const hasPairedQuote = (quote: string) =>
    !removed.includes(quote) || countOf(kept, quote) % 2 === 0;
  return (
    isPaired("(", ")") &&
    isPaired("[", "]") &&
    isPaired("{", "}") &&
    hasPairedQuote('"') &&
    hasPairedQuote("'")
  );
}

/** Whether what goes begins with the end of type arguments, or of a tag, that what stays began. */
function closesAngle(kept: string, removed: string): boolean {
  if (!removed.startsWith(">")) return false;
  const numOpen = kept.match(/[\p{L}\p{N}_:]<|<[\p{L}/]/gu)?.length ?? 0;
  const numClosed = kept.match(/(?<![=-])>/g)?.length ?? 0;
  return numOpen > numClosed;
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** The part of an unfinished line that no later text can make an overlap. */
export function beforePossibleOverlap(text: string, context: CursorContext): string {
  const rest = context.lineAfter.trim();
  if (rest === "") return text;
  const contained = text.indexOf(rest);
  let end = contained === -1 ? text.length : contained;
  for (let start = Math.max(0, end - rest.length); start < end; start++) {
    if (rest.startsWith(text.slice(start, end))) end = start;
  }
  return text.slice(0, end);
}
