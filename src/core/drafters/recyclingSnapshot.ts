/**
 * The recycling store between sessions, as bytes (`snapshot.ts`): the rows in use, so a small workspace makes a small file.
 *   Counts: vocabulary size, rows of the matrix, n-grams, successors of all rows. Columns: tokens of the matrix's rows; keys of
 *   the n-grams (4 each, oldest first, {@link NO_TOKEN} in front of shorter ones); per row, the matrix's first: its length +
 *   256 × its kind, an n-gram's length + 256 × its observations; successors; their probabilities or counts.
 */

import { decodeSnapshot, encodeSnapshot, type SnapshotFormat } from "../base/snapshot.ts";
import { isNgramEntry, MAX_NGRAM } from "./ngramStore.ts";
import { RecyclingStore } from "./recyclingStore.ts";
import { isMatrixRow, ROW_KINDS } from "./successorMatrix.ts";
import { NO_TOKEN } from "./successors.ts";

const FORMAT = {
  magic: 0x43_52_4c_54,
  // 1 could hold text of documents that were no sources of the workspace.
  version: 2,
  name: "a recycling store",
  otherKey: "another tokenizer",
  numCounts: 4,
  types: [Int32Array, Int32Array, Uint32Array, Int32Array, Float32Array],
  lengths: ([, numRows = 0, numNgrams = 0, numSuccessors = 0]) => [
    ...[numRows, MAX_NGRAM * numNgrams, numRows + numNgrams, numSuccessors, numSuccessors],
    0,
  ],
} as const satisfies SnapshotFormat;
const LENGTH_RANGE = 256;

/** @param tokenizerHash - tells vocabularies apart; ids of another one mean other text. */
export function encodeRecycling(
  store: RecyclingStore,
  tokenizerHash: string,
): Uint8Array<ArrayBuffer> {
  const { matrix, ngrams } = store;
  const { numRows } = matrix;
  const numSuccessors = matrix.numSuccessors + ngrams.numSuccessors;
  const rowTokens = new Int32Array(numRows);
  const keys = new Int32Array(MAX_NGRAM * ngrams.size).fill(NO_TOKEN);
  const shapes = new Uint32Array(numRows + ngrams.size);
  const successors = new Int32Array(numSuccessors);
  const values = new Float32Array(numSuccessors);
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
  for (const { key, count, row } of ngrams.entries()) {
    keys.set(key, (index - numRows + 1) * MAX_NGRAM - key.length);
    put(count, row.tokens, row.probs);
  }
  const counts = [store.vocabSize, numRows, ngrams.size, numSuccessors];
  const columns = [rowTokens, keys, shapes, successors, values] as const;
  return encodeSnapshot(FORMAT, tokenizerHash, counts, columns);
}

/**
 * A store with the rows of a snapshot, or why there is none; where the snapshot has more n-grams than a store holds, the
 * newest. Never throws, and reserves no more than an empty store beside what the bytes have.
 */
export function decodeRecycling(bytes: Uint8Array, tokenizerHash: string, vocabSize: number) {
  const { counts, columns, reason } = decodeSnapshot(bytes, FORMAT, tokenizerHash);
  if (columns === undefined) return { reason };
  if (counts[0] !== vocabSize) {
    return { reason: `its vocabulary has ${counts[0]} tokens, not ${vocabSize}` };
  }
  const [rowTokens, keys, shapes, successors, values] = columns;
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
