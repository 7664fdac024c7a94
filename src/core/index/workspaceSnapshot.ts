/**
 * The workspace index between sessions, as bytes (`snapshot.ts`): files with their tokens, from which chains are linked again
 * (20-40 ns per token).
 *   Counts: files, tokens, bytes of paths, zero. Columns: per file its stamp, number of tokens and bytes of its path; tokens.
 *   Behind the key the paths.
 */
import {
  decodeSnapshot,
  decodeUtf8,
  encodeSnapshot,
  type SnapshotFormat,
} from "../base/snapshot.ts";
import { type IndexedFile, MAX_FILE_TOKENS } from "./workspaceIndex.ts";

const FORMAT = {
  magic: 0x49_57_4c_54,
  version: 1,
  name: "a workspace index",
  otherKey: "another tokenizer",
  numCounts: 4,
  types: [Float64Array, Uint32Array, Uint32Array, Int32Array],
  lengths: ([numFiles = 0, numTokens = 0, numPathBytes = 0]) => [
    ...[numFiles, numFiles, numFiles, numTokens],
    numPathBytes,
  ],
} as const satisfies SnapshotFormat;

/**
 * @param files - as the index lists them; those whose path UTF-8 cannot carry are left out.
 * @param tokenizerHash - tells vocabularies apart; ids of another one mean other text.
 * @throws RangeError if the files do not fit into 4 GB.
 */
export function encodeIndex(
  files: readonly IndexedFile[],
  tokenizerHash: string,
): Uint8Array<ArrayBuffer> {
  const named = files.filter(({ path }) => !/\p{Surrogate}/u.test(path));
  const stamps = Float64Array.from(named, ({ stamp }) => stamp);
  const lengths = Uint32Array.from(named, ({ tokens }) => tokens.length);
  const pathLengths = Uint32Array.from(named, ({ path }) => new TextEncoder().encode(path).length);
  const numTokens = lengths.reduce((sum, length) => sum + length, 0);
  const numPathBytes = pathLengths.reduce((sum, length) => sum + length, 0);
  const counts = [named.length, numTokens, numPathBytes, 0];
  const columns = [stamps, lengths, pathLengths, ...named.map(({ tokens }) => tokens)];
  const paths = named.map(({ path }) => path).join("");
  return encodeSnapshot(FORMAT, tokenizerHash, counts, columns, paths);
}

/**
 * The files of a snapshot, in the order in which they were encoded; to be given to an index in that order. Their tokens
 * are views of the bytes. Or why there are none. Never throws.
 */
export function decodeIndex(bytes: Uint8Array, tokenizerHash: string) {
  const { columns, text, reason } = decodeSnapshot(bytes, FORMAT, tokenizerHash);
  if (columns === undefined) return { reason };
  const [stamps, lengths, pathLengths, tokens] = columns;
  const files: IndexedFile[] = [];
  const paths = new Set<string>();
  let tokenAt = 0;
  let byteAt = 0;
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
