/**
 * What needs the next line: a condition without its statement, an annotation, a backslash. Where a completion ends with it,
 * the line below the cursor would become its rest.
 */
import { type CursorContext, isCloserLine, withoutTrailing } from "./cursorContext.ts";

/** Of languages in which brackets make blocks. */
const HEAD =
  /^(?:\}\s*)?(?:else\s+)?(?:if|for|foreach|while|switch|with|catch|using|lock|fixed|synchronized)\b\s*(?:await\s*)?\(.*\)$/;
const WORD_HEAD = /^(?:\}\s*)?(?:else|do|try|finally)$/;
const ANNOTATION = /^(?:@[\p{L}\p{N}_.]+(?:\(.*\))?|#!?\[.*\])$/u;
/** How such a line may begin, before it is known how it ends. */
const MAY_DANGLE =
  /^(?:\}\s*)?(?:else|if|for|foreach|while|switch|with|catch|using|lock|fixed|synchronized|do|try|finally)\b|^[@#]/;

/**
 * The completion without such lines at its end, if text follows below that they would take. White space at its end goes with
 * them.
 *
 * @param isPartial - whether its last line may go on: then it goes, too, if it may become such a line.
 */
export function withoutDanglingLines(
  text: string,
  context: CursorContext,
  isPartial = false,
): string {
  const { lineBefore, lineAfter, linesBelow, syntax } = context;
  const [below] = linesBelow;
  if (below === undefined || lineAfter.trim() !== "" || isCloserLine(below.trimmed)) return text;
  const hasBraces = syntax.countsBrackets && !syntax.isIndented;
  let current = isContinued(text, context) ? text : withoutContinuation(text);
  for (let mayGoOn = isPartial; ; mayGoOn = false) {
    const end = current.trimEnd();
    const start = end.lastIndexOf("\n") + 1;
    // What stands before the cursor is the user's own line.
    if (start === 0 && lineBefore.trim() !== "") return current;
    const line = end.slice(start).trim();
    if (!(mayGoOn && MAY_DANGLE.test(line)) && !isDangling(line, hasBraces)) return current;
    current = end.slice(0, start).trimEnd();
  }
}

/** Without a backslash that continues the line. */
function withoutContinuation(text: string): string {
  return isContinuedLine(text) ? text.trimEnd().slice(0, -1).trimEnd() : text;
}

/** Whether a line goes on in the next: two backslashes are one character. */
function isContinuedLine(text: string): boolean {
  const end = text.trimEnd();
  return (end.length - withoutTrailing(end, /\\/).length) % 2 === 1;
}

/** Whether the lines around the last one are continued, too, as those of a macro. */
function isContinued(text: string, { lineAbove, linesBelow }: CursorContext): boolean {
  const above = text.trimEnd().split("\n").at(-2) ?? lineAbove?.text ?? "";
  return isContinuedLine(above) && isContinuedLine(linesBelow[0]?.text ?? "");
}

/** Whether a line says something of the next one. */
export function isAnnotation(trimmed: string): boolean {
  return ANNOTATION.test(trimmed);
}

function isDangling(line: string, hasBraces: boolean): boolean {
  if (isAnnotation(line)) return true;
  return hasBraces && (WORD_HEAD.test(line) || (HEAD.test(line) && isBalanced(line)));
}

/** Whether the parenthesis that begins a head is closed at its end, not that of a call behind it. */
function isBalanced(line: string): boolean {
  let depth = 0;
  for (const [index, char] of Array.from(line).entries()) {
    if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return index === line.length - 1;
  }
  return false;
}
