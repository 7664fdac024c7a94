/**
 * The text of other files that a prompt begins with, in the format of models that were trained on whole repositories. Others
 * get none: what they were not trained on they read as the file's own text.
 */
import { setImmediate } from "node:timers/promises";
import type { Token } from "../../core/base/tokens.ts";
import type { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import { ContextKeeper } from "../../core/prompt/contextKeeper.ts";
import type { FimTokens } from "../../core/prompt/fimPrompt.ts";
import { PlaceText } from "../../core/prompt/placeText.ts";
import {
  CONTEXT_KINDS,
  type ContextKind,
  type ContextSnippet,
  type ContextSwitches,
  chooseLines,
  chooseOutlines,
  type OutlinedFile,
} from "../../core/prompt/promptContext.ts";
import { NO_CONTEXT } from "../../core/prompt/promptShares.ts";
import type { Vocabulary } from "../../llama/model/vocabulary.ts";
import type { OutlineParser } from "../../workspace/outlineParser.ts";
import {
  editedPlaces,
  importedIds,
  likeCode,
  mayTake,
  openedIds,
  type ShownWorkspace,
} from "../indexing/contextCandidates.ts";
import type { CompleteParams } from "../protocol/completeMessages.ts";
import { outlineStore } from "./outlineStore.ts";

/** Unless the request says otherwise. */
export const DEFAULT_CONTEXT_TOKENS = 384;
/** In the order in which the budget is filled: of what is left how much each kind may take; the last that is wanted may take all. */
const FILLED_SHARE = { edits: 0.25, similar: 0.5, imports: 1, tabs: 1 } satisfies Record<
  ContextKind,
  number
>;
const FILLING = Object.keys(FILLED_SHARE) as readonly ContextKind[];
/** For outlines that are not there yet, in ms: then the request goes on with those that are. */
const MAX_PREPARE_MS = 150;
/** Lines around the cursor whose names come first. */
const NEAR_LINES_BEFORE = 40;
const NEAR_LINES_AFTER = 15;

export type ContextRequest = Pick<
  CompleteParams,
  "prefixText" | "suffixText" | "repoName" | "context"
>;

/** A prompt's context. */
export interface PromptContext {
  /** Repository line and files, with their markers; the line of the document's own path has to follow. */
  readonly tokens: Int32Array;
  readonly snippets: readonly ContextSnippet[];
  /** By kind, without the repository's line. */
  readonly numTokens: Readonly<Record<ContextKind, number>>;
}

interface Choice extends PromptContext {
  readonly index: WorkspaceIndex;
  /** What the index calls the files. */
  readonly keys: readonly string[];
  /** Made while not all was known: something better may be there once it is. */
  readonly isProvisional: boolean;
  /** No where outlines were not there in time: it is for one request. */
  readonly isWhole: boolean;
}

type Keyed<T> = T & { readonly key: string };

export class ContextSource {
  readonly #fim: FimTokens;
  readonly #vocabulary: Vocabulary;
  readonly #outlines: ReturnType<typeof outlineStore>;
  readonly #keeper = new ContextKeeper<Choice>();
  #asksForOutlines = false;

  constructor(vocabulary: Vocabulary, fim: FimTokens, parser: OutlineParser) {
    this.#vocabulary = vocabulary;
    this.#fim = fim;
    this.#outlines = outlineStore(parser, (tokens) => vocabulary.detokenize(tokens));
  }

  /**
   * Undefined where nothing is asked for, or nothing is to be shown. The same as before while the cursor is near.
   * @throws the signal's reason.
   */
  async contextOf(
    request: ContextRequest,
    shown: ShownWorkspace | undefined,
    signal: AbortSignal,
  ): Promise<PromptContext | undefined> {
    const { context: switches = {} } = request;
    const isAsked = CONTEXT_KINDS.some((kind) => switches[kind] === true);
    if (!isAsked || shown === undefined || this.#fim.fileSeparator === undefined) return undefined;
    this.#asksForOutlines ||= switches.imports === true;
    const { isFresh = false } = switches;
    const place = {
      documentKey: shown.key,
      numLinesBefore: countLines(request.prefixText),
      options: JSON.stringify([switches, request.repoName, historyOf(shown, switches)]),
    };
    const isUsable = ({ index, keys, isProvisional }: Choice) =>
      index === shown.index &&
      !(isProvisional && shown.isSettled) &&
      keys.every((key) => shown.mayShow(key));
    const kept = isFresh ? undefined : this.#keeper.find(place, isUsable);
    const choice = kept ?? (await this.#choose(request, shown, signal));
    if (kept === undefined && choice.isWhole && !isFresh) this.#keeper.keep(place, choice);
    return choice.snippets.length === 0 ? undefined : choice;
  }

  /**
   * Has the outlines ready that a request in the document will ask for, if requests ask for any.
   * @param pause - awaited between slices of work, after it nothing is done if it throws.
   * @throws what the pause throws.
   */
  async prepare(
    { index, key, mayShow }: ShownWorkspace,
    pause: () => Promise<void>,
  ): Promise<void> {
    if (!this.#asksForOutlines) return;
    await pause();
    const id = index.fileId(key);
    const file = id === undefined ? undefined : index.fileOf(id);
    if (file === undefined) return;
    const prefixText = this.#vocabulary.detokenize(file.tokens);
    const ids = new Set(importedIds({ index, key, mayShow }, { prefixText }));
    for (const imported of ids) {
      await pause();
      const known = await this.#outlines.outlineOf(index, imported, pause);
      for (const other of known?.passedOn ?? []) ids.add(other);
    }
  }

  forget(): void {
    this.#keeper.forget();
    this.#outlines.forget();
  }

  async #choose(
    request: ContextRequest,
    shown: ShownWorkspace,
    signal: AbortSignal,
  ): Promise<Choice> {
    const { context: switches = {}, prefixText, suffixText } = request;
    const { maxTokens = DEFAULT_CONTEXT_TOKENS } = switches;
    const imported = switches.imports === true ? importedIds(shown, request) : [];
    const opened = switches.tabs === true ? openedIds(shown) : [];
    const prepared = await this.#outlined(shown, imported, opened, signal);
    // The model may be gone by now.
    signal.throwIfAborted();
    const place = new PlaceText(prefixText, suffixText);
    const naming = {
      nearText: nearText(prefixText, suffixText),
      text: `${prefixText}\n${suffixText}`,
    };
    const tokenize = (text: string) => this.#vocabulary.tokenize(text);
    const textOf = (tokens: Int32Array) => this.#vocabulary.detokenize(tokens);
    const countTokens = (text: string) => tokenize(text).length;
    const lines = {
      similar: switches.similar === true ? likeCode(shown, request, tokenize, textOf) : [],
      edits: switches.edits === true ? editedPlaces(shown, textOf) : [],
    };
    const chosen = new Map<ContextKind, readonly ContextSnippet[]>();
    let room = maxTokens;
    const wanted = FILLING.filter((kind) => switches[kind] === true);
    for (const [index, kind] of wanted.entries()) {
      const isLast = index === wanted.length - 1;
      const own = isLast ? room : Math.floor(room * FILLED_SHARE[kind]);
      const snippets =
        kind === "imports" || kind === "tabs"
          ? chooseOutlines(kind, prepared[kind], naming, place, own, countTokens)
          : chooseLines(kind, lines[kind], place, own, countTokens);
      for (const snippet of snippets) room -= this.#tokensOf(snippet).length;
      chosen.set(kind, snippets);
    }
    const known = [...prepared.imports, ...prepared.tabs, ...lines.similar, ...lines.edits];
    const keyOf = new Map(known.map(({ path, key }) => [path, key]));
    const snippets = CONTEXT_KINDS.flatMap((kind) => chosen.get(kind) ?? []);
    const keys = snippets.map(({ path }) => keyOf.get(path)!);
    const { index, isSettled } = shown;
    const { isWhole } = prepared;
    return {
      ...this.#assembled(snippets, request),
      ...{ index, keys, isProvisional: !isSettled, isWhole },
    };
  }

  /** Outlines of what is imported, of what that passes on, and of what is open; not of all where that takes too long. */
  async #outlined(
    shown: ShownWorkspace,
    imported: readonly number[],
    opened: readonly number[],
    signal: AbortSignal,
  ) {
    const { index } = shown;
    const imports: Keyed<OutlinedFile>[] = [];
    const tabs: Keyed<OutlinedFile>[] = [];
    const start = performance.now();
    const pause = async () => {
      await setImmediate();
      signal.throwIfAborted();
    };
    const importedSet = new Set(imported);
    const all = new Set([...imported, ...opened]);
    // What is passed on is added while they are gone through.
    for (const id of all) {
      signal.throwIfAborted();
      if (performance.now() - start > MAX_PREPARE_MS) return { imports, tabs, isWhole: false };
      const known = await this.#outlines.outlineOf(index, id, pause);
      const key = index.fileOf(id)?.path;
      if (known === undefined || key === undefined) continue;
      const isImported = importedSet.has(id);
      for (const other of isImported ? known.passedOn : []) {
        if (!mayTake(shown, other)) continue;
        importedSet.add(other);
        all.add(other);
      }
      const file = { path: shown.shownPath(key), key, outline: known.outline };
      (isImported ? imports : tabs).push(file);
    }
    return { imports, tabs, isWhole: true };
  }

  #assembled(snippets: readonly ContextSnippet[], { repoName }: ContextRequest): PromptContext {
    const tokens: Token[] = [];
    const numTokens: Record<ContextKind, number> = { ...NO_CONTEXT };
    if (snippets.length > 0 && this.#fim.repoName !== undefined && repoName !== undefined) {
      tokens.push(this.#fim.repoName, ...this.#vocabulary.tokenize(`${repoName}\n`));
    }
    for (const snippet of snippets) {
      const own = this.#tokensOf(snippet);
      numTokens[snippet.kind] += own.length;
      for (const token of own) tokens.push(token);
    }
    return { tokens: Int32Array.from(tokens), snippets, numTokens };
  }

  #tokensOf({ path, text }: ContextSnippet): Int32Array {
    const line = path.replaceAll(/[\r\n]/g, " ");
    const tokens = this.#vocabulary.tokenize(`${line}\n${text}\n`);
    return Int32Array.of(this.#fim.fileSeparator!, ...tokens);
  }
}

/** What else was opened and edited, of the kinds that show it: whoever comes back from there wants it to be known. */
function historyOf({ index, key, opened, edits }: ShownWorkspace, switches: ContextSwitches) {
  const isOther = (other: string) => other !== key;
  const revisionOf = (other: string) => index.fileOf(index.fileId(other) ?? -1)?.revision;
  const history = {
    imports: () => [],
    similar: () => [],
    tabs: () => opened.filter(isOther),
    edits: () => edits.keys.filter(isOther).map((other) => [other, revisionOf(other)]),
  } satisfies Record<ContextKind, () => unknown[]>;
  return CONTEXT_KINDS.filter((kind) => switches[kind] === true).map((kind) => history[kind]());
}

function nearText(prefixText: string, suffixText: string): string {
  const before = prefixText.split("\n").slice(-NEAR_LINES_BEFORE);
  const after = suffixText.split("\n", NEAR_LINES_AFTER);
  return `${before.join("\n")}\n${after.join("\n")}`;
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
