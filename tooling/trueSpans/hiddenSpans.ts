/**
 * Spans of real files that are hidden and written again, with what a model might go on with: where the completion ends is known.
 * The rules by which spans are set aside, as their end is not unique, were written before the first run. Pure.
 */
import type { LanguageFile } from "./languageSources.ts";

export const SPAN_KINDS = ["rest", "lines", "block"] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

/** Why a span is set aside. */
export type AsideReason =
  | "too short"
  | "ends inside a bracket"
  | "line below alike"
  | "line above alike"
  | "end of file"
  | "goes on deeper";

export type HiddenSpan = ReturnType<typeof spanOf>;

const SPANS_PER_FILE = 6;
const MAX_LINES = 3;
const MAX_BLOCK_LINES = 8;
/** What begins a comment that nothing ends; languages that are not named here have none, or C's. */
const OPEN_COMMENTS: Readonly<Record<string, string>> = {
  ...{ python: '"""note', xml: "<!-- note", ruby: "", shellscript: "", json: "" },
  // Between tags it is text.
  ...{ typescriptreact: "", javascript: "" },
};
/** Languages in which a closing brace is no usual end. */
const WITHOUT_BRACES: ReadonlySet<string> = new Set(["python", "shellscript", "ruby", "xml"]);

/** The spans of a file, drawn by its own name. */
export function hiddenSpans(file: LanguageFile): HiddenSpan[] {
  const lines = file.text.split("\n");
  const random = seeded(Number.parseInt(file.name.slice(0, 8), 16));
  const spans: HiddenSpan[] = [];
  for (let draw = 0; draw < SPANS_PER_FILE; draw++) {
    const at = 2 + random(Math.max(1, lines.length - 4));
    const kind = SPAN_KINDS[draw % SPAN_KINDS.length]!;
    if ((lines[at] ?? "").trim().length < 4) continue;
    const range = rangeOf(kind, lines, at, random);
    if (range !== undefined) spans.push(spanOf(file, lines, at, kind, range));
  }
  return spans;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function rangeOf(
  kind: SpanKind,
  lines: readonly string[],
  at: number,
  random: (below: number) => number,
): Range | undefined {
  const line = lines[at]!;
  const indent = indentOf(line);
  const endOf = (index: number) => startOf(lines, index) + lines[index]!.trimEnd().length;
  const isText = (index: number) => (lines[index] ?? "").trim() !== "";
  if (kind === "rest") {
    const stops = Array.from(line.matchAll(/[(=[{,] ?(?! )|\. ?(?! )|\s(?=\S)/g))
      .map((match) => match.index + match[0].length)
      .filter((stop) => stop > indent && stop < line.trimEnd().length - 2);
    const stop = stops[random(Math.max(1, stops.length))];
    return stop === undefined ? undefined : { from: startOf(lines, at) + stop, to: endOf(at) };
  }
  if (kind === "lines") {
    const wanted = 1 + random(MAX_LINES);
    let end = at;
    while (end - at + 1 < wanted && isText(end + 1) && indentOf(lines[end + 1]!) === indent) end++;
    return { from: startOf(lines, at) + indent, to: endOf(end) };
  }
  const inner = indentOf(lines[at + 1] ?? "");
  if (!isText(at + 1) || inner <= indent) return undefined;
  const isInner = (index: number) => isText(index) && indentOf(lines[index]!) >= inner;
  let end = at + 1;
  while (end - at < MAX_BLOCK_LINES && isInner(end + 1)) end++;
  if (isInner(end + 1)) return undefined;
  return { from: startOf(lines, at + 1) + inner, to: endOf(end) };
}

function spanOf(
  file: LanguageFile,
  lines: readonly string[],
  at: number,
  kind: SpanKind,
  { from, to }: Range,
) {
  const prefixText = file.text.slice(0, from);
  const hiddenText = file.text.slice(from, to);
  const suffixText = file.text.slice(to);
  const own = (prefixText.slice(prefixText.lastIndexOf("\n") + 1) + hiddenText).split("\n");
  const below = suffixText.split("\n").slice(1);
  const aside = asideReason(prefixText, hiddenText, own, below);
  const line = lines[at]!;
  const blank = line.slice(0, indentOf(line));
  const outer = (columns: number) =>
    blank.slice(0, Math.max(0, blank.length - (line.startsWith("\t") ? 1 : columns)));
  const comment = OPEN_COMMENTS[file.languageId] ?? "/* note";
  const last = own.at(-1)!;
  const inner = kind === "block" ? last.slice(0, indentOf(last)) : blank;
  const further = below.find(
    (text) => indentOf(text) < blank.length && /\p{L}{3}/u.test(text) && text.trim() !== "",
  );
  const next = suffixText.split("\n").slice(0, 4).join("\n");
  /** What a model might write behind it, by name. */
  const endings: Readonly<Record<string, string>> = {
    next,
    ...(!WITHOUT_BRACES.has(file.languageId) && { closer: `\n${outer(4)}}` }),
    ...(comment !== "" && { comment: `\n${inner}${comment}` }),
    ...(blank !== "" &&
      file.languageId !== "xml" && { dedent: `\n${outer(2)}${further?.trim() ?? "other"}` }),
  };
  return { file, line: at + 1, kind, prefixText, hiddenText, suffixText, aside, endings };
}

function asideReason(
  prefixText: string,
  hiddenText: string,
  own: readonly string[],
  linesBelow: readonly string[],
): AsideReason | undefined {
  const below = linesBelow.find((line) => line.trim() !== "");
  const above = prefixText
    .split("\n")
    .slice(0, -1)
    .findLast((line) => line.trim() !== "");
  if ((hiddenText.match(/[\p{L}\p{N}]/gu)?.length ?? 0) < 2) return "too short";
  const isDeeper = below !== undefined && indentOf(below) > indentOf(own.at(-1)!);
  const isHeader = isDeeper && /[({[]$/.test(hiddenText);
  if (hasOpenBracket(hiddenText) && !isHeader) return "ends inside a bracket";
  if (own.some((line) => line.trim() === below?.trim())) return "line below alike";
  if (own[0]!.trim() === above?.trim()) return "line above alike";
  if (below === undefined) return "end of file";
  return isDeeper && !isHeader ? "goes on deeper" : undefined;
}

function hasOpenBracket(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth = Math.max(0, depth - 1);
  }
  return depth > 0;
}

function indentOf(line: string): number {
  return /^[ \t]*/.exec(line)![0].length;
}

function startOf(lines: readonly string[], index: number): number {
  return lines.slice(0, index).reduce((sum, line) => sum + line.length + 1, 0);
}

function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
