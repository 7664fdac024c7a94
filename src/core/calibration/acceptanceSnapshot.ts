/** What was learned of drafts' acceptance between sessions, as bytes (`snapshot.ts`): one column, the counts. */

import { decodeSnapshot, encodeSnapshot, type SnapshotFormat } from "../base/snapshot.ts";
import { DRAFT_SOURCES } from "../tree/draftTree.ts";
import { AcceptanceTable, areAcceptanceCounts, NUM_ACCEPTANCE_COUNTS } from "./acceptanceTable.ts";

/** Another meaning of the counts, buckets or drafters' scores for instance, is another version. */
const FORMAT = {
  magic: 0x50_43_41_54,
  version: 4,
  name: "acceptance table",
  otherKey: "other models, or other sources",
  numCounts: 1,
  types: [Float32Array],
  lengths: ([numCounts = 0]) => [numCounts, 0],
} as const satisfies SnapshotFormat;

/** @param modelsKey - tells pairs of models apart: what holds of one says nothing of another. */
export function encodeAcceptance(
  table: AcceptanceTable,
  modelsKey: string,
): Uint8Array<ArrayBuffer> {
  return encodeSnapshot(FORMAT, keyOf(modelsKey), [NUM_ACCEPTANCE_COUNTS], [table.counts]);
}

/** The table, or why there is none. Never throws. */
export function decodeAcceptance(bytes: Uint8Array, modelsKey: string) {
  const { columns, reason } = decodeSnapshot(bytes, FORMAT, keyOf(modelsKey));
  if (columns === undefined) return { reason };
  const [counts] = columns;
  if (!areAcceptanceCounts(counts)) return { reason: "its counts are impossible" };
  return { table: new AcceptanceTable(counts) };
}

/** Kinds are numbered by their sources, in this order. */
function keyOf(modelsKey: string): string {
  return `${DRAFT_SOURCES.join()} ${modelsKey}`;
}
