/**
 * Suggestions that were made in a document, as tokens with the text before them: what the user types into, takes half of
 * or deletes again is likely to be suggested again. Kept in memory only.
 */
import { concatTokens, type Token } from "../base/tokens.ts";
import { MAX_DEPTH } from "../tree/policyConstants.ts";

/** Suggestions kept per document. */
export const MAX_GHOSTS = 8;
const DEFAULT_MAX_DOCUMENTS = 16;
/** Tokens kept of the text before a suggestion: twice what is compared, so that some may be deleted. */
const CONTEXT_TOKENS = 2 * MAX_DEPTH;
/** Tokens of context and suggestion together; the oldest go first. */
const MAX_TOKENS = 256;
/** Bytes of text that are compared; no longer agreement is told apart. */
export const MAX_AGREEMENT = 256;

/** The bytes of a token, possibly part of a character; empty for markers. */
export type PieceBytes = (token: Token) => Uint8Array;

/** A suggestion behind the end of the text that it was made for. */
export interface Ghost {
  /** Some tokens of the text before, then the suggestion's. */
  readonly tokens: Int32Array;
  /** Their text. Bytes, as a token may end inside a character. */
  readonly bytes: Uint8Array;
  /** [tokens.length] bytes up to the end of each token. */
  readonly ends: Int32Array;
}

/** Where a text ends in a ghost. */
export interface GhostPlace {
  /** The token that comes next; `tokens.length` at the end. */
  readonly index: number;
  /** Whole tokens before it that agree with the text. */
  readonly matchLength: number;
  /** Whether the text is that of the ghost's own place, not one that looks alike. */
  readonly isCertain: boolean;
}

/** The last suggestions of the last documents; about 1 kB for one of 64 tokens, at most 1 MB in all. */
export class GhostStore {
  readonly pieceBytes: PieceBytes;
  readonly #maxDocuments: number;
  /** The document that was used last stands last; its newest suggestion first. */
  readonly #documents = new Map<string, readonly Ghost[]>();

  constructor(pieceBytes: PieceBytes, maxDocuments = DEFAULT_MAX_DOCUMENTS) {
    this.pieceBytes = pieceBytes;
    this.#maxDocuments = maxDocuments;
  }

  /** A document's suggestions, the newest first. */
  ghostsOf(documentKey: string): readonly Ghost[] {
    return this.#documents.get(documentKey) ?? [];
  }

  /**
   * Keeps a suggestion; untrimmed, as what was cut off is draft, too. While the user types through a suggestion each
   * request brings its rest again: that is the same one, and one that goes on further lengthens it.
   * @param prefixTokens - of the text before it, or its end.
   */
  remember(documentKey: string, prefixTokens: Int32Array, tokens: Int32Array): void {
    if (tokens.length === 0) return;
    const context = prefixTokens.subarray(-CONTEXT_TOKENS);
    const text = this.bytesOf(context);
    const known = this.ghostsOf(documentKey);
    const same = known.findIndex((ghost) => continues(ghost, text, tokens));
    const old = known[same];
    const newest =
      old === undefined
        ? this.#ghostOf(concatTokens(context, tokens))
        : this.#lengthened(old, text, tokens);
    const others = known.filter((_, index) => index !== same);
    this.#documents.delete(documentKey);
    this.#documents.set(documentKey, [newest, ...others].slice(0, MAX_GHOSTS));
    if (this.#documents.size > this.#maxDocuments) {
      this.#documents.delete(this.#documents.keys().next().value!);
    }
  }

  /** Drops a document's suggestions. */
  forget(documentKey: string): void {
    this.#documents.delete(documentKey);
  }

  /** The text of tokens. */
  bytesOf(tokens: Int32Array): Uint8Array {
    return Uint8Array.from(Array.from(tokens, (token) => [...this.pieceBytes(token)]).flat());
  }

  #ghostOf(allTokens: Int32Array): Ghost {
    const tokens = allTokens.slice(-MAX_TOKENS);
    let end = 0;
    const ends = tokens.map((token) => {
      end += this.pieceBytes(token).length;
      return end;
    });
    return { tokens, bytes: this.bytesOf(tokens), ends };
  }

  /** A ghost that the tokens continue from where the text ends in it, if they go on further than it does. */
  #lengthened(ghost: Ghost, text: Uint8Array, tokens: Int32Array): Ghost {
    const { index } = placeIn(ghost, text)!;
    const isLonger = index + tokens.length > ghost.tokens.length;
    return isLonger ? this.#ghostOf(concatTokens(ghost.tokens.subarray(0, index), tokens)) : ghost;
  }
}

/** Whether these tokens are what the ghost has where the text ends in it, as far as both go. */
function continues(ghost: Ghost, text: Uint8Array, tokens: Int32Array): boolean {
  const place = placeIn(ghost, text);
  if (place === undefined || !place.isCertain) return false;
  const rest = ghost.tokens.subarray(place.index);
  return rest.every((token, index) => index >= tokens.length || token === tokens[index]);
}

/**
 * Where a text ends in a ghost: at the longest agreement, the first of equals. Undefined where no whole token agrees, and
 * where the text ends inside a token: the target goes on with tokens that the ghost does not have. With its next token
 * the text may end where one of the ghost's does, and from there on they may agree again.
 */
export function placeIn({ bytes, ends }: Ghost, text: Uint8Array): GhostPlace | undefined {
  let end = 0;
  let agreement = 0;
  // The first place that agrees as far as anyone looks ends the search: text that repeats itself has hundreds of them.
  for (let at = 1; at <= bytes.length && agreement < MAX_AGREEMENT; at++) {
    const length = agreementAt(bytes, at, text);
    if (length <= agreement) continue;
    agreement = length;
    end = at;
  }
  // Of tokens that end at the same byte, those after the first are markers, and belong to what follows.
  const index = end === 0 ? 0 : ends.indexOf(end) + 1;
  if (end > 0 && index === 0) return undefined;
  let first = index;
  while (first > 0 && (ends[first - 2] ?? 0) >= end - agreement) first--;
  const matchLength = index - first;
  const isAllOfBoth = agreement === text.length && agreement === end;
  if (matchLength === 0 && !isAllOfBoth) return undefined;
  return { index, matchLength, isCertain: isAllOfBoth || matchLength >= MAX_DEPTH };
}

/** Bytes before `end` that equal the last ones of `text`. */
function agreementAt(bytes: Uint8Array, end: number, text: Uint8Array): number {
  const limit = Math.min(end, text.length, MAX_AGREEMENT);
  let length = 0;
  while (length < limit && bytes[end - 1 - length] === text[text.length - 1 - length]) length++;
  return length;
}
