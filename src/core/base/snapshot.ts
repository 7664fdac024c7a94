/**
 * What is kept between sessions, as bytes: numbers in columns, and text. Reads nothing from disk, and believes nothing before it
 * was checked.
 *
 * Words of 32 bits in the machine's order; one of the other order does not know the first word.
 *   0 magic, 1 version, 2 size in words, 3-4 checksum of all words from 5 on, against accidents, not against attackers;
 *   5 bytes of the key, then the kind's own counts, its columns one behind the other, the key and further text in UTF-8, filled
 *   up with zeros.
 */
import { wordHash } from "./wordHash.ts";

/** Words before those that the checksum covers. */
export const HASHED_FROM = 5;
const COUNTS_FROM = HASHED_FROM + 1;
const MAX_WORDS = 2 ** 30;

type ColumnType =
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor;

/** A kind of snapshot. */
export interface SnapshotFormat<Types extends readonly ColumnType[] = readonly ColumnType[]> {
  readonly magic: number;
  readonly version: number;
  /** For people. */
  readonly name: string;
  /** For people: what another key says that it is of. */
  readonly otherKey: string;
  readonly numCounts: number;
  /** Of the columns; those of 8 bytes stand first, and the counts end at a border of 8. */
  readonly types: Types;
  /** Elements of each column, and last bytes of the text behind the key. */
  readonly lengths: (counts: readonly number[]) => readonly number[];
}

type Columns<Types extends readonly ColumnType[]> = {
  readonly [at in keyof Types]: InstanceType<Types[at]>;
};

/**
 * @param columns - of the format's types and lengths, in as many pieces as the caller has.
 * @throws RangeError if all is more than 4 GB.
 */
export function encodeSnapshot(
  { magic, version }: SnapshotFormat,
  key: string,
  counts: readonly number[],
  columns: readonly ArrayBufferView[],
  text = "",
): Uint8Array<ArrayBuffer> {
  const [keyBytes, textBytes] = [key, text].map((part) => new TextEncoder().encode(part));
  const parts = [Uint32Array.of(keyBytes!.length, ...counts), ...columns, keyBytes!, textBytes!];
  const numBytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 4 * HASHED_FROM);
  const numWords = Math.ceil(numBytes / 4);
  if (numWords > MAX_WORDS) throw new RangeError(`a snapshot of ${numWords} words`);
  const words = new Uint32Array(numWords);
  const bytes = new Uint8Array(words.buffer);
  let at = 4 * HASHED_FROM;
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  words.set([magic, version, numWords, ...wordHash(words.subarray(HASHED_FROM))]);
  return bytes;
}

/**
 * Never throws, and reserves no more than the bytes have, whatever they claim.
 * @returns views of the bytes where these are aligned, else of a copy; or why there are none.
 */
export function decodeSnapshot<const Types extends readonly ColumnType[]>(
  bytes: Uint8Array,
  { magic, version, name, otherKey, numCounts, types, lengths }: SnapshotFormat<Types>,
  key: string,
) {
  const columnsFrom = COUNTS_FROM + numCounts;
  if (bytes.length < 4 * columnsFrom || bytes.length % 4 !== 0) {
    return { reason: `${bytes.length} bytes are no snapshot` };
  }
  const isAligned = bytes.byteOffset % 8 === 0 && bytes.buffer instanceof ArrayBuffer;
  const { buffer, byteOffset, length } = isAligned ? bytes : new Uint8Array(bytes);
  const words = new Uint32Array(buffer as ArrayBuffer, byteOffset, length / 4);
  if (words[0] !== magic) return { reason: `it is no snapshot of ${name}` };
  if (words[1] !== version) return { reason: `its version is ${words[1]}, not ${version}` };
  if (words[2] !== words.length) return { reason: `it has ${words.length} of ${words[2]} words` };
  const [a, b] = wordHash(words.subarray(HASHED_FROM));
  if (a !== words[3] || b !== words[4]) return { reason: "its checksum differs" };
  const numKeyBytes = words[HASHED_FROM]!;
  const counts = Array.from(words.subarray(COUNTS_FROM, columnsFrom));
  const columnLengths = lengths(counts).slice();
  const numTextBytes = columnLengths.pop()!;
  // Counts are below 2^32, so sums are exact.
  const starts = [4 * columnsFrom];
  for (const [at, type] of types.entries()) {
    starts.push(starts[at]! + type.BYTES_PER_ELEMENT * columnLengths[at]!);
  }
  const keyAt = starts.at(-1)!;
  if (4 * Math.ceil((keyAt + numKeyBytes + numTextBytes) / 4) !== length) {
    return { reason: "its parts do not add up to its size" };
  }
  const text = new Uint8Array(buffer, byteOffset + keyAt, numKeyBytes + numTextBytes);
  if (decodeUtf8(text.subarray(0, numKeyBytes)) !== key) return { reason: `it is of ${otherKey}` };
  const columns = types.map(
    (type, at) => new type(words.buffer, byteOffset + starts[at]!, columnLengths[at]!),
  ) as unknown as Columns<Types>;
  return { counts, columns, text: text.subarray(numKeyBytes) };
}

/** Undefined where bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
