/** Places where people stop typing: after an opening bracket, a dot, an operator, at the indentation, at a line's end. */
import {
  type CodeLine,
  codeLines,
  endBehind,
  type SourceFile,
  type SourceSpot,
  seededRandom,
  spotIn,
} from "../../../src/bench/spots/sourceSpots.ts";

const MIN_LINE_CHARS = 12;
/** Text of a line, so that there is something to complete. */
const MAX_LINE_CHARS = 200;
const MAX_MORE_LINES = 3;
/** What stands before a place inside a line. */
const BEFORE_REST = /[([{.=,:<>+\-*/|&?!]\s?$/;
const COMMENT = /^\s*(\/\/|\*|\/\*|#)/;

/**
 * Draws spots of different lines: a line of code, a place in it, hidden the rest and up to three lines more. Fewer where
 * the files hold no more.
 */
export function drawRestSpots(
  files: readonly SourceFile[],
  count: number,
  seed: number,
): SourceSpot[] {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const lines = files.flatMap((file) => codeLines(file, isCode));
  const spots: SourceSpot[] = [];
  // Without putting back: a line is drawn once.
  while (spots.length < count && lines.length > 0) {
    const [line] = lines.splice(Math.floor(random() * lines.length), 1) as [CodeLine];
    const column = pick(restColumns(line.text));
    // At a line's end the next lines are what is typed.
    const isAtEnd = column === line.text.length;
    const numMore = Math.floor(random() * (MAX_MORE_LINES + 1)) + (isAtEnd ? 1 : 0);
    spots.push(spotIn(line, column, endBehind(line, numMore)));
  }
  return spots;
}

/**
 * A spot that hides lines that were added: from a place in the first of them to the last one's end.
 * @param run - of lines, from 1, the last included.
 */
export function addedSpot(
  file: SourceFile,
  { first, last }: { readonly first: number; readonly last: number },
  seed: number,
): SourceSpot | undefined {
  const lines = file.text.split("\n");
  const text = lines[first - 1];
  if (text === undefined || !isCode(text)) return undefined;
  const startOf = (line: number) =>
    lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
  const end = startOf(last) + (lines[last - 1]?.length ?? 0);
  const columns = restColumns(text).filter((column) => column < text.length);
  const column = columns[Math.floor(seededRandom(seed)() * columns.length)]!;
  return spotIn({ file, line: first - 1, start: startOf(first) }, column, end);
}

/** Columns of a line at which people rest; at least one. */
function restColumns(text: string): number[] {
  const indent = text.length - text.trimStart().length;
  const columns = [indent, text.length];
  for (let column = indent + 1; column < text.length; column++) {
    if (BEFORE_REST.test(text.slice(indent, column)) && text[column] !== " ") columns.push(column);
  }
  return columns;
}

function isCode(text: string): boolean {
  const isLong = text.trim().length >= MIN_LINE_CHARS && text.length <= MAX_LINE_CHARS;
  return isLong && !COMMENT.test(text);
}
