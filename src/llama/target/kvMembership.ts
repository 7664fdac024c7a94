/**
 * Which sequence ids are members of which cells of a unified KV cache, and the fewest calls that keep them right.
 *
 * Id 0 is the trunk: it always holds every committed cell. Other ids are brought up to date only when a tree needs
 * them, because each seq_rm / seq_cp walks all cells of the context.
 */

import type { DraftTree } from "../../core/tree/draftTree.ts";
import type { TreeBatch } from "../../core/tree/treeBatch.ts";

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

/**
 * Tracks one context: all its ids, of which the first is the trunk; or the ids of a branch, split off from it. Below,
 * "trunk" is the first id and "committed" is what it holds.
 */
export class KvMembership {
  readonly #memory: SequenceMemory;
  readonly #firstId: number;
  /** [numSeqIds] id firstId + s is a member of the committed cells at positions below heldLengths[s]. */
  readonly #heldLengths: Int32Array;
  /** Ids that may hold rows of the last tree. */
  #numJoined = 0;

  constructor(memory: SequenceMemory, numSeqIds: number, firstId = TRUNK) {
    this.#memory = memory;
    this.#firstId = firstId;
    this.#heldLengths = new Int32Array(numSeqIds);
  }

  get firstId(): number {
    return this.#firstId;
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
    if (this.#isWhole && !this.#memory.seqRemove(ALL_IDS, length, TO_END)) return false;
    for (let id = 0; id < this.#heldLengths.length; id++) {
      const mayHoldMore = id < this.#numJoined || this.#heldLengths[id]! > length;
      if (!this.#isWhole && mayHoldMore && !this.#remove(id, length, TO_END)) return false;
      this.#heldLengths[id] = Math.min(this.#heldLengths[id]!, length);
    }
    this.#numJoined = 0;
    return true;
  }

  /** Makes ids 0 … numBranches-1 members of all committed cells, so that a tree's branches see the prefix. */
  join(numBranches: number): void {
    const { length } = this;
    this.#numJoined = numBranches;
    for (let id = 1; id < numBranches; id++) {
      const held = this.#heldLengths[id]!;
      if (held < length) this.#copy(TRUNK, id, held, length);
      this.#heldLengths[id] = length;
    }
  }

  /**
   * Splits `numIds` ids off for a branch that continues the first `length` cells. They are the branch's until
   * {@link takeBack}.
   * @returns undefined if the memory refuses to drop cells; then it must be cleared.
   */
  branchOff(firstId: number, numIds: number, length: number): KvMembership | undefined {
    const branch = new KvMembership(this.#memory, numIds, firstId);
    branch.#heldLengths.set(this.#heldLengths.subarray(firstId, firstId + numIds));
    if (!branch.truncate(length)) return undefined;
    const held = branch.#heldLengths[TRUNK]!;
    if (held < length) this.#copy(TRUNK, firstId, held, length);
    branch.#heldLengths[TRUNK] = length;
    return branch;
  }

  /** Drops a branch's own cells, those after the first `length`. False if the memory refuses; then it must be cleared. */
  takeBack(branch: KvMembership, length: number): boolean {
    if (!branch.truncate(length)) return false;
    this.#heldLengths.set(branch.#heldLengths, branch.#firstId);
    return true;
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
    const deepest = tree.depths.reduce((most, depth) => Math.max(most, depth), 0);
    // Below the accepted path everything goes, whoever holds it; beside a branch that is others' cells, too.
    const isTailDropped = this.#isWhole && deepest > accepted.length;
    if (isTailDropped && !this.#memory.seqRemove(ALL_IDS, end, TO_END)) return false;
    for (let id = 0; id < batch.numBranches; id++) {
      const shared = numShared(batch, accepted, id);
      const sharedEnd = base + 1 + shared;
      // Cells of this id beside the accepted path, if its branch went on at all.
      const leafEnd = base + 1 + tree.depths[batch.leaves[id]!]!;
      const branchEnd = isTailDropped ? Math.min(leafEnd, end) : leafEnd;
      if (branchEnd > sharedEnd && !this.#remove(id, sharedEnd, branchEnd)) return false;
      this.#heldLengths[id] = sharedEnd;
    }
    const trunkEnd = this.#heldLengths[TRUNK]!;
    if (trunkEnd < end) this.#copy(winner, TRUNK, trunkEnd, end);
    this.#heldLengths[TRUNK] = end;
    this.#numJoined = 0;
    return true;
  }

  /** Whether all ids of the context are tracked here. */
  get #isWhole(): boolean {
    return this.#firstId === TRUNK;
  }

  #copy(from: number, to: number, start: number, end: number): void {
    this.#memory.seqCopy(this.#firstId + from, this.#firstId + to, start, end);
  }

  #remove(id: number, start: number, end: number): boolean {
    return this.#memory.seqRemove(this.#firstId + id, start, end);
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
