/**
 * The workspace index between sessions, as bytes: files with their tokens, from which chains are linked again (20-40 ns
 * per token). Reads nothing from disk and trusts nothing that it is given.
 *
 * Words of 32 bits; after the five of every snapshot (snapshotHeader.ts):
 *   5 bytes of the tokenizer's hash, 6 files, 7 tokens, 8 bytes of paths, 9 zero;
 *   then per file, column by column: stamps (two words each), numbers of tokens, bytes of paths;
 *   tokens; the tokenizer's hash and the paths in UTF-8, filled up with zeros.
 */
import {
  decodeUtf8,
  HASHED_FROM,
  openSnapshot,
  type SnapshotFormat,
  sealSnapshot,
  snapshotBuffer,
} from "../base/snapshotHeader.ts";
import { type IndexedFile, MAX_FILE_TOKENS } from "./workspaceIndex.ts";

const FORMAT: SnapshotFormat = {
  magic: 0x49_57_4c_54,
  version: 1,
  name: "a workspace index",
  headerWords: 10,
};
const WORDS_PER_FILE = 4;

/** Files, or why there are none. */
export type DecodedSnapshot =
  | { readonly files: readonly IndexedFile[]; readonly reason?: undefined }
  | { readonly files?: undefined; readonly reason: string };

/**
 * @param files - as the index lists them; those whose path UTF-8 cannot carry are left out.
 * @param tokenizerHash - tells vocabularies apart; ids of another one mean other text.
 * @throws RangeError if the files do not fit into 4 GB.
 */
export function encodeSnapshot(
  files: readonly IndexedFile[],
  tokenizerHash: string,
): Uint8Array<ArrayBuffer> {
  const utf8 = new TextEncoder();
  const hashBytes = utf8.encode(tokenizerHash);
  const named = files
    .filter(({ path }) => !/\p{Surrogate}/u.test(path))
    .map((file) => ({ ...file, pathBytes: utf8.encode(file.path) }));
  const numTokens = named.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const numPathBytes = named.reduce((sum, { pathBytes }) => sum + pathBytes.length, 0);
  const layout = layoutOf(named.length, numTokens, hashBytes.length + numPathBytes);
  const buffer = snapshotBuffer(layout.numWords);
  const { words, stamps, lengths, pathLengths, tokens, text } = columnsOf(buffer, layout);
  words.set([hashBytes.length, named.length, numTokens, numPathBytes], HASHED_FROM);
  text.set(hashBytes);
  let tokenAt = 0;
  let byteAt = hashBytes.length;
  for (const [index, file] of named.entries()) {
    stamps[index] = file.stamp;
    lengths[index] = file.tokens.length;
    pathLengths[index] = file.pathBytes.length;
    tokens.set(file.tokens, tokenAt);
    text.set(file.pathBytes, byteAt);
    tokenAt += file.tokens.length;
    byteAt += file.pathBytes.length;
  }
  return sealSnapshot(buffer, FORMAT);
}

/**
 * The files of a snapshot, in the order in which they were encoded; to be given to an index in that order. Their tokens
 * are views of the bytes. Never throws, and reserves no more than the bytes have, whatever they claim.
 */
export function decodeSnapshot(bytes: Uint8Array, tokenizerHash: string): DecodedSnapshot {
  const { words, reason } = openSnapshot(bytes, FORMAT);
  if (words === undefined) return { reason };
  const [numHashBytes, numFiles, numTokens, numPathBytes] = words.subarray(HASHED_FROM);
  const layout = layoutOf(numFiles!, numTokens!, numHashBytes! + numPathBytes!);
  if (layout.numWords !== words.length) return { reason: "its parts do not add up to its size" };
  const columns = columnsOf(words.buffer, layout, words.byteOffset);
  return filesOf(columns, numHashBytes!, tokenizerHash);
}

function filesOf(columns: Columns, numHashBytes: number, tokenizerHash: string): DecodedSnapshot {
  const { stamps, lengths, pathLengths, tokens, text } = columns;
  if (decodeUtf8(text.subarray(0, numHashBytes)) !== tokenizerHash) {
    return { reason: "it is of another tokenizer" };
  }
  const files: IndexedFile[] = [];
  const paths = new Set<string>();
  let tokenAt = 0;
  let byteAt = numHashBytes;
  for (const [index, stamp] of stamps.entries()) {
    const tokenEnd = tokenAt + lengths[index]!;
    const byteEnd = byteAt + pathLengths[index]!;
    if (tokenEnd > tokens.length || byteEnd > text.length || lengths[index]! > MAX_FILE_TOKENS) {
      return { reason: `file ${index} is longer than what is there` };
    }
    const path = decodeUtf8(text.subarray(byteAt, byteEnd));
    if (path === undefined) return { reason: `the path of file ${index} is not UTF-8` };
    if (paths.has(path)) return { reason: `file ${index} is there twice` };
    const fileTokens = tokens.subarray(tokenAt, tokenEnd);
    if (fileTokens.some((token) => token < 0)) {
      return { reason: `file ${index} has negative tokens` };
    }
    paths.add(path);
    files.push({ path, stamp, tokens: fileTokens });
    tokenAt = tokenEnd;
    byteAt = byteEnd;
  }
  if (tokenAt !== tokens.length || byteAt !== text.length) {
    return { reason: "it has more than its files" };
  }
  return { files };
}

/** Counts are below 2^33, so sums are exact. */
function layoutOf(numFiles: number, numTokens: number, numTextBytes: number) {
  const numWords =
    FORMAT.headerWords + WORDS_PER_FILE * numFiles + numTokens + Math.ceil(numTextBytes / 4);
  return { numFiles, numTokens, numTextBytes, numWords };
}

type Columns = ReturnType<typeof columnsOf>;

function columnsOf(buffer: ArrayBuffer, layout: ReturnType<typeof layoutOf>, byteOffset = 0) {
  const { numFiles, numTokens, numTextBytes, numWords } = layout;
  const stampsAt = byteOffset + 4 * FORMAT.headerWords;
  const lengthsAt = stampsAt + 8 * numFiles;
  const tokensAt = lengthsAt + 8 * numFiles;
  return {
    words: new Uint32Array(buffer, byteOffset, numWords),
    stamps: new Float64Array(buffer, stampsAt, numFiles),
    lengths: new Uint32Array(buffer, lengthsAt, numFiles),
    pathLengths: new Uint32Array(buffer, lengthsAt + 4 * numFiles, numFiles),
    tokens: new Int32Array(buffer, tokensAt, numTokens),
    text: new Uint8Array(buffer, tokensAt + 4 * numTokens, numTextBytes),
  };
}
