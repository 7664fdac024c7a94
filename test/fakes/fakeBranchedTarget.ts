/** A {@link FakeTarget} that can open branches, and that throws on misuse of them. */

import { EngineError } from "../../src/core/base/errors.ts";
import type {
  BranchedTarget,
  PerBranch,
  TargetBranches,
} from "../../src/core/tree/branchedTarget.ts";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import type { TopK, TreeLogits } from "../../src/core/tree/targetModel.ts";
import { layOutTree } from "../../src/core/tree/treeBatch.ts";
import { type AcceptedPath, checkPath } from "../../src/core/tree/verifyGreedy.ts";
import { FakeTarget, type LogitsOf } from "./fakeTarget.ts";

export class FakeBranchedTarget extends FakeTarget implements BranchedTarget {
  readonly logitsOf: LogitsOf;
  #open: FakeBranches | undefined;
  #isGone = false;
  /** Rows of every pass over branches. */
  readonly branchPasses: number[] = [];
  /** The n-th pass over branches fails; none unless set. */
  failsInPass: number | undefined;

  constructor(options: ConstructorParameters<typeof FakeTarget>[0]) {
    super(options);
    this.logitsOf = options.logitsOf;
  }

  get maxOpenBranches(): number {
    return this.maxBranches - 1;
  }

  get hasOpenBranches(): boolean {
    return this.#open !== undefined;
  }

  openBranches(prefixLengths: Int32Array): TargetBranches {
    this.#assertUnbranched();
    this.rewind();
    this.#open = new FakeBranches(this, prefixLengths, () => {
      this.#open = undefined;
    });
    return this.#open;
  }

  override async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    this.#assertUnbranched();
    return super.prefill(tokens, signal);
  }

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    this.#assertUnbranched();
    return super.evaluateTree(tree, signal);
  }

  override commit(path: AcceptedPath): void {
    this.#assertUnbranched();
    super.commit(path);
  }

  override [Symbol.dispose](): void {
    this.#isGone = true;
    super[Symbol.dispose]();
  }

  #assertUnbranched(): void {
    if (this.#isGone) throw new RangeError("disposed");
    if (this.#open !== undefined) throw new RangeError("open branches");
  }
}

class FakeBranches implements TargetBranches {
  readonly maxLeaves: number;
  readonly maxNodes: number;
  isLost = false;
  readonly #target: FakeBranchedTarget;
  readonly #prefixLengths: Int32Array;
  readonly #rows: number[][];
  readonly #closed: () => void;
  #pending: { trees: PerBranch<DraftTree>; tokens: Int32Array[] } | undefined;
  #pass = 0;
  #isBusy = false;
  #isClosed = false;

  constructor(target: FakeBranchedTarget, prefixLengths: Int32Array, closed: () => void) {
    this.maxLeaves = Math.floor(target.maxOpenBranches / Math.max(1, prefixLengths.length));
    this.maxNodes = target.maxNodes;
    if (this.maxLeaves < 1) throw new RangeError("too many branches");
    if (prefixLengths.some((length) => !(length >= 0 && length <= target.kvLength))) {
      throw new RangeError("a branch off nothing");
    }
    this.#target = target;
    this.#prefixLengths = prefixLengths.slice();
    this.#rows = Array.from(prefixLengths, (length) => target.rows.slice(0, length));
    this.#closed = closed;
  }

  get lengths(): Int32Array {
    return Int32Array.from(this.#rows, ({ length }) => length);
  }

  get numFree(): number {
    const numOwn = this.#rows.reduce(
      (sum, rows, branch) => sum + rows.length - this.#prefixLengths[branch]!,
      0,
    );
    return this.#target.contextSize - this.#target.kvLength - numOwn;
  }

