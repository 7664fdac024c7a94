/**
 * Which sequence ids are members of which cells of a unified KV cache, and the fewest calls that keep them right.
 *
 * Id 0 is the trunk: it always holds every committed cell. Other ids are brought up to date only when a tree needs
 * them, because each seq_rm / seq_cp walks all cells of the context (DESIGN §3, "lazy membership").
 */

import type { DraftTree } from "../core/draftTree.ts";
import type { TreeBatch } from "../core/treeBatch.ts";

const TRUNK = 0;
const ALL_IDS = -1;
/** llama.cpp's "to the end". */
const TO_END = -1;

/** The two llama.cpp calls, on one memory. */
export interface SequenceMemory {
  seqCopy(from: number, to: number, start: number, end: number): void;
  /** False where the memory cannot drop part of a sequence (recurrent models). */
  seqRemove(seqId: number, start: number, end: number): boolean;
}

/** Tracks one context. Positions are those of the trunk. */
export class KvMembership {
  readonly #memory: SequenceMemory;
  /** [numSeqIds] id s is a member of the committed cells at positions below heldLengths[s]. */
  readonly #heldLengths: Int32Array;

  constructor(memory: SequenceMemory, numSeqIds: number) {
    this.#memory = memory;
    this.#heldLengths = new Int32Array(numSeqIds);
  }

  /** Cells the trunk holds. */
  get length(): number {
    return this.#heldLengths[TRUNK]!;
  }

  /** [numSeqIds] for tests: the last position of id s must be heldLengths[s] - 1. */
  get heldLengths(): Int32Array {
    return this.#heldLengths.slice();
  }

  /** Cells were decoded onto the trunk alone. */
  extendTrunk(numCells: number): void {
    this.#heldLengths[TRUNK]! += numCells;
  }

  /** The memory was cleared. */
  reset(): void {
    this.#heldLengths.fill(0);
  }

  /** Drops every cell at `length` and after, for all ids. False if the memory refuses; then it must be cleared. */
  truncate(length: number): boolean {
    if (!this.#memory.seqRemove(ALL_IDS, length, TO_END)) return false;
    for (let id = 0; id < this.#heldLengths.length; id++) {
      this.#heldLengths[id] = Math.min(this.#heldLengths[id]!, length);
    }
    return true;
  }

  /** Makes ids 0 … numBranches-1 members of all committed cells, so that a tree's branches see the prefix. */
  join(numBranches: number): void {
    const { length } = this;
    for (let id = 1; id < numBranches; id++) {
      const held = this.#heldLengths[id]!;
      if (held < length) this.#memory.seqCopy(TRUNK, id, held, length);
      this.#heldLengths[id] = length;
    }
  }

  /**
   * After a tree's pass: keeps the cells of the root and of the accepted nodes, drops the rest, and gives all kept
   * cells to the trunk. Ids that left the accepted path hold what they shared with it.
   *
   * @param accepted - [n] accepted nodes, top down.
   * @returns false if the memory refuses to drop cells; then it must be cleared.
   */
  commit(tree: DraftTree, batch: TreeBatch, accepted: Int32Array): boolean {
    const base = this.length;
    const end = base + 1 + accepted.length;
    const last = accepted.at(-1) ?? 0;
    const winner = batch.firstBranches[last]!;
    const deepest = maxOf(tree.depths);
    // Below the accepted path everything goes, whoever holds it.
    if (deepest > accepted.length && !this.#memory.seqRemove(ALL_IDS, end, TO_END)) return false;
    for (let id = 0; id < batch.numBranches; id++) {
      const shared = numShared(batch, accepted, id);
      const sharedEnd = base + 1 + shared;
      // Cells of this id beside the accepted path, if its branch went on at all.
      const branchEnd = Math.min(base + 1 + tree.depths[batch.leaves[id]!]!, end);
      if (branchEnd > sharedEnd && !this.#memory.seqRemove(id, sharedEnd, branchEnd)) return false;
      this.#heldLengths[id] = sharedEnd;
    }
    const trunkEnd = this.#heldLengths[TRUNK]!;
    if (trunkEnd < end) this.#memory.seqCopy(winner, TRUNK, trunkEnd, end);
    this.#heldLengths[TRUNK] = end;
    return true;
  }
}

/** Accepted nodes that lie on a branch. */
function numShared(batch: TreeBatch, accepted: Int32Array, branch: number): number {
  let shared = 0;
  for (const node of accepted) {
    if (branch < batch.firstBranches[node]! || branch >= batch.endBranches[node]!) break;
    shared++;
  }
  return shared;
}

function maxOf(values: Int32Array): number {
  let max = 0;
  for (const value of values) if (value > max) max = value;
  return max;
}
