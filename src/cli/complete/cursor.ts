/** The cursor by line and column, in a file as it lies on disk. */
import { CliError, EXIT_USAGE } from "../base/cliError.ts";

/** The text around a cursor, unchanged. */
export interface SplitText {
  readonly prefixText: string;
  readonly suffixText: string;
}

/** The same with `\n` for `\r\n`, as the editor asks: models know hardly anything else. */
export function withLineFeeds({ prefixText, suffixText }: SplitText): SplitText {
  const fed = (text: string) => text.replaceAll("\r\n", "\n");
  return { prefixText: fed(prefixText), suffixText: fed(suffixText) };
}

/** Writes a completion's line breaks as the file has its first one. */
export function lineEndsOf(text: string): (completion: string) => string {
  const isCrlf = /^[^\n]*\r\n/.test(text);
  return (completion) => (isCrlf ? completion.replaceAll("\n", "\r\n") : completion);
}

/** Lines above the cursor's that are shown with it. */
const NUM_LINES_ABOVE = 2;

/** What a person is shown of the text before a cursor: the cursor's line so far, and two above. */
export function linesBefore(prefixText: string): string {
  return prefixText
    .split("\n")
    .slice(-NUM_LINES_ABOVE - 1)
    .join("\n");
}

const LINE_END = /\r\n|\n|\r/g;
const HIGH_SURROGATE = /[\uD800-\uDBFF]/;
const LOW_SURROGATE = /[\uDC00-\uDFFF]/;

/**
 * Splits a text at a cursor. Lines end with `\n`, `\r\n` or `\r`, as in VS Code.
 *
 * @param line - 1-based.
 * @param column - 1-based, in UTF-16 code units; one more than the line's length is its end.
 * @throws CliError if the cursor is outside the text or inside a character.
 */
export function splitAtCursor(text: string, line: number, column: number): SplitText {
  const lineStarts = [
    0,
    ...Array.from(text.matchAll(LINE_END), (end) => end.index + end[0].length),
  ];
  const lineStart = lineStarts[line - 1];
  if (lineStart === undefined) {
    throw new CliError(
      `Line ${line} is outside the file: expected 1 to ${lineStarts.length}. Lines count from 1.`,
      EXIT_USAGE,
    );
  }
  const lineLength = text.slice(lineStart, lineStarts[line]).replace(LINE_END, "").length;
  if (column > lineLength + 1) {
    throw new CliError(
      `Column ${column} is outside line ${line}: expected 1 to ${lineLength + 1}, ` +
        "where the last is the end of the line. Columns count from 1; a tab counts one, an emoji two.",
      EXIT_USAGE,
    );
  }
  const offset = lineStart + column - 1;
  if (HIGH_SURROGATE.test(text.charAt(offset - 1)) && LOW_SURROGATE.test(text.charAt(offset))) {
    const character = String.fromCodePoint(text.codePointAt(offset - 1) ?? 0);
    throw new CliError(
      `Column ${column} of line ${line} is inside the character ${character}: ` +
        `expected column ${column - 1} before it or ${column + 1} after it.`,
      EXIT_USAGE,
    );
  }
  return { prefixText: text.slice(0, offset), suffixText: text.slice(offset) };
}
