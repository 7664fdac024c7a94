/** Which files and stretches of the workspace may go into a prompt: only what the index holds by the rules as they are now. */
import { importedFolders } from "../../core/index/importedFiles.ts";
import type { EditedStretch, RecentEdits } from "../../core/index/recentEdits.ts";
import { folderOf } from "../../core/index/workspaceFile.ts";
import type { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import type { FileLines } from "../../core/prompt/promptContext.ts";
import type { CompleteParams } from "../protocol/completeMessages.ts";

/** Files whose outlines are asked for. */
const MAX_FILES = 48;
/** Lines around the cursor by which like code is found. */
const LINES_BEFORE = 20;
const LINES_AFTER = 6;
const MAX_STRETCHES = 8;
/** Of those lines, however long they are. */
const MAX_CHARS_BEFORE = 3_000;
const MAX_CHARS_AFTER = 1_000;
/** As most languages write them; the lines between the braces of a long one are not told. */
const IMPORT_LINE = /^(import|from|use|using|package|#include|\} from)\b|^\s*#include\b/;
/** Below it two texts of one language are like each other by chance. */
const MIN_LIKENESS = 0.1;
/** Of a line's text beside an edit. */
const MAX_LINE_TOKENS = 64;
/** What follows a stretch says how such code goes on; in tokens. */
const CONTINUATION = 32;

/** The workspace as far as prompts may show it, seen from a document. */
export interface ShownWorkspace {
  readonly index: WorkspaceIndex;
  /** What the index calls the document. */
  readonly key: string;
  /** What the index calls the files that the user turned to, the last one first. */
  readonly opened: readonly string[];
  readonly edits: RecentEdits;
  /** Whether all that may be shown is known. */
  readonly isSettled: boolean;
  /** Whether a file of the index may be shown. */
  mayShow(key: string): boolean;
  /** A file's path as models see it. */
  shownPath(key: string): string;
}

type ShownFiles = Pick<ShownWorkspace, "index" | "key" | "mayShow">;

export type KeyedLines = FileLines & { readonly key: string };

type PlaceText = Pick<CompleteParams, "prefixText" | "suffixText">;

/** Files whose declarations are used without further ado, in the order in which they are imported. */
export function importedIds(
  shown: ShownFiles,
  { prefixText }: Pick<PlaceText, "prefixText">,
): number[] {
  const { index, key } = shown;
  const found = index.importedIds(key, prefixText);
  if (key.endsWith(".go")) {
    const folder = folderOf(key);
    const folders = new Set(Array.from(index.paths(), folderOf));
    const imported = importedFolders(prefixText, folder, (path) => folders.has(path));
    // A package is a folder; its files know each other.
    for (const path of [folder, ...imported]) {
      for (const id of index.idsIn(path)) {
        if (index.fileOf(id)?.path.endsWith(".go") === true) found.add(id);
      }
    }
  }
  return [...found].filter((id) => mayTake(shown, id)).slice(0, MAX_FILES);
}

/** Whether a file is another than the document, and may be shown. */
export function mayTake({ index, key, mayShow }: ShownFiles, id: number): boolean {
  const path = index.fileOf(id)?.path;
  return path !== undefined && path !== key && mayShow(path);
}

/** Code of the same language that is like the lines around the cursor, the likest first, in whole lines. */
export function likeCode(
  shown: ShownWorkspace,
  place: PlaceText,
  tokenize: (text: string) => Int32Array,
  textOf: (tokens: Int32Array) => string,
): KeyedLines[] {
  const { index, key } = shown;
  const extension = extensionOf(key);
  const found = index.likeStretches(tokenize(queryText(place)), {
    takes: ({ id, path }) => extensionOf(path) === extension && mayTake(shown, id),
    maxStretches: MAX_STRETCHES,
  });
  return found.flatMap(({ fileId, from, to, likeness }) => {
    const file = index.fileOf(fileId);
    if (file === undefined || likeness < MIN_LIKENESS) return [];
    const end = Math.min(to + CONTINUATION, file.tokens.length);
    const whole = textOf(file.tokens.subarray(from, end));
    const text = wholeLines(whole, from === 0, end === file.tokens.length);
    return [{ key: file.path, path: shown.shownPath(file.path), text }];
  });
}

/** Files that the user turned to, the last one first. */
export function openedIds(shown: ShownWorkspace): number[] {
  const ids = shown.opened.map((key) => shown.index.fileId(key));
  return ids.filter((id) => id !== undefined && mayTake(shown, id)) as number[];
}

/** Places in other files that were edited of late, the last one first, as a diff's lines. */
export function editedPlaces(
  shown: ShownWorkspace,
  textOf: (tokens: Int32Array) => string,
): KeyedLines[] {
  const { index, edits } = shown;
  return edits.keys.flatMap((key) => {
    const id = index.fileId(key);
    const file = id === undefined || !mayTake(shown, id) ? undefined : index.fileOf(id);
    const stretch = file && edits.stretchOf(key, file.tokens);
    if (file === undefined || stretch === undefined) return [];
    return [{ key, path: shown.shownPath(key), ...diffOf(file.tokens, stretch, textOf) }];
  });
}

/** Whole lines, with one before and one after. */
function diffOf(
  tokens: Int32Array,
  { removed, from, to }: EditedStretch,
  textOf: (tokens: Int32Array) => string,
): Pick<FileLines, "text" | "comparedText"> {
  const before = textOf(tokens.subarray(Math.max(0, from - MAX_LINE_TOKENS), from)).split("\n");
  const after = textOf(tokens.subarray(to, to + MAX_LINE_TOKENS)).split("\n");
  const lineStart = before.at(-1) ?? "";
  const lineEnd = after[0] ?? "";
  const whole = (middle: Int32Array) => (lineStart + textOf(middle) + lineEnd).split("\n");
  const above = before.slice(0, -1);
  const below = after.slice(1);
  const old = whole(removed);
  const added = whole(tokens.subarray(from, to));
  // A token may go on behind its line.
  while (old.length > 0 && old.at(-1) === added.at(-1)) {
    below.unshift(old.pop()!);
    added.pop();
  }
  while (old.length > 0 && old[0] === added[0]) {
    above.push(old.shift()!);
    added.shift();
  }
  const lines = [
    ...above.slice(-1).map((line) => ` ${line}`),
    ...old.map((line) => `-${line}`),
    ...added.map((line) => `+${line}`),
    ...below.slice(0, 1).map((line) => ` ${line}`),
  ];
  return { text: lines.join("\n"), comparedText: added.join("\n") };
}

/** Whole lines only, so that it stays while a line is typed; files that import the same are not alike for that. */
function queryText({ prefixText, suffixText }: PlaceText): string {
  const before = prefixText.split("\n").slice(-LINES_BEFORE - 1, -1);
  const after = suffixText.split("\n", LINES_AFTER + 1).slice(1);
  const text = (lines: readonly string[]) =>
    lines.filter((line) => !IMPORT_LINE.test(line)).join("\n");
  return `${text(before).slice(-MAX_CHARS_BEFORE)}\n${text(after).slice(0, MAX_CHARS_AFTER)}`;
}

function wholeLines(text: string, isStart: boolean, isEnd: boolean): string {
  const from = isStart ? 0 : text.indexOf("\n") + 1;
  const to = isEnd ? text.length : Math.max(from, text.lastIndexOf("\n"));
  return text
    .slice(from, to)
    .replace(/^\s*\n/, "")
    .trimEnd();
}

function extensionOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}
