/**
 * The text of other files that a prompt begins with, in the format of models that were trained on whole repositories. Others
 * get none: what they were not trained on they read as the file's own text.
 */
import { setImmediate } from "node:timers/promises";
import { ContextKeeper } from "../core/contextKeeper.ts";
import type { FimTokens } from "../core/fimPrompt.ts";
import { PlaceText } from "../core/placeText.ts";
import {
  CONTEXT_KINDS,
  type ContextKind,
  type ContextSnippet,
  chooseLikeCode,
  chooseOutlines,
  type OutlinedFile,
} from "../core/promptContext.ts";
import type { Token } from "../core/tokens.ts";
import type { WorkspaceIndex } from "../core/workspaceIndex.ts";
import type { Vocabulary } from "../llama/vocabulary.ts";
import type { OutlineParser } from "../workspace/outlineParser.ts";
import { importedIds, likeCode, mayTake, type ShownWorkspace } from "./contextCandidates.ts";
import { OutlineStore } from "./outlineStore.ts";
import type { CompleteParams } from "./protocol.ts";

/** Unless the request says otherwise. */
export const DEFAULT_CONTEXT_TOKENS = 384;
/** Share of the budget that like code may take where there are outlines, too. */
const SIMILAR_SHARE = 0.5;
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
}

type Keyed<T> = T & { readonly key: string };

export class ContextSource {
  readonly #fim: FimTokens;
  readonly #vocabulary: Vocabulary;
  readonly #outlines: OutlineStore;
  readonly #keeper = new ContextKeeper<Choice>();

  constructor(vocabulary: Vocabulary, fim: FimTokens, parser: OutlineParser) {
    this.#vocabulary = vocabulary;
    this.#fim = fim;
    this.#outlines = new OutlineStore(parser, (tokens) => vocabulary.detokenize(tokens));
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
    const choice = await this.#keptOrNew(request, shown, signal);
    return choice.snippets.length === 0 ? undefined : choice;
  }

  forget(): void {
    this.#keeper.forget();
    this.#outlines.forget();
  }

  async #keptOrNew(
    request: ContextRequest,
    shown: ShownWorkspace,
    signal: AbortSignal,
  ): Promise<Choice> {
    const { context: switches = {}, repoName } = request;
    if (switches.isFresh === true) return (await this.#choose(request, shown, signal)).choice;
    const place = {
      documentKey: shown.key,
      numLinesBefore: countLines(request.prefixText),
      options: JSON.stringify([switches, repoName]),
    };
    const kept = this.#keeper.find(
      place,
      ({ index, keys, isProvisional }) =>
        index === shown.index &&
        !(isProvisional && shown.isSettled) &&
        keys.every((key) => shown.mayShow(key)),
    );
    if (kept !== undefined) return kept;
    const { choice, isWhole } = await this.#choose(request, shown, signal);
    if (isWhole) this.#keeper.keep(place, choice);
    return choice;
  }

  async #choose(
    request: ContextRequest,
    shown: ShownWorkspace,
    signal: AbortSignal,
  ): Promise<{ readonly choice: Choice; readonly isWhole: boolean }> {
    const { context: switches = {}, prefixText, suffixText } = request;
    const { maxTokens = DEFAULT_CONTEXT_TOKENS } = switches;
    const place = new PlaceText(prefixText, suffixText);
    const countTokens = (text: string) => this.#vocabulary.tokenize(text).length;
    const isBoth = switches.imports === true && switches.similar === true;
    const candidates = switches.similar === true ? this.#likeCode(shown, request) : [];
    const similar = chooseLikeCode(
      candidates,
      place,
      isBoth ? Math.floor(SIMILAR_SHARE * maxTokens) : maxTokens,
      countTokens,
    );
    const usedTokens = similar.reduce((sum, snippet) => sum + this.#tokensOf(snippet).length, 0);
    const prepared =
      switches.imports === true
        ? await this.#outlined(shown, request, signal)
        : { files: [], isWhole: true };
    // The model may be gone by now.
    signal.throwIfAborted();
    const near = nearText(prefixText, suffixText);
    const imports = chooseOutlines(
      prepared.files,
      { nearText: near, text: `${prefixText}\n${suffixText}` },
      place,
      maxTokens - usedTokens,
      countTokens,
    );
    const keyOf = new Map([...candidates, ...prepared.files].map(({ path, key }) => [path, key]));
    const snippets = [...imports, ...similar];
    const keys = snippets.map(({ path }) => keyOf.get(path)!);
    const { index, isSettled } = shown;
    const choice = {
      ...this.#assembled(snippets, request),
      ...{ index, keys, isProvisional: !isSettled },
    };
    return { choice, isWhole: prepared.isWhole };
  }

  #likeCode(shown: ShownWorkspace, request: ContextRequest) {
    const vocabulary = this.#vocabulary;
    return likeCode(
      shown,
      request,
      (text) => vocabulary.tokenize(text),
      (tokens) => vocabulary.detokenize(tokens),
    );
  }

  /** Outlines of what is imported, and of what that passes on; not of all where that takes too long. */
  async #outlined(
    shown: ShownWorkspace,
    request: ContextRequest,
    signal: AbortSignal,
  ): Promise<{ readonly files: readonly Keyed<OutlinedFile>[]; readonly isWhole: boolean }> {
    const { index } = shown;
    const files: Keyed<OutlinedFile>[] = [];
    const start = performance.now();
    const pause = async () => {
      await setImmediate();
      signal.throwIfAborted();
    };
    const ids = new Set(importedIds(shown, request));
    // What is passed on is added while they are gone through.
    for (const id of ids) {
      signal.throwIfAborted();
      if (performance.now() - start > MAX_PREPARE_MS) return { files, isWhole: false };
      const known = await this.#outlines.outlineOf(index, id, pause);
      const key = index.fileOf(id)?.path;
      if (known === undefined || key === undefined) continue;
      for (const other of known.passedOn) if (mayTake(shown, other)) ids.add(other);
      files.push({ path: shown.shownPath(key), key, outline: known.outline });
    }
    return { files, isWhole: true };
  }

  #assembled(snippets: readonly ContextSnippet[], { repoName }: ContextRequest): PromptContext {
    const tokens: Token[] = [];
    const numTokens: Record<ContextKind, number> = { imports: 0, similar: 0 };
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
