/** Cursors in real source files, drawn by seed: the prompts of benchmark, demo and lossless suite. */

/** A source file. */
export interface SourceFile {
  /** Shown to the reader; relative to the package folder. */
  readonly path: string;
  readonly text: string;
}

/** A cursor, and what a person wrote there. */
export interface SourceSpot {
  readonly path: string;
  /** 1-based, as editors show them; columns count UTF-16 code units. */
  readonly line: number;
  readonly column: number;
  readonly prefixText: string;
  /** The text after the hidden span. */
  readonly suffixText: string;
  /** The span that was hidden: the rest of the line, or a few lines. */
  readonly hiddenText: string;
}

/** Pseudo-random numbers in [0, 1), the same for the same seed everywhere (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** In another order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const shuffled = [...items];
  for (let index = shuffled.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [shuffled[index], shuffled[other]] = [shuffled[other]!, shuffled[index]!];
  }
  return shuffled;
}

const MIN_LINE_CHARS = 12;
const MAX_HIDDEN_LINES = 4;

/**
 * Draws spots: a file, a line of code in it, a column inside that line; hidden is the rest of the line and up to three
 * more. Comments and blank lines are not completed.
 * @throws RangeError if the files hold no line of code.
 */
export function drawSpots(files: readonly SourceFile[], count: number, seed: number): SourceSpot[] {
  const random = seededRandom(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  const lines = files.flatMap((file) => codeLines(file, isCode));
  if (lines.length === 0) throw new RangeError("no source file holds a line of code");
  return Array.from({ length: count }, () => {
    const line = lines[pick(lines.length)]!;
    const indent = line.text.length - line.text.trimStart().length;
    const column = indent + pick(line.text.length - indent);
    return spotIn(line, column, endBehind(line, pick(MAX_HIDDEN_LINES)));
  });
}

function isCode(text: string): boolean {
  return text.trim().length >= MIN_LINE_CHARS && !/^\s*(\/\/|\*|\/\*)/.test(text);
}

/** A line of a file. */
export interface CodeLine {
  readonly file: SourceFile;
  /** From 0. */
  readonly line: number;
  /** In the file's text. */
  readonly start: number;
  readonly text: string;
}

export function codeLines(file: SourceFile, isCode: (text: string) => boolean): CodeLine[] {
  let start = 0;
  return file.text.split("\n").flatMap((text, line) => {
    const lineStart = start;
    start += text.length + 1;
    return isCode(text) ? [{ file, line, start: lineStart, text }] : [];
  });
}

/** The end of up to `numMore` lines behind this one, in the file's text. */
export function endBehind({ file, start, text }: CodeLine, numMore: number): number {
  let end = start + text.length;
  for (let more = 0; more < numMore; more++) {
    const next = file.text.indexOf("\n", end + 1);
    if (next === -1) break;
    end = next;
  }
  return end;
}

/** Hides the text from a column of a line, counted from 0, to `end`. */
export function spotIn(
  { file: { path, text }, line, start }: Omit<CodeLine, "text">,
  column: number,
  end: number,
): SourceSpot {
  const cursor = start + column;
  return {
    path,
    line: line + 1,
    column: column + 1,
    prefixText: text.slice(0, cursor),
    suffixText: text.slice(end),
    hiddenText: text.slice(cursor, end),
  };
}
