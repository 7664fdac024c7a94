/**
 * Where a completion may end: behind whole words and lines, and outside of the brackets it opens. A bracket that it opens and
 * does not close stays only where a line ends with it, as in `if (a) {`; with more behind it the document would have a block,
 * or a call, without an end.
 */
import { isOpener } from "./bracketStack.ts";
import { type CursorContext, withoutTrailing } from "./cursorContext.ts";
import { withoutLastWord } from "./graphemes.ts";
import { isInOwnString, readOpenEnds } from "./openText.ts";

/** What asks for more behind it, with the space around. */
const DANGLING = /[\s=+\-*/%&|^<!?:,.~@\\]/;

/** Without the block or call that nothing closes; its header stays where a line of the completion ends with it. */
export function withoutOpenBlock(text: string, context: CursorContext): string {
  const start = openStart(text, context);
  if (start === undefined) return text;
  const lineBreak = text.indexOf("\n", start);
  const header = (lineBreak === -1 ? text : text.slice(0, lineBreak)).trimEnd();
  if (isOpener(header.at(-1) ?? "") && endsOpen(header, context)) return header;
  return beforeCut(text, start);
}

/** Without the call or block that a line opens before it is known how the line ends. */
export function withoutOpenCall(text: string, context: CursorContext): string {
  const start = openStart(text, context);
  return start === undefined ? text : beforeCut(text, start);
}

/** The part of a line that was cut anywhere that ends with a whole word or a closed bracket, and asks for no more. */
export function wholeWords(text: string, context: CursorContext): string {
  const ends = readOpenEnds(text, context.brackets.lexer);
  if (isInOwnString(ends)) return text;
  const called = withoutOpenCall(text, context);
  if (called !== text || ends.mode !== "code") return called;
  return withoutTrailing(withoutLastWord(text), DANGLING);
}

/** What stands before a cut in a line, without what asks for the part that is gone. */
function beforeCut(text: string, start: number): string {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const line = withoutTrailing(text.slice(lineStart, start), DANGLING);
  return line === "" ? text.slice(0, lineStart).trimEnd() : text.slice(0, lineStart) + line;
}

/**
 * Where the outermost bracket stands that the completion opens and neither it nor the text after the cursor closes. Of the
 * open ones the outermost belong to closers behind the cursor that nothing else opens: then no later text takes them back.
 */
function openStart(text: string, context: CursorContext): number | undefined {
  const { brackets, syntax } = context;
  if (!syntax.countsBrackets) return undefined;
  const numLeft = { ...brackets.numSurplus };
  return readOpenEnds(text, brackets.lexer).brackets.find(({ char }) => numLeft[char]-- <= 0)
    ?.position;
}

/** Whether the last character is a bracket that is open. */
function endsOpen(text: string, { brackets }: CursorContext): boolean {
  return readOpenEnds(text, brackets.lexer).brackets.at(-1)?.position === text.length - 1;
}
