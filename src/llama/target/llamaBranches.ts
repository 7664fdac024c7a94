/**
 * Branches of a {@link LlamaTarget}: continuations of its committed tokens as sequences of their own in the same unified
 * cache. Each has a range of sequence ids, one per leaf of its widest tree, so branches never share a row and a pass
 * takes the trees of all of them.
 */

import { EngineError } from "../../core/base/errors.ts";
import { logitsFrom, type PerBranch, type TargetBranches } from "../../core/tree/branchedTarget.ts";
import type { DraftTree } from "../../core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../core/tree/targetModel.ts";
import { layOutTree, type TreeBatch } from "../../core/tree/treeBatch.ts";
import { type AcceptedPath, checkPath } from "../../core/tree/verifyGreedy.ts";
import type { DecodeBatch } from "../native/decodeBatch.ts";
import type { KvMembership } from "./kvMembership.ts";

/** The target whose cache the branches live in, as far as they may reach. */
export interface BranchHost {
  readonly target: TargetModel;
  readonly batch: DecodeBatch;
  readonly trunk: KvMembership;
  /**
   * One pass while nothing else runs: fills the trunk, then lays out the rows and decodes them.
   * @param drop - undoes the rows where the signal was aborted meanwhile.
   */
  pass(
    numRows: number,
    layOut: () => void,
    drop: () => void,
    signal: AbortSignal,
  ): Promise<TreeLogits>;
  /** @throws RangeError while a pass runs. */
  assertIdle(): void;
  /** Forgets every cell, where the memory refused to drop some; the branches are lost. */
  clear(): void;
  closed(): void;
}

interface Branch {
  readonly prefixLength: number;
  /** Absent until the first pass, when the trunk's cells are there for sure. */
  membership: KvMembership | undefined;
  length: number;
  pending: { readonly tree: DraftTree; readonly batch: TreeBatch } | undefined;
}

/** {@link TargetBranches} on one llama.cpp context. */
export class LlamaBranches implements TargetBranches {
  readonly maxLeaves: number;
  readonly maxNodes: number;
  readonly #host: BranchHost;
  readonly #branches: readonly Branch[];
  #isLost = false;
  #isClosed = false;

