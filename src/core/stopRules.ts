/** Where a completion ends. Text rules; the decode loop asks them after every token. */
import type { StopRule } from "./generation.ts";
import type { Token } from "./tokens.ts";

/** What is around the cursor. */
export interface CursorText {
  readonly prefixText: string;
  readonly suffixText: string;
}

/** What may stand between the cursor and the end of its line in a multi-line completion: closers an editor typed. */
const ONLY_CLOSERS = /^[\s)\]}>"'`;,:]*$/;

/** Whether only one line may be completed: text that the completion must join stands behind the cursor. */
export function isSingleLine(cursor: CursorText): boolean {
  const restOfLine = firstLine(cursor.suffixText);
  return !ONLY_CLOSERS.test(restOfLine);
}

/**
 * Ends the output at the end of the line (single-line), or where the block around the cursor ends: at a line indented
 * less than the cursor's line, at a blank line after text, or where the output meets the line that follows the cursor.
 *
 * @param decode - text that a token adds; holds back the bytes of an unfinished character.
 */
export class CompletionStopRule implements StopRule {
  readonly #decode: (token: Token) => string;
  readonly #singleLine: boolean;
  readonly #baseIndent: number;
  readonly #nextLine: string;
  #text = "";
  #keptLength: number | undefined;

  constructor(cursor: CursorText, decode: (token: Token) => string) {
    this.#decode = decode;
    this.#singleLine = isSingleLine(cursor);
    const cursorLine = lastLine(cursor.prefixText);
    this.#baseIndent = indentOf(cursorLine);
    this.#nextLine =
      cursor.suffixText
        .split("\n")
        .slice(1)
        .find((line) => line.trim() !== "")
        ?.trim() ?? "";
  }

  push(token: Token): boolean {
    this.#text += this.#decode(token);
    this.#keptLength = this.#findEnd();
    return this.#keptLength !== undefined;
  }

  /** The output's text up to its end. */
  get text(): string {
    return this.#text.slice(0, this.#keptLength);
  }

  /** The part of {@link text} that later tokens cannot take back: the line being written may yet end the block. */
  get settledText(): string {
    if (this.#keptLength !== undefined) return this.text;
    const lastNewline = this.#text.lastIndexOf("\n");
    const end = lastNewline === -1 ? this.#text.length : lastNewline;
    return this.#text.slice(0, this.#withoutReturn(end));
  }

  /** Length of the text that stands before the end, or undefined if it goes on. */
  #findEnd(): number | undefined {
    const firstNewline = this.#text.indexOf("\n");
    if (firstNewline === -1) return undefined;
    if (this.#singleLine) return this.#withoutReturn(firstNewline);
    // Only a line that is complete, newline included, can be judged.
    let lineStart = firstNewline + 1;
    for (;;) {
      const lineEnd = this.#text.indexOf("\n", lineStart);
      if (lineEnd === -1) return undefined;
      if (this.#endsBefore(lineStart, lineEnd)) return this.#withoutReturn(lineStart - 1);
      lineStart = lineEnd + 1;
    }
  }

  #endsBefore(lineStart: number, lineEnd: number): boolean {
    const line = this.#text.slice(lineStart, lineEnd);
    const trimmed = line.trim();
    if (trimmed === "") return this.#text.slice(0, lineStart).trim() !== "";
    return indentOf(line) < this.#baseIndent || trimmed === this.#nextLine;
  }

  /** Where a line ends before its line break: a carriage return belongs to the break. */
  #withoutReturn(lineEnd: number): number {
    return this.#text[lineEnd - 1] === "\r" ? lineEnd - 1 : lineEnd;
  }
}

function firstLine(text: string): string {
  const end = text.search(/\r?\n/);
  return end === -1 ? text : text.slice(0, end);
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1);
}

/** Leading white space in characters; a tab counts as one, as files rarely mix. */
function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
