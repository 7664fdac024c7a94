/**
 * The recycling store between sessions, as bytes: the rows in use, so a small workspace makes a small file. Reads nothing
 * from disk and trusts nothing that it is given.
 *
 * Words of 32 bits; after the five of every snapshot (snapshotHeader.ts):
 *   5 bytes of the tokenizer's hash, 6 vocabulary size, 7 rows of the matrix, 8 n-grams, 9 successors of all rows;
 *   tokens of the matrix's rows; keys of the n-grams (4 each, oldest first, {@link NO_TOKEN} in front of shorter ones);
 *   per row, the matrix's first: its length + 256 × its kind, an n-gram's length + 256 × its observations;
 *   successors; their probabilities or counts; the tokenizer's hash in UTF-8, filled up with zeros.
 */

import {
  decodeUtf8,
  HASHED_FROM,
  openSnapshot,
  type SnapshotFormat,
  sealSnapshot,
  snapshotBuffer,
} from "../base/snapshotHeader.ts";
import { isNgramEntry, MAX_NGRAM } from "./ngramStore.ts";
import { RecyclingStore } from "./recyclingStore.ts";
import { isMatrixRow, ROW_KINDS } from "./successorMatrix.ts";
import { NO_TOKEN } from "./successors.ts";

const FORMAT: SnapshotFormat = {
  magic: 0x43_52_4c_54,
  // 1 could hold text of documents that were no sources of the workspace.
  version: 2,
  name: "a recycling store",
  headerWords: 10,
};
const LENGTH_RANGE = 256;

/** A store, or why there is none. */
export type DecodedRecycling =
  | { readonly store: RecyclingStore; readonly reason?: undefined }
  | { readonly store?: undefined; readonly reason: string };

/** @param tokenizerHash - tells vocabularies apart; ids of another one mean other text. */
export function encodeRecycling(
  store: RecyclingStore,
  tokenizerHash: string,
): Uint8Array<ArrayBuffer> {
  const { matrix, ngrams } = store;
  const hashBytes = new TextEncoder().encode(tokenizerHash);
  const numSuccessors = matrix.numSuccessors + ngrams.numSuccessors;
  const numTextBytes = hashBytes.length;
  const sizes = { numRows: matrix.numRows, numNgrams: ngrams.size, numSuccessors, numTextBytes };
  const buffer = snapshotBuffer(numWordsOf(sizes));
  const { words, rowTokens, keys, shapes, successors, values, text } = columnsOf(buffer, sizes);
  const counts = [store.vocabSize, matrix.numRows, ngrams.size, numSuccessors];
  words.set([numTextBytes, ...counts], HASHED_FROM);
  text.set(hashBytes);
  let index = 0;
  let at = 0;
  const put = (label: number, tokens: Int32Array, rowValues: Float32Array) => {
    shapes[index++] = tokens.length + LENGTH_RANGE * label;
    successors.set(tokens, at);
    values.set(rowValues, at);
    at += tokens.length;
  };
  for (const row of matrix.rows()) {
    rowTokens[index] = row.token;
    put(ROW_KINDS.indexOf(row.kind), row.tokens, row.values);
  }
  keys.fill(NO_TOKEN);
  for (const { key, count, row } of ngrams.entries()) {
    keys.set(key, (index - rowTokens.length + 1) * MAX_NGRAM - key.length);
    put(count, row.tokens, row.probs);
  }
  return sealSnapshot(buffer, FORMAT);
}

/**
 * A store with the rows of a snapshot; where the snapshot has more n-grams than a store holds, the newest. Never throws,
 * and reserves no more than an empty store and what the bytes have, whatever they claim.
 */
export function decodeRecycling(
  bytes: Uint8Array,
  tokenizerHash: string,
  vocabSize: number,
): DecodedRecycling {
  const { words, reason } = openSnapshot(bytes, FORMAT);
  if (words === undefined) return { reason };
  const [numTextBytes = 0, numTokens, numRows = 0, numNgrams = 0, numSuccessors = 0] =
    words.subarray(HASHED_FROM);
  const sizes = { numRows, numNgrams, numSuccessors, numTextBytes };
  if (numWordsOf(sizes) !== words.length) return { reason: "its parts do not add up to its size" };
  const columns = columnsOf(words.buffer, sizes, words.byteOffset);
  if (decodeUtf8(columns.text) !== tokenizerHash) return { reason: "it is of another tokenizer" };
  if (numTokens !== vocabSize) {
    return { reason: `its vocabulary has ${numTokens} tokens, not ${vocabSize}` };
  }
  return storeOf(columns, vocabSize);
}

function storeOf(columns: Columns, vocabSize: number): DecodedRecycling {
  const { rowTokens, keys, shapes, successors, values } = columns;
  const store = new RecyclingStore(vocabSize);
  let at = 0;
  for (const [index, shape] of shapes.entries()) {
    const end = at + (shape % LENGTH_RANGE);
    const label = Math.floor(shape / LENGTH_RANGE);
    const tokens = successors.subarray(at, end);
    const rowValues = values.subarray(at, end);
    if (end > successors.length) return { reason: `row ${index} is longer than what is there` };
    const token = rowTokens[index];
    if (token !== undefined) {
      const row = { token, kind: ROW_KINDS[label], tokens, values: rowValues };
      if (!isMatrixRow(row, vocabSize)) return { reason: `row ${index} is none of a matrix` };
      store.matrix.restore(row);
    } else {
      const key = keyAt(keys, index - rowTokens.length);
      const entry = { key, count: label, row: { tokens, probs: rowValues } };
      if (!isNgramEntry(entry, vocabSize)) return { reason: `row ${index} is none of an n-gram` };
      store.ngrams.restore(entry);
    }
    at = end;
  }
  return at === successors.length ? { store } : { reason: "it has more than its rows" };
}

/** The n-gram of an index without what fills it up. */
function keyAt(keys: Int32Array, index: number): Int32Array {
  const key = keys.subarray(index * MAX_NGRAM, (index + 1) * MAX_NGRAM);
  return key.subarray(key.lastIndexOf(NO_TOKEN) + 1);
}

interface Sizes {
  readonly numRows: number;
  readonly numNgrams: number;
  /** Of both. */
  readonly numSuccessors: number;
  readonly numTextBytes: number;
}

/** Counts are below 2^32, so sums are exact. */
function numWordsOf({ numRows, numNgrams, numSuccessors, numTextBytes }: Sizes): number {
  const perRow = 2 * numRows + (MAX_NGRAM + 1) * numNgrams;
  return FORMAT.headerWords + perRow + 2 * numSuccessors + Math.ceil(numTextBytes / 4);
}

type Columns = ReturnType<typeof columnsOf>;

/** Views of the parts, one behind the other. */
function columnsOf(buffer: ArrayBuffer, sizes: Sizes, byteOffset = 0) {
  const { numRows, numNgrams, numSuccessors, numTextBytes } = sizes;
  let end = byteOffset + 4 * FORMAT.headerWords;
  const next = (numWords: number): [ArrayBuffer, number, number] => {
    end += 4 * numWords;
    return [buffer, end - 4 * numWords, numWords];
  };
  return {
    words: new Uint32Array(buffer, byteOffset, numWordsOf(sizes)),
    rowTokens: new Int32Array(...next(numRows)),
    keys: new Int32Array(...next(MAX_NGRAM * numNgrams)),
    shapes: new Uint32Array(...next(numRows + numNgrams)),
    successors: new Int32Array(...next(numSuccessors)),
    values: new Float32Array(...next(numSuccessors)),
    text: new Uint8Array(buffer, end, numTextBytes),
  };
}
