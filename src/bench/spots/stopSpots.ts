/**
 * Places where people stop and ask, drawn by seed from real files: behind an opening bracket, a dot, an assignment or an
 * operator, at a line's indentation, inside a word, at a line's end. Hidden is the rest of the line, or of the block. Pure.
 */
import { CodeLexer } from "../../core/syntax/codeLexer.ts";
import { syntaxOf } from "../../core/syntax/codeSyntax.ts";
import { type SourceFile, type SourceSpot, seededRandom, shuffled, spotIn } from "./sourceSpots.ts";

export const STOP_KINDS = [
  "bracket",
  "dot",
  "assignment",
  "operator",
  "indentation",
  "word",
  "lineEnd",
] as const;
export type StopKind = (typeof STOP_KINDS)[number];

/** How much is hidden: up to the end of the line (at a line's end: of the next one), or of the block around it. */
export const HIDDEN_SPANS = ["line", "block"] as const;
export type HiddenSpan = (typeof HIDDEN_SPANS)[number];

export interface StopSpot extends SourceSpot {
  /** VS Code's name of the language. */
  readonly language: string;
  readonly kind: StopKind;
  readonly span: HiddenSpan;
}

/** Places of one file that follow each other, so that most of a prompt is in the cache, as while somebody writes. */
const SPOTS_PER_FILE = 5;
/** The rest of a line says something from here on. */
const MIN_REST_CHARS = 3;
const MIN_LINE_CHARS = 6;
/** More lines of a block are not written in one suggestion. */
const MAX_BLOCK_LINES = 10;
/** A line of data or minified code. */
const MAX_LINE_CHARS = 200;

/** What stands before the cursor and behind it on its line. */
const BEHIND: Readonly<Record<Exclude<StopKind, "indentation" | "lineEnd">, [RegExp, RegExp]>> = {
  bracket: [/\($/, /^[^\s)]/],
  dot: [/[\p{L}\p{N}_)\]?!]\.$/u, /^[\p{L}_]/u],
  assignment: [/(?:^|[^=!<>])= ?$/, /^[^\s=>]/],
  operator: [
    /(?:[-+*/%&|<>?:,]|=>|[=!]=|(?:^|\s)(?:return|and|or|not|in|if|await|new)) $/,
    /^[^\s=]/,
  ],
  word: [/(?:^|[^\p{L}\p{N}_])[\p{L}_][\p{L}\p{N}_]+$/u, /^[\p{L}\p{N}_]{2,}/u],
};

const LANGUAGES: Readonly<Record<string, string>> = {
  ...{ ts: "typescript", mts: "typescript", cts: "typescript", tsx: "typescript" },
  ...{ js: "javascript", mjs: "javascript", cjs: "javascript", jsx: "javascript" },
  ...{ py: "python", go: "go", rs: "rust", java: "java", kt: "kotlin", swift: "swift" },
  ...{ c: "c", h: "c", cc: "cpp", cpp: "cpp", hpp: "cpp", cs: "csharp", rb: "ruby", php: "php" },
};

type Line = ReturnType<typeof readLines>[number];
type Candidate = NonNullable<ReturnType<typeof candidateAt>>;

/** The languages of files of which places can be drawn, in the order of their number of files, then by name. */
export function languagesOf(files: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    const language = languageOf(path);
    if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
}

/** Dialects count as one language; prose, markup and settings are none: where their lines end nobody can say. */
function languageOf(path: string): string | undefined {
  if (path.endsWith(".d.ts")) return undefined;
  const name = path.split("/").at(-1) ?? "";
  return LANGUAGES[name.slice(name.lastIndexOf(".") + 1)];
}

/**
 * Draws up to `count` places of different lines: languages in turn, kinds in turn, half of the spans blocks where there
 * are any; a few places of a file follow each other from its start to its end. Fewer where the files hold no more.
 * @throws RangeError if the files hold no place.
 */
export function drawStopSpots(
  files: readonly SourceFile[],
  count: number,
  seed: number,
): StopSpot[] {
  const random = seededRandom(seed);
  const languages = languagesOf(files);
  const queues = languages.map((language) =>
    shuffled(
      files.filter(({ path }) => languageOf(path) === language),
      random,
    ),
  );
  const spots: StopSpot[] = [];
  // Every language has its turn with one file, and the files follow each other in a drawn order.
  for (let turn = 0; spots.length < count && queues.some((queue) => queue.length > 0); turn++) {
    const index = turn % languages.length;
    const file = queues[index]!.shift();
    if (file === undefined) continue;
    const wanted = Math.min(SPOTS_PER_FILE, count - spots.length);
    spots.push(...spotsOfFile(file, languages[index]!, wanted, spots.length, random));
  }
  if (spots.length === 0 && count > 0) throw new RangeError("no source file holds a line of code");
  return spots;
}

