/** Documents whose tokens are texts: what ghosts are tested on. */
import { GhostStore, type PieceBytes } from "../../src/core/drafters/ghostStore.ts";

const utf8 = new TextEncoder();

/** A vocabulary that gives each text that it is asked for an id. */
export class TextVocabulary {
  readonly #pieces: string[] = [];

  /** The tokens of pieces that stand between bars: `foo|(|bar`. */
  tokens(pieces: string): Int32Array {
    return Int32Array.from(pieces === "" ? [] : pieces.split("|"), (piece) => this.#idOf(piece));
  }

  /** The same the other way. */
  pieces(tokens: ArrayLike<number>): string {
    return Array.from(tokens, (token) => this.#pieces[token]!).join("|");
  }

  readonly pieceBytes: PieceBytes = (token) => utf8.encode(this.#pieces[token]);

  #idOf(piece: string): number {
    const known = this.#pieces.indexOf(piece);
    return known === -1 ? this.#pieces.push(piece) - 1 : known;
  }
}

export function openGhosts(maxDocuments?: number) {
  const vocabulary = new TextVocabulary();
  const store = new GhostStore(vocabulary.pieceBytes, maxDocuments);
  const remember = (documentKey: string, prefix: string, suggestion: string) =>
    store.remember(documentKey, vocabulary.tokens(prefix), vocabulary.tokens(suggestion));
  /** A document's suggestions with the text before them, newest first. */
  const ghosts = (documentKey: string) =>
    store.ghostsOf(documentKey).map(({ tokens }) => vocabulary.pieces(tokens));
  return { vocabulary, store, remember, ghosts };
}
