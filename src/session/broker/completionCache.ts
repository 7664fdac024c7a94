/**
 * Finished completions by the place they were generated for. One lookup finds both the completion of this very state
 * and one that the user has typed into since: its remainder is what a person sees as the same suggestion.
 */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { CompletionResult } from "../../engine/protocol/completeMessages.ts";
import type { CompletionQuery, SuggestionOrigin } from "./completionQuery.ts";

/** Entries at most: what llama.vscode, llama.vim and Cody keep. */
export const MAX_CACHED_COMPLETIONS = 250;
/** Text that tells states apart, on either side of the cursor; several times what a prompt holds. */
const KEY_CHARS = 32_768;

/** Where a completion belongs. */
export type CursorState = Pick<CompletionQuery, "documentId" | "prefixText" | "suffixText">;

/** What was typed at one place to come to the other; undefined if that is not all that happened. */
export function typedBetween(before: CursorState, after: CursorState): string | undefined {
  if (before.documentId !== after.documentId || before.suffixText !== after.suffixText) return;
  if (!after.prefixText.startsWith(before.prefixText)) return;
  return after.prefixText.slice(before.prefixText.length);
}

export interface GeneratedCompletion {
  readonly id: number;
  readonly result: CompletionResult;
  /** Generated before anybody asked. */
  readonly isPrefetched: boolean;
  /** Other texts for the same place, best first; absent while they are not known. */
  readonly others?: readonly string[];
}

/** A completion for the state that was asked for. */
export interface CacheHit {
  readonly completion: GeneratedCompletion;
  /** What is still to be inserted; empty only if the completion had no text from the start. */
  readonly text: string;
  /** Characters of it that were typed since it was generated, or kept with others. */
  readonly numTyped: number;
  /** The rests of the others that begin with what was typed; undefined while they are not known. */
  readonly others?: readonly string[] | undefined;
  readonly origin: SuggestionOrigin;
}

interface Entry {
  readonly documentId: string;
  readonly suffixHash: string;
  readonly prefixLength: number;
  readonly prefixHash: string;
  readonly completion: GeneratedCompletion;
  /** The first text, then the others. */
  readonly texts: readonly string[];
  readonly maxLength: number;
  wasServed: boolean;
}

export class CompletionCache {
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_CACHED_COMPLETIONS });

  add(state: CursorState, completion: GeneratedCompletion): void {
    const texts = [completion.result.text, ...(completion.others ?? [])];
    const entry = {
      documentId: state.documentId,
      suffixHash: hashOfSuffix(state.suffixText),
      prefixLength: state.prefixText.length,
      prefixHash: hashOfPrefix(state.prefixText),
      completion,
      texts,
      maxLength: Math.max(...texts.map((text) => text.length)),
      wasServed: false,
    };
    this.#entries.set(keyOf(entry), entry);
  }

  /**
   * The last used completion that was generated here, or before the user typed a part of it, or of one beside it. One
   * without text counts only for the very state it was generated for, and only if no other has text.
   */
  find(state: CursorState): CacheHit | undefined {
    const { documentId, prefixText, suffixText } = state;
    const suffixHash = hashOfSuffix(suffixText);
    let empty: Entry | undefined;
    // From the last used on; almost every entry is ruled out by a comparison of numbers.
    for (const entry of this.#entries.values()) {
      const numTyped = prefixText.length - entry.prefixLength;
      if (numTyped < 0 || (numTyped >= entry.maxLength && numTyped > 0)) continue;
      if (entry.documentId !== documentId || entry.suffixHash !== suffixHash) continue;
      const before = prefixText.slice(0, entry.prefixLength);
      const rests = restsOf(entry.texts, prefixText.slice(entry.prefixLength));
      if (rests.length === 0) continue;
      if (hashOfPrefix(before) !== entry.prefixHash) continue;
      if (rests[0] === "") empty ??= entry;
      else return this.#serve(entry, numTyped, rests);
    }
    return empty === undefined ? undefined : this.#serve(empty, 0, [""]);
  }

  /** Forgets a document, or everything. */
  forget(documentId?: string): void {
    for (const [key, entry] of [...this.#entries.entries()]) {
      if (documentId === undefined || entry.documentId === documentId) this.#entries.delete(key);
    }
  }

  #serve(entry: Entry, numTyped: number, [text = "", ...others]: readonly string[]): CacheHit {
    this.#entries.get(keyOf(entry));
    const { completion } = entry;
    const isFirst = completion.isPrefetched && !entry.wasServed;
    entry.wasServed = true;
    return {
      completion,
      text,
      numTyped,
      others: completion.others && others,
      origin: numTyped > 0 ? "typedThrough" : isFirst ? "prefetched" : "cache",
    };
  }
}

/** What is left of the texts that begin with what was typed, each once; without those that were typed to their end. */
function restsOf(texts: readonly string[], typed: string): string[] {
  const fitting = texts.filter((text) => text.startsWith(typed));
  const rests = fitting.map((text) => text.slice(typed.length));
  return [...new Set(typed === "" ? rests : rests.filter((rest) => rest !== ""))];
}

function keyOf({ documentId, suffixHash, prefixLength, prefixHash }: Entry): string {
  return `${suffixHash} ${prefixLength} ${prefixHash} ${documentId}`;
}

function hashOfPrefix(text: string): string {
  return hashOf(text.slice(-KEY_CHARS));
}

function hashOfSuffix(text: string): string {
  return hashOf(text.slice(0, KEY_CHARS));
}

function hashOf(text: string): string {
  // Tells texts apart, guards nothing: the fastest digest there is.
  return createHash("sha1").update(text, "utf16le").digest("base64");
}
