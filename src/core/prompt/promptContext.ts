/**
 * What of other files goes into a prompt: signatures of what the file imports and of files that are open, code that is like the
 * cursor's own, and places that were edited of late. Chosen by what the text around the cursor names, under a budget in tokens. Pure; `engine/prompt/contextSource.ts` finds the candidates.
 *
 * @see SpecAgent (arXiv 2510.17925) for context that is prepared per file, RepoCoder (arXiv 2303.12570) for like code.
 */
import * as v from "valibot";
import { count } from "../base/messageSchema.ts";
import type { Outline } from "./outline.ts";
import { MAX_SIGNATURE_OVERLAP, type PlaceText } from "./placeText.ts";

/** In words, and in the order in which they stand in a prompt: what changes more seldom stands first, so that the cache holds it. */
export const CONTEXT_NAMES = {
  imports: "declarations of imported files",
  tabs: "declarations of open files",
  similar: "code like the cursor's",
  edits: "recent edits of other files",
} as const;
export type ContextKind = keyof typeof CONTEXT_NAMES;
export const CONTEXT_KINDS = Object.keys(CONTEXT_NAMES) as readonly ContextKind[];

/** Which kinds a prompt may have; none that is not named. */
export type ContextSwitches = { readonly [kind in ContextKind]?: boolean };

export const contextOptions = v.pipe(
  v.strictObject({
    ...v.entriesFromList(CONTEXT_KINDS, v.exactOptional(v.boolean())),
    /** Of the prompt, for all kinds together, in tokens; the engine's own choice if absent. */
    maxTokens: v.exactOptional(count),
    /** True: chosen anew, whatever was chosen near the place before. For measuring. */
    isFresh: v.exactOptional(v.boolean()),
  }),
  v.readonly(),
);
export type ContextOptions = v.InferOutput<typeof contextOptions>;

/** A file's part of the context. */
export interface ContextSnippet {
  readonly kind: ContextKind;
  /** As it is shown to the model. */
  readonly path: string;
  readonly text: string;
}

/** What a text takes of the budget. */
export type CountTokens = (text: string) => number;

export interface OutlinedFile {
  readonly path: string;
  readonly outline: Outline;
}

/** Lines of another file. */
export interface FileLines {
  readonly path: string;
  readonly text: string;
  /** What of it the cursor's own text is compared with; all if absent. */
  readonly comparedText?: string;
}

/** The text around the cursor as far as it says what is of use. */
export interface NamingText {
  /** Some lines around the cursor. */
  readonly nearText: string;
  /** As much of the document as there is. */
  readonly text: string;
}

/** What a file's marker, its path's line and the line break at its end take beyond them. */
const TOKENS_PER_FILE = 3;

interface RankedEntry {
  readonly file: OutlinedFile;
  readonly number: number;
  readonly text: string;
  readonly names: readonly string[];
}

/**
 * Of the files' entries those that the document names, near the cursor first, then those that these name in turn, as far as
 * they fit. In the order of the files, each with its entries in its own order.
 */
export function chooseOutlines(
  kind: ContextKind,
  files: readonly OutlinedFile[],
  naming: NamingText,
  place: PlaceText,
  maxTokens: number,
  countTokens: CountTokens,
): ContextSnippet[] {
  const near = namesIn(naming.nearText);
  const all = namesIn(naming.text);
  const entries = files.flatMap((file) =>
    file.outline.map(({ names, text }, number): RankedEntry => ({ file, number, text, names })),
  );
  const isNamed = ({ names }: RankedEntry, by: ReadonlySet<string>) =>
    names.some((name) => by.has(name));
  const chosen = new Set<RankedEntry>();
  const opened = new Set<OutlinedFile>();
  let room = maxTokens;
  const takeAll = (candidates: readonly RankedEntry[]) => {
    for (const entry of candidates) {
      if (chosen.has(entry) || place.isRepeatedBy(entry.text, MAX_SIGNATURE_OVERLAP)) continue;
      const opening = opened.has(entry.file) ? 0 : TOKENS_PER_FILE + countTokens(entry.file.path);
      const cost = opening + countTokens(`${entry.text}\n`);
      if (cost > room) continue;
      room -= cost;
      chosen.add(entry);
      opened.add(entry.file);
    }
  };
  takeAll(entries.filter((entry) => isNamed(entry, near)));
  // A default export goes by any name.
  takeAll(entries.filter((entry) => entry.names.length === 0 || isNamed(entry, all)));
  const second = namesIn([...chosen].map(({ text }) => text).join("\n"));
  takeAll(entries.filter((entry) => isNamed(entry, second)));
  return files
    .filter((file) => opened.has(file))
    .map((file) => {
      const own = [...chosen].filter((entry) => entry.file === file);
      own.sort((a, b) => a.number - b.number);
      return { kind, path: file.path, text: own.map(({ text }) => text).join("\n") };
    });
}

/**
 * What fits, without what says the cursor's own place again; the best last, next to the cursor's file.
 * @param candidates - the best first.
 */
export function chooseLines(
  kind: ContextKind,
  candidates: readonly FileLines[],
  place: PlaceText,
  maxTokens: number,
  countTokens: CountTokens,
): ContextSnippet[] {
  const chosen: ContextSnippet[] = [];
  let room = maxTokens;
  for (const { path, text, comparedText = text } of candidates) {
    const cost = TOKENS_PER_FILE + countTokens(path) + countTokens(`${text}\n`);
    if (text.trim() === "" || cost > room || place.isRepeatedBy(comparedText)) continue;
    room -= cost;
    chosen.unshift({ kind, path, text });
  }
  return chosen;
}

function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu) ?? []);
}