  /** @param prefixLengths - [numBranches] committed tokens that each shares. */
  constructor(host: BranchHost, prefixLengths: Int32Array) {
    const { maxBranches, maxNodes, kvLength } = host.target;
    this.#host = host;
    this.maxNodes = maxNodes;
    // Id 0 is the trunk's own.
    this.maxLeaves = Math.floor((maxBranches - 1) / Math.max(1, prefixLengths.length));
    if (this.maxLeaves < 1) {
      throw new RangeError(`${prefixLengths.length} branches, the target takes ${maxBranches - 1}`);
    }
    this.#branches = Array.from(prefixLengths, (prefixLength) => {
      if (!(prefixLength >= 0 && prefixLength <= kvLength)) {
        throw new RangeError(`a branch after ${prefixLength} of ${kvLength} committed tokens`);
      }
      return { prefixLength, membership: undefined, length: prefixLength, pending: undefined };
    });
  }

  get lengths(): Int32Array {
    return Int32Array.from(this.#branches, ({ length }) => length);
  }

  get numFree(): number {
    const { contextSize, kvLength } = this.#host.target;
    const numOwn = this.#branches.reduce(
      (sum, { length, prefixLength }) => sum + length - prefixLength,
      0,
    );
    return contextSize - kvLength - numOwn;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** The memory was cleared or freed: the trunk can be decoded again, the branches cannot. */
  lose(): void {
    this.#isLost = true;
    for (const branch of this.#branches) branch.pending = undefined;
  }

  evaluateTrees(trees: PerBranch<DraftTree>, signal: AbortSignal): Promise<PerBranch<TreeLogits>> {
    const tokens = trees.flatMap((tree) => (tree === undefined ? [] : Array.from(tree.tokens)));
    return this.#evaluate(trees, (batch) => batch.setTokens(Int32Array.from(tokens)), signal);
  }

  async evaluateEmbeddings(
    trees: PerBranch<DraftTree>,
    embeddings: Float32Array,
    signal: AbortSignal,
  ): Promise<PerBranch<TreeLogits>> {
    const numRows = countRows(trees);
    const { embeddingWidth } = this.#host.target;
    if (embeddings.length !== numRows * embeddingWidth) {
      throw new RangeError(
        `embeddings has ${embeddings.length} floats, expected ${numRows} x ${embeddingWidth}`,
      );
    }
    return this.#evaluate(trees, (batch) => batch.setEmbeddings(embeddings), signal);
  }

  commit(paths: PerBranch<AcceptedPath>): void {
    this.#assertOpen();
    this.#branches.forEach((branch, index) => {
      const path = paths[index];
      if (path === undefined) return;
      if (branch.pending === undefined)
        throw new RangeError(`branch ${index} has no evaluated tree`);
      checkPath(branch.pending.tree, path);
    });
    let isKept = true;
    this.#branches.forEach((branch, index) => {
      const { pending, membership } = branch;
      const path = paths[index];
      if (pending === undefined || membership === undefined) return;
      branch.pending = undefined;
      if (path === undefined) isKept = membership.truncate(branch.length) && isKept;
      else {
        isKept = membership.commit(pending.tree, pending.batch, path.nodes) && isKept;
        branch.length += 1 + path.nodes.length;
      }
    });
    if (!isKept) this.#host.clear();
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    if (!this.#isLost) this.#host.assertIdle();
    this.#isClosed = true;
    let isKept = true;
    for (const { membership, prefixLength } of this.#branches) {
      if (membership === undefined || this.#isLost) continue;
      isKept = this.#host.trunk.takeBack(membership, prefixLength) && isKept;
    }
    if (!isKept) this.#host.clear();
    this.#host.closed();
  }

  async #evaluate(
    trees: PerBranch<DraftTree>,
    setInput: (batch: DecodeBatch) => void,
    signal: AbortSignal,
  ): Promise<PerBranch<TreeLogits>> {
    this.#assertOpen();
    signal.throwIfAborted();
    const layouts = trees.map((tree) => (tree === undefined ? undefined : layOutTree(tree)));
    const numRows = this.#checkRows(trees, layouts);
    this.#dropPending();
    const firstRows: number[] = [];
    const logits = await this.#host.pass(
      numRows,
      () => {
        setInput(this.#host.batch);
        let firstRow = 0;
        this.#branches.forEach((branch, index) => {
          const tree = trees[index];
          firstRows.push(firstRow);
          if (tree === undefined) return;
          this.#layOut(branch, index, tree, layouts[index]!, firstRow);
          firstRow += tree.size;
        });
      },
      () => this.#dropPending(),
      signal,
    );
    return this.#branches.map((_, index) =>
      trees[index] === undefined ? undefined : logitsFrom(logits, firstRows[index]!),
    );
  }

  #layOut(
    branch: Branch,
    index: number,
    tree: DraftTree,
    batch: TreeBatch,
    firstRow: number,
  ): void {
    const firstId = 1 + index * this.maxLeaves;
    const { length, prefixLength } = branch;
    branch.membership ??= this.#host.trunk.branchOff(firstId, this.maxLeaves, prefixLength);
    if (branch.membership === undefined) {
      this.#host.clear();
      throw new EngineError("decodeFailed", "The model's memory cannot be branched.");
    }
    branch.membership.join(batch.numBranches);
    branch.pending = { tree, batch };
    this.#host.batch.setTreeRows(tree, batch, { position: length, firstRow, firstId });
  }

  /** @returns rows of the pass. */
  #checkRows(trees: PerBranch<DraftTree>, layouts: PerBranch<TreeBatch>): number {
    if (trees.length !== this.#branches.length) {
      throw new RangeError(`${trees.length} trees for ${this.#branches.length} branches`);
    }
    const numRows = countRows(trees);
    const numLeaves = layouts.reduce((most, layout) => Math.max(most, layout?.numBranches ?? 0), 0);
    if (numRows < 1 || numRows > this.maxNodes || numLeaves > this.maxLeaves) {
      throw new RangeError(
        `a pass of ${numRows} rows and ${numLeaves} leaves in one branch, ` +
          `the target takes 1 to ${this.maxNodes} and ${this.maxLeaves}`,
      );
    }
    if (numRows > this.numFree) {
      throw new EngineError(
        "contextFull",
        `${numRows} rows do not fit the ${this.numFree} free positions of the context. Use a larger context.`,
      );
    }
    return numRows;
  }

  #dropPending(): void {
    let isKept = true;
    for (const branch of this.#branches) {
      if (branch.pending === undefined || branch.membership === undefined) continue;
      branch.pending = undefined;
      isKept = branch.membership.truncate(branch.length) && isKept;
    }
    if (!isKept) this.#host.clear();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new RangeError("the branches were closed");
    if (this.#isLost) throw new RangeError("the branches' cells are gone");
    this.#host.assertIdle();
  }
}

function countRows(trees: PerBranch<DraftTree>): number {
  return trees.reduce((sum, tree) => sum + (tree?.size ?? 0), 0);
}
