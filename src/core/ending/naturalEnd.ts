/**
 * Where a completion may end: behind whole words and lines, and outside of the brackets it opens. A bracket that it opens and
 * does not close stays only where a line ends with it, as in `if (a) {`; with more behind it the document would have a block,
 * or a call, without an end.
 */

import { withoutLastWord } from "../syntax/graphemes.ts";
import { indentWidth } from "../syntax/indentation.ts";
import { isOpener } from "./bracketStack.ts";
import { type CursorContext, withoutTrailing } from "./cursorContext.ts";
import { continuesWordBlock, opensWordBlock } from "./lineKinds.ts";
import { isInOwnString, readOpenEnds } from "./openText.ts";

/** What asks for more behind it, with the space around. */
const DANGLING = /[\s=+\-*/%&|^<!?:,.~@\\]/;

/** Without the block or call that nothing closes; its header stays where a line of the completion ends with it. */
export function withoutOpenBlock(text: string, context: CursorContext): string {
  return withoutOpenWordBlock(withoutOpenBraces(text, context), context);
}

function withoutOpenBraces(text: string, context: CursorContext): string {
  const start = openStart(text, context);
  if (start === undefined) return text;
  const lineBreak = text.indexOf("\n", start);
  const header = (lineBreak === -1 ? text : text.slice(0, lineBreak)).trimEnd();
  if (isOpener(header.at(-1) ?? "") && endsOpen(header, context)) return header;
  return beforeCut(text, start, context);
}

/** The same of blocks that a word ends, told by indentation: their last line stands where their first does. */
function withoutOpenWordBlock(text: string, context: CursorContext): string {
  const { syntax, lineBefore, indentStyle } = context;
  if (syntax.endsBlocksByWord !== true || !text.includes("\n")) return text;
  const open: { readonly end: number; readonly indent: number }[] = [];
  let end = -1;
  for (const [index, line] of text.split("\n").entries()) {
    end += line.length + 1;
    const whole = index === 0 ? lineBefore + line : line;
    const trimmed = whole.trim();
    if (trimmed === "") continue;
    const indent = indentWidth(whole, indentStyle.width);
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    // What the cursor's line began is the document's.
    const isOwn = index > 0 || lineBefore.trim() === "";
    if (isOwn && (opensWordBlock(trimmed) || continuesWordBlock(trimmed)))
      open.push({ end, indent });
  }
  const [outermost] = open;
  return outermost === undefined ? text : text.slice(0, outermost.end).trimEnd();
}

/** Without the call or block that a line opens before it is known how the line ends. */
export function withoutOpenCall(text: string, context: CursorContext): string {
  const start = openStart(text, context);
  return start === undefined ? text : beforeCut(text, start, context);
}

/** The part of a line that was cut anywhere that ends with a whole word or a closed bracket, and asks for no more. */
export function wholeWords(text: string, context: CursorContext): string {
  const ends = readOpenEnds(text, context.brackets.lexer);
  if (isInOwnString(ends)) return text;
  const called = withoutOpenCall(text, context);
  if (called !== text || ends.mode !== "code") return called;
  const whole = withoutTrailing(withoutLastWord(text), DANGLING);
  // The end of a comment is whole.
  return readOpenEnds(whole, context.brackets.lexer).mode === "code" ? whole : text;
}

/** What stands before a cut in a line, without what asks for the part that is gone; the end of a comment or pattern is whole. */
function beforeCut(text: string, start: number, { brackets }: CursorContext): string {
  const kept = text.slice(0, start).trimEnd();
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const line = withoutTrailing(text.slice(lineStart, start), DANGLING);
  const whole = line === "" ? text.slice(0, lineStart).trimEnd() : text.slice(0, lineStart) + line;
  return readOpenEnds(whole, brackets.lexer).mode === "code" ? whole : kept;
}

/**
 * Where the outermost bracket stands that the completion opens and neither it nor the text after the cursor closes. Of the
 * open ones the outermost belong to closers behind the cursor that nothing else opens: then no later text takes them back.
 */
function openStart(text: string, context: CursorContext): number | undefined {
  const { brackets, syntax } = context;
  if (!syntax.countsBrackets) return undefined;
  const ends = readOpenEnds(text, brackets.lexer);
  const numLeft = { ...brackets.numSurplus };
  // `} else {` opens the block anew that it closes, where the text after the cursor has its closer.
  const numClosable = brackets.open.filter((open) => open.char === "{" && open.isClosable).length;
  numLeft["{"] += Math.max(0, ends.numClosingBraces - numClosable);
  return ends.brackets.find(({ char }) => numLeft[char]-- <= 0)?.position;
}

/** Whether the last character is a bracket that is open. */
function endsOpen(text: string, { brackets }: CursorContext): boolean {
  return readOpenEnds(text, brackets.lexer).brackets.at(-1)?.position === text.length - 1;
}
