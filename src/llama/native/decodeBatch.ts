/** One reusable `llama_batch`: arrays we own, filled in place, passed by address. */
import koffi from "koffi";
import { type DraftTree, ROOT } from "../../core/tree/draftTree.ts";
import type { TreeBatch } from "../../core/tree/treeBatch.ts";
import type { Pointer, StructValue } from "./llamaFunctions.ts";

/** V8 may move the contents of smaller arrays, and their addresses are stored in native structs. */
const MIN_ARRAY_LENGTH = 64;

/** Where a tree stands. */
export interface TreePlace {
  /** Of the root. */
  readonly position: number;
  /** The root's row; the first, unless other trees stand before it. */
  readonly firstRow?: number;
  /** The sequence id of branch 0; the trunk's, unless the tree continues a branch of its own. */
  readonly firstId?: number;
}

/** Rows of the next decode. Set the input and the rows, then take the struct. */
export type DecodeBatch = Readonly<ReturnType<typeof createDecodeBatch>>;

/**
 * @param maxRows - rows of the largest batch.
 * @param maxSeqIds - sequence ids of one row at most.
 */
export function createDecodeBatch(maxRows: number, maxSeqIds: number) {
  const length = Math.max(maxRows, MIN_ARRAY_LENGTH);
  const tokens = new Int32Array(length);
  const positions = new Int32Array(length);
  const numSeqIds = new Int32Array(length);
  const wantsLogits = new Int8Array(length);
  const seqIds = new Int32Array(length * maxSeqIds);
  const seqIdAddresses = new BigUint64Array(length);
  const seqIdBase: Pointer = koffi.address(seqIds);
  for (let row = 0; row < length; row++) {
    seqIdAddresses[row] = seqIdBase + BigInt(row * maxSeqIds * Int32Array.BYTES_PER_ELEMENT);
  }
  let embeddings: Float32Array | null = null;

  return {
    /** The first rows carry these tokens. */
    setTokens(input: Int32Array): void {
      tokens.set(input);
      embeddings = null;
    },
    /** The first rows carry these embeddings. @param input - [rows, width] */
    setEmbeddings(input: Float32Array): void {
      embeddings = new Float32Array(Math.max(input.length, MIN_ARRAY_LENGTH));
      embeddings.set(input);
    },
    /** Rows continue sequence 0 from `position`; no logits. */
    setChainRows(numRows: number, position: number): void {
      for (let row = 0; row < numRows; row++) {
        positions[row] = position + row;
        numSeqIds[row] = 1;
        seqIds[row * maxSeqIds] = 0;
        wantsLogits[row] = 0;
      }
    },
    /** Rows are the nodes of a tree whose root stands at `place.position`; logits for all. */
    setTreeRows(tree: DraftTree, batch: TreeBatch, place: TreePlace): void {
      const { position, firstRow = 0, firstId = 0 } = place;
      for (let node = ROOT; node < tree.size; node++) {
        const row = firstRow + node;
        const first = batch.firstBranches[node]!;
        const count = batch.endBranches[node]! - first;
        positions[row] = position + tree.depths[node]!;
        numSeqIds[row] = count;
        wantsLogits[row] = 1;
        for (let i = 0; i < count; i++) seqIds[row * maxSeqIds + i] = firstId + first + i;
      }
    },
    /** The struct for `llama_decode`; valid until the next set. */
    struct: (numRows: number): StructValue => ({
      n_tokens: numRows,
      token: embeddings === null ? tokens : null,
      embd: embeddings,
      pos: positions,
      n_seq_id: numSeqIds,
      seq_id: seqIdAddresses,
      logits: wantsLogits,
    }),
  };
}
