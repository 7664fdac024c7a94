/**
 * Document and cursor → the text of a query. Only a window of the text is read, found by offsets: a keystroke in a large
 * file costs what it does in a small one.
 */
import * as vscode from "vscode";
import type { CompletionQuery } from "../../session/broker/completionQuery.ts";

/** Characters of text before the cursor, and after it, at most. */
export const MAX_PREFIX_CHARS = 65_536;
export const MAX_SUFFIX_CHARS = 16_384;
/** The window's start moves in steps of this many characters, so that typing rarely moves it and caches stay right. */
export const WINDOW_STEP_CHARS = 16_384;

/** What is read of a document. */
type TextSource = Pick<vscode.TextDocument, "offsetAt" | "positionAt" | "getText">;

/**
 * The text around the cursor, with `\n` line ends. With a selected entry of the suggest widget, as it is once that entry
 * was taken.
 * @param textsBefore - what stands before the document, such as earlier notebook cells, the nearest last.
 */
export function cursorWindow(
  source: TextSource,
  cursor: vscode.Position,
  selected?: vscode.SelectedCompletionInfo,
  textsBefore: readonly string[] = [],
): Pick<CompletionQuery, "prefixText" | "suffixText"> {
  const prefixEnd = selected?.range.start ?? cursor;
  const suffixStart = selected?.range.end.isAfter(cursor) ? selected.range.end : cursor;
  const startOffset = windowStart(source.offsetAt(prefixEnd));
  const start = lineStartFrom(source, startOffset, prefixEnd);
  const own = unixLines(source.getText(new vscode.Range(start, prefixEnd)));
  const before = startOffset === 0 ? nearestTexts(textsBefore, MAX_PREFIX_CHARS - own.length) : "";
  return {
    prefixText: withoutHalf(before + own + (selected?.text ?? ""), "start"),
    suffixText: suffixWindow(source, suffixStart),
  };
}

/** Where the window before a cursor begins: between 48k and 64k characters up, in steps. */
function windowStart(offset: number): number {
  if (offset <= MAX_PREFIX_CHARS) return 0;
  return Math.ceil((offset - MAX_PREFIX_CHARS) / WINDOW_STEP_CHARS) * WINDOW_STEP_CHARS;
}

/** The first line start at or after an offset; the offset itself within a line too long for the window. */
function lineStartFrom(source: TextSource, offset: number, cursor: vscode.Position) {
  const position = source.positionAt(offset);
  if (position.character === 0 || position.line === cursor.line) return position;
  return new vscode.Position(position.line + 1, 0);
}

function suffixWindow(source: TextSource, start: vscode.Position): string {
  const startOffset = source.offsetAt(start);
  const limit = source.positionAt(startOffset + MAX_SUFFIX_CHARS);
  const isWhole = source.offsetAt(limit) < startOffset + MAX_SUFFIX_CHARS;
  const end = isWhole || limit.line === start.line ? limit : new vscode.Position(limit.line, 0);
  return withoutHalf(unixLines(source.getText(new vscode.Range(start, end))), "end");
}

/** The last texts that fit, each on lines of its own. */
function nearestTexts(texts: readonly string[], maxChars: number): string {
  const taken: string[] = [];
  let room = maxChars;
  for (const text of texts.toReversed()) {
    const lines = `${unixLines(text).replace(/\n*$/, "")}\n`;
    room -= lines.length;
    if (room < 0) break;
    taken.unshift(lines);
  }
  return taken.join("");
}

/** Models were trained on `\n`, and VS Code inserts a suggestion with the document's own line ends. */
function unixLines(text: string): string {
  return text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
}

/** Drops half a surrogate pair, where a window cut a character of a very long line. */
function withoutHalf(text: string, side: "start" | "end"): string {
  const pattern = side === "start" ? /^[\uDC00-\uDFFF]/ : /[\uD800-\uDBFF]$/;
  return text.replace(pattern, "");
}
