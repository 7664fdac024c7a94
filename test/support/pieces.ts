/** Small vocabularies that are given by their pieces. */
import { type PieceTable, SortedVocabulary } from "../../src/core/healing/sortedVocabulary.ts";

export type Piece = readonly number[];

export function bytesOf(text: string): Piece {
  return Array.from(new TextEncoder().encode(text));
}

/** @param leftOut - tokens that are no text. */
export function vocabularyOf(
  pieces: readonly Piece[],
  leftOut: readonly number[] = [],
): SortedVocabulary {
  return new SortedVocabulary(tableOf(pieces), (token) => !leftOut.includes(token));
}

export function tableOf(pieces: readonly Piece[]): PieceTable {
  const starts = new Int32Array(pieces.length + 1);
  for (const [token, piece] of pieces.entries()) starts[token + 1] = starts[token]! + piece.length;
  return { bytes: Uint8Array.from(pieces.flat()), starts };
}

export function isBeginning(piece: Piece, text: Piece): boolean {
  return piece.length <= text.length && piece.every((byte, index) => byte === text[index]);
}