  async evaluateTrees(trees: PerBranch<DraftTree>, signal: AbortSignal) {
    return this.#evaluate(
      trees,
      trees.map((tree) => tree?.tokens.slice() ?? new Int32Array(0)),
      signal,
    );
  }

  async evaluateEmbeddings(
    trees: PerBranch<DraftTree>,
    embeddings: Float32Array,
    signal: AbortSignal,
  ) {
    const width = this.#target.embeddingWidth;
    const numRows = trees.reduce((sum, tree) => sum + (tree?.size ?? 0), 0);
    if (embeddings.length !== numRows * width) throw new RangeError("embeddings");
    let row = 0;
    const tokens = trees.map((tree) =>
      Int32Array.from({ length: tree?.size ?? 0 }, () => {
        const values = embeddings.subarray(row * width, ++row * width);
        // A mixture stands for its heaviest token, a one-hot row for its own.
        return values.reduce((best, value, token) => (value > values[best]! ? token : best), 0);
      }),
    );
    return this.#evaluate(trees, tokens, signal);
  }

  commit(paths: PerBranch<AcceptedPath>): void {
    this.#assertOpen();
    const pending = this.#pending;
    paths.forEach((path, branch) => {
      if (path === undefined) return;
      const tree = pending?.trees[branch];
      if (tree === undefined) throw new RangeError("nothing evaluated");
      checkPath(tree, path);
    });
    this.#pending = undefined;
    paths.forEach((path, branch) => {
      if (path === undefined || pending === undefined) return;
      const tokens = pending.tokens[branch]!;
      this.#rows[branch]!.push(tokens[0]!, ...Array.from(path.nodes, (node) => tokens[node]!));
    });
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    if (this.#isBusy) throw new RangeError("closed during a pass");
    this.#isClosed = true;
    this.#closed();
  }

  async #evaluate(
    trees: PerBranch<DraftTree>,
    tokens: Int32Array[],
    signal: AbortSignal,
  ): Promise<PerBranch<TreeLogits>> {
    this.#assertOpen();
    signal.throwIfAborted();
    const target = this.#target;
    if (trees.length !== this.#rows.length) throw new RangeError("one tree per branch");
    const numRows = trees.reduce((sum, tree) => sum + (tree?.size ?? 0), 0);
    if (numRows < 1 || numRows > this.maxNodes) throw new RangeError(`${numRows} rows`);
    for (const tree of trees) {
      if (tree === undefined) continue;
      if (layOutTree(tree).numBranches > this.maxLeaves) throw new RangeError("too many leaves");
    }
    for (const token of tokens.flatMap((run) => [...run])) {
      if (!(token >= 0 && token < target.vocabSize)) throw new RangeError(`token ${token}`);
    }
    if (numRows > this.numFree) throw new EngineError("contextFull", "full");
    this.#pending = undefined;
    this.#pass++;
    this.#isBusy = true;
    try {
      target.numPasses++;
      target.branchPasses.push(numRows);
      await Promise.resolve();
      if (target.failsInPass === target.branchPasses.length) {
        this.isLost = true;
        throw new EngineError("decodeFailed", "failed");
      }
      signal.throwIfAborted();
      this.#pending = { trees, tokens };
      return trees.map((tree, branch) =>
        tree === undefined ? undefined : this.#view(tree, tokens[branch]!, branch),
      );
    } finally {
      this.#isBusy = false;
    }
  }

  #view(tree: DraftTree, tokens: Int32Array, branch: number): TreeLogits {
    const pass = this.#pass;
    const base = this.#rows[branch]!.slice();
    const parents = tree.parents.slice();
    const row = (node: number): Float32Array => {
      if (pass !== this.#pass) throw new RangeError("stale logits");
      if (!(node >= 0 && node < parents.length)) throw new RangeError(`node ${node}`);
      const path: number[] = [];
      for (let at = node; at !== -1; at = parents[at]!) path.unshift(tokens[at]!);
      return this.#target.logitsOf([...base, ...path]);
    };
    const topK = (node: number, k: number): TopK => {
      const logits = row(node);
      const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
      const top = Int32Array.from(order.slice(0, k));
      return { tokens: top, logits: Float32Array.from(top, (token) => logits[token]!) };
    };
    return {
      argmax: (node) => topK(node, 1).tokens[0]!,
      topK,
      logit: (node, token) => row(node)[token]!,
      logSumExp: (node) => Math.log(row(node).reduce((sum, logit) => sum + Math.exp(logit), 0)),
    };
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new RangeError("closed");
    if (this.isLost) throw new RangeError("lost");
    if (this.#isBusy) throw new RangeError("one call at a time");
  }
}
