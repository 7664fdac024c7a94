/**
 * What all snapshots begin with, and what is checked before anything in them is believed. Reads nothing from disk.
 *
 * Words of 32 bits in the machine's order; one of the other order does not know the first word.
 *   0 magic, 1 version, 2 size in words, 3-4 checksum of all words from 5 on, against accidents, not against attackers.
 */
import { wordHash } from "./wordHash.ts";

/** Words before those that the checksum covers. */
export const HASHED_FROM = 5;
const MAX_WORDS = 2 ** 30;

/** A kind of snapshot. */
export interface SnapshotFormat {
  readonly magic: number;
  readonly version: number;
  /** For people. */
  readonly name: string;
  /** Words of the fixed part: these five and the kind's own; at least 5. */
  readonly headerWords: number;
}

/** @throws RangeError if so many words are more than 4 GB. */
export function snapshotBuffer(numWords: number): ArrayBuffer {
  if (numWords > MAX_WORDS) throw new RangeError(`a snapshot of ${numWords} words`);
  return new ArrayBuffer(4 * numWords);
}

/** Writes the common header, once the rest stands; the bytes are the buffer's own. */
export function sealSnapshot(
  buffer: ArrayBuffer,
  { magic, version }: SnapshotFormat,
): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(buffer);
  words.set([magic, version, words.length, ...wordHash(words.subarray(HASHED_FROM))]);
  return new Uint8Array(buffer);
}

/**
 * Checks the common header. Never throws.
 * @returns the words of a snapshot, on an 8-byte border of their buffer, or why there are none. A view of the bytes where these are
 *   aligned, else of a copy.
 */
export function openSnapshot(
  bytes: Uint8Array,
  { magic, version, name, headerWords }: SnapshotFormat,
) {
  if (bytes.length < 4 * headerWords || bytes.length % 4 !== 0) {
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
  return { words };
}

/** Undefined where bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