/** @param numBefore - places drawn before, for the turns of kinds and spans. */
function spotsOfFile(
  file: SourceFile,
  language: string,
  wanted: number,
  numBefore: number,
  random: () => number,
): StopSpot[] {
  const text = file.text.replaceAll("\r\n", "\n");
  const lines = readLines(text, language);
  const candidates = Object.fromEntries(
    STOP_KINDS.map((kind) => [kind, shuffled(candidatesOf(lines, kind), random)]),
  ) as Record<StopKind, Candidate[]>;
  const taken = new Set<number>();
  const spots: StopSpot[] = [];
  for (let turn = numBefore; spots.length < wanted && turn < numBefore + 3 * wanted; turn++) {
    const kind = STOP_KINDS[turn % STOP_KINDS.length]!;
    const isBlock = Math.floor(turn / STOP_KINDS.length) % 2 === 1;
    // A line that another place shows or hides would be drawn twice.
    const free = candidates[kind].filter(({ line }) => !taken.has(line) && !taken.has(line + 1));
    const found = (isBlock ? free.find((one) => one.blockEnd !== undefined) : undefined) ?? free[0];
    if (found === undefined) continue;
    taken.add(found.line);
    const end = isBlock ? (found.blockEnd ?? found.lineEnd) : found.lineEnd;
    const { start } = lines[found.line]!;
    spots.push({
      language,
      kind,
      span: isBlock && found.blockEnd !== undefined ? "block" : "line",
      ...spotIn({ file: { path: file.path, text }, line: found.line, start }, found.column, end),
    });
  }
  return spots.sort((a, b) => a.line - b.line);
}

function readLines(text: string, language: string) {
  const lexer = new CodeLexer(syntaxOf(language, text));
  let start = 0;
  return text.split("\n").map((line) => {
    const isCode = [lexer.mode === "code"];
    for (const char of line.split("")) {
      lexer.push(char);
      isCode.push(lexer.mode === "code");
    }
    const indent = line.length - line.trimStart().length;
    // `start` is in the file; [text.length + 1] whether the lexer is in code behind so many characters.
    const read = { text: line, start, indent, isCode };
    lexer.push("\n");
    start += line.length + 1;
    return read;
  });
}

function candidatesOf(lines: readonly Line[], kind: StopKind): Candidate[] {
  return lines.flatMap((line, index) => {
    const isLine = line.text.trim().length >= MIN_LINE_CHARS && line.text.length <= MAX_LINE_CHARS;
    if (!isLine || !line.isCode[0]) return [];
    return columnsOf(line, kind).flatMap((column) => candidateAt(lines, index, column) ?? []);
  });
}

function columnsOf({ text, indent, isCode }: Line, kind: StopKind): number[] {
  // A comment's line begins in code, and what follows its delimiter does not.
  const startsCode = isCode[indent + 2] === true && isCode[indent + 1] === true;
  switch (kind) {
    case "indentation":
      return indent > 0 && startsCode && saysSomething(text.slice(indent)) ? [indent] : [];
    case "lineEnd":
      return isCode[text.length] === true && startsCode && text.trimEnd() === text
        ? [text.length]
        : [];
    default: {
      const [before, behind] = BEHIND[kind];
      const columns: number[] = [];
      for (let column = indent + 1; column < text.length; column++) {
        const rest = text.slice(column);
        if (
          isCode[column] === true &&
          behind.test(rest) &&
          saysSomething(rest) &&
          before.test(text.slice(0, column))
        ) {
          columns.push(column);
        }
      }
      return columns;
    }
  }
}

function saysSomething(rest: string): boolean {
  return rest.trim().length >= MIN_REST_CHARS && /[\p{L}\p{N}]/u.test(rest);
}

/** At a line's end the next line is hidden, which must be there and say something. */
function candidateAt(lines: readonly Line[], line: number, column: number) {
  const own = lines[line]!;
  const isLineEnd = column === own.text.length;
  const last = isLineEnd ? line + 1 : line;
  const lastLine = lines[last];
  if (lastLine === undefined || !saysSomething(lastLine.text)) return undefined;
  if (lastLine.text.length > MAX_LINE_CHARS) return undefined;
  if (isLineEnd && lastLine.isCode[lastLine.indent + 1] !== true) return undefined;
  const baseIndent = isLineEnd ? Math.max(own.indent, lastLine.indent) : own.indent;
  const end = lastOfBlock(lines, last, baseIndent);
  const isBlock = end > last && end - last < MAX_BLOCK_LINES;
  return {
    line,
    column,
    // End of the hidden text in the file, by span; no block where that would be the line alone, or too long.
    lineEnd: lastLine.start + lastLine.text.length,
    blockEnd: isBlock ? lines[end]!.start + lines[end]!.text.length : undefined,
  };
}

/** The last line of the block that goes on from `line`: up to a blank line or a smaller indentation. */
function lastOfBlock(lines: readonly Line[], line: number, indent: number): number {
  let last = line;
  for (let next = line + 1; next < lines.length; next++) {
    const { text, indent: nextIndent } = lines[next]!;
    if (text.trim() === "" || nextIndent < indent) break;
    last = next;
  }
  return last;
}
