/**
 * What was learned of drafts' acceptance between sessions, as bytes. Reads nothing from disk and trusts nothing that it
 * is given.
 *
 * Words of 32 bits; after the five of every snapshot (snapshotHeader.ts):
 *   5 bytes of the key, 6 tables, 7 counts of a table;
 *   then per table the bits of its sources, and its counts as floats; the key in UTF-8, filled up with zeros.
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
import { AcceptanceTables } from "./acceptanceTables.ts";

/** Another meaning of the counts, buckets for instance, is another version. */
const FORMAT: SnapshotFormat = {
  magic: 0x50_43_41_54,
  version: 1,
  name: "acceptance tables",
  headerWords: 8,
};
const TABLE_WORDS = 1 + NUM_ACCEPTANCE_COUNTS;
const MAX_TABLES = 2 ** DRAFT_SOURCES.length;

/** Tables, or why there are none. */
export type DecodedAcceptance =
  | { readonly tables: AcceptanceTables; readonly reason?: undefined }
  | { readonly tables?: undefined; readonly reason: string };

/** @param modelsKey - tells pairs of models apart: what holds of one says nothing of another. */
export function encodeAcceptance(
  tables: AcceptanceTables,
  modelsKey: string,
): Uint8Array<ArrayBuffer> {
  const key = new TextEncoder().encode(keyOf(modelsKey));
  const entries = Array.from(tables.entries());
  const keyAt = FORMAT.headerWords + TABLE_WORDS * entries.length;
  const buffer = snapshotBuffer(keyAt + Math.ceil(key.length / 4));
  const words = new Uint32Array(buffer);
  words.set([key.length, entries.length, NUM_ACCEPTANCE_COUNTS], HASHED_FROM);
  for (const [index, [sources, table]] of entries.entries()) {
    const at = FORMAT.headerWords + TABLE_WORDS * index;
    words[at] = sources;
    new Float32Array(buffer, 4 * (at + 1), NUM_ACCEPTANCE_COUNTS).set(table.counts);
  }
  new Uint8Array(buffer, 4 * keyAt).set(key);
  return sealSnapshot(buffer, FORMAT);
}

/** Never throws. */
export function decodeAcceptance(bytes: Uint8Array, modelsKey: string): DecodedAcceptance {
  const { words, reason } = openSnapshot(bytes, FORMAT);
  if (words === undefined) return { reason };
  const [numKeyBytes, numTables, numCounts] = words.subarray(HASHED_FROM);
  const keyAt = FORMAT.headerWords + TABLE_WORDS * numTables!;
  if (
    numCounts !== NUM_ACCEPTANCE_COUNTS ||
    numTables! > MAX_TABLES ||
    words.length !== keyAt + Math.ceil(numKeyBytes! / 4)
  ) {
    return { reason: "its parts do not add up to its size" };
  }
  const { buffer, byteOffset } = words;
  const key = decodeUtf8(new Uint8Array(buffer, byteOffset + 4 * keyAt, numKeyBytes));
  if (key !== keyOf(modelsKey)) return { reason: "it is of other models, or other sources" };
  const tables = new Map<number, AcceptanceTable>();
  for (let at = FORMAT.headerWords; at < keyAt; at += TABLE_WORDS) {
    const sources = words[at]!;
    const counts = new Float32Array(buffer, byteOffset + 4 * (at + 1), NUM_ACCEPTANCE_COUNTS);
    if (sources >= MAX_TABLES || tables.has(sources) || !areAcceptanceCounts(counts)) {
      return { reason: `table ${tables.size} is impossible` };
    }
    tables.set(sources, new AcceptanceTable(counts));
  }
  return { tables: new AcceptanceTables(tables) };
}

/** Kinds are numbered by their sources, in this order. */
function keyOf(modelsKey: string): string {
  return `${DRAFT_SOURCES.join()} ${modelsKey}`;
}
