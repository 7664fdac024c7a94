/**
 * What was learned of drafts' acceptance between sessions, as bytes. Reads nothing from disk and trusts nothing that it
 * is given.
 *
 * Words of 32 bits; after the five of every snapshot (snapshotHeader.ts):
 *   5 bytes of the key, 6 counts; then the counts as floats; the key in UTF-8, filled up with zeros.
 */

import {
  decodeUtf8,
  HASHED_FROM,
  openSnapshot,
  type SnapshotFormat,
  sealSnapshot,
  snapshotBuffer,
} from "../base/snapshotHeader.ts";
import { DRAFT_SOURCES } from "../tree/draftTree.ts";
import { AcceptanceTable, areAcceptanceCounts, NUM_ACCEPTANCE_COUNTS } from "./acceptanceTable.ts";

/** Another meaning of the counts, buckets or drafters' scores for instance, is another version. */
const FORMAT: SnapshotFormat = {
  magic: 0x50_43_41_54,
  version: 4,
  name: "acceptance table",
  headerWords: 7,
};
const KEY_AT = FORMAT.headerWords + NUM_ACCEPTANCE_COUNTS;

/** A table, or why there is none. */
export type DecodedAcceptance =
  | { readonly table: AcceptanceTable; readonly reason?: undefined }
  | { readonly table?: undefined; readonly reason: string };

/** @param modelsKey - tells pairs of models apart: what holds of one says nothing of another. */
export function encodeAcceptance(
  table: AcceptanceTable,
  modelsKey: string,
): Uint8Array<ArrayBuffer> {
  const key = new TextEncoder().encode(keyOf(modelsKey));
  const buffer = snapshotBuffer(KEY_AT + Math.ceil(key.length / 4));
  new Uint32Array(buffer).set([key.length, NUM_ACCEPTANCE_COUNTS], HASHED_FROM);
  new Float32Array(buffer, 4 * FORMAT.headerWords, NUM_ACCEPTANCE_COUNTS).set(table.counts);
  new Uint8Array(buffer, 4 * KEY_AT).set(key);
  return sealSnapshot(buffer, FORMAT);
}

/** Never throws. */
export function decodeAcceptance(bytes: Uint8Array, modelsKey: string): DecodedAcceptance {
  const { words, reason } = openSnapshot(bytes, FORMAT);
  if (words === undefined) return { reason };
  const [numKeyBytes, numCounts] = words.subarray(HASHED_FROM);
  if (
    numCounts !== NUM_ACCEPTANCE_COUNTS ||
    words.length !== KEY_AT + Math.ceil(numKeyBytes! / 4)
  ) {
    return { reason: "its parts do not add up to its size" };
  }
  const { buffer, byteOffset } = words;
  const key = decodeUtf8(new Uint8Array(buffer, byteOffset + 4 * KEY_AT, numKeyBytes));
  if (key !== keyOf(modelsKey)) return { reason: "it is of other models, or other sources" };
  const countsAt = byteOffset + 4 * FORMAT.headerWords;
  const counts = new Float32Array(buffer, countsAt, NUM_ACCEPTANCE_COUNTS);
  if (!areAcceptanceCounts(counts)) return { reason: "its counts are impossible" };
  return { table: new AcceptanceTable(counts) };
}

/** Kinds are numbered by their sources, in this order. */
function keyOf(modelsKey: string): string {
  return `${DRAFT_SOURCES.join()} ${modelsKey}`;
}
