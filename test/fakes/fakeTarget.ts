/**
 * A target whose logits are a function of the token history, and that enforces the contract: it keeps its own KV rows
 * and throws on misuse. Exact, so lossless means equal.
 */

import { EngineError } from "../../src/core/base/errors.ts";
import { commonPrefixLength } from "../../src/core/base/tokens.ts";
import { type DraftTree, ROOT } from "../../src/core/tree/draftTree.ts";
import type { TargetModel, TopK, TreeLogits } from "../../src/core/tree/targetModel.ts";
import { layOutTree } from "../../src/core/tree/treeBatch.ts";
import type { AcceptedPath } from "../../src/core/tree/verifyGreedy.ts";

/** Gives the logits after a history. */
export type LogitsOf = (history: readonly number[]) => Float32Array;

/** Pseudo-random logits from a hash of the last `order` tokens: a small order repeats itself, as code does. */
export function hashedLogits(vocabSize: number, order: number, seed = 1): LogitsOf {
  return (history) => {
    let state = seed >>> 0;
    for (const token of history.slice(-order)) state = Math.imul(state ^ (token + 1), 0x9e3779b1);
    return Float32Array.from({ length: vocabSize }, (_, index) => {
      let x = (state ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
      x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
      x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
      return ((x ^ (x >>> 15)) >>> 0) / 2 ** 30;
    });
  };
}

const CHUNK = 4;

export class FakeTarget implements TargetModel {
  readonly vocabSize: number;
  readonly embeddingWidth: number;
  readonly contextSize: number;
  readonly maxNodes = 64;
  readonly maxBranches: number;
  readonly #logitsOf: LogitsOf;
  #rows: number[] = [];
  #pending: DraftTree | undefined;
  #generation = 0;
  #isBusy = false;
  #isDisposed = false;
  numPasses = 0;

  constructor(options: {
    vocabSize: number;
    logitsOf: LogitsOf;
    contextSize?: number;
    maxBranches?: number;
  }) {
    this.vocabSize = options.vocabSize;
    this.embeddingWidth = options.vocabSize;
    this.contextSize = options.contextSize ?? 4096;
    this.maxBranches = options.maxBranches ?? 16;
    this.#logitsOf = options.logitsOf;
  }

  get kvLength(): number {
    return this.#rows.length;
  }

  /** What the cache holds. */
  get rows(): readonly number[] {
    return this.#rows;
  }

  async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    if (tokens.length > this.contextSize) throw new EngineError("contextFull", "too long");
    this.rewind();
    const numReused = commonPrefixLength(Int32Array.from(this.#rows), tokens);
    this.#rows.length = numReused;
    await this.#pass(async () => {
      for (let start = numReused; start < tokens.length; start += CHUNK) {
        signal.throwIfAborted();
        await Promise.resolve();
        this.#rows.push(...tokens.subarray(start, start + CHUNK));
      }
      signal.throwIfAborted();
    });
    return numReused;
  }

  numHeld(tokens: Int32Array): number {
    return commonPrefixLength(Int32Array.from(this.#rows), tokens);
  }

  async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    signal.throwIfAborted();
    if (tree.size > this.maxNodes) throw new RangeError(`${tree.size} nodes`);
    if (layOutTree(tree).numBranches > this.maxBranches) throw new RangeError("too many leaves");
    if (this.kvLength + tree.size > this.contextSize) throw new EngineError("contextFull", "full");
    for (const token of tree.tokens) {
      if (!(token >= 0 && token < this.vocabSize)) throw new RangeError(`token ${token}`);
    }
    this.rewind();
    return this.#pass(async () => {
      this.numPasses++;
      await Promise.resolve();
      signal.throwIfAborted();
      this.#pending = tree;
      return this.#view(tree);
    });
  }

  embeddingRows(tokens: Int32Array): Float32Array {
    const rows = new Float32Array(tokens.length * this.vocabSize);
    tokens.forEach((token, index) => {
      rows[index * this.vocabSize + token] = 1;
    });
    return rows;
  }

  commit(path: AcceptedPath): void {
    this.#assertUsable();
    const tree = this.#pending;
    if (tree === undefined) throw new RangeError("commit without an evaluated tree");
    let parent = ROOT;
    for (const node of path.nodes) {
      if (tree.parents[node] !== parent) throw new RangeError("not a path");
      parent = node;
    }
    this.#rows.push(tree.tokens[ROOT]!, ...Array.from(path.nodes, (node) => tree.tokens[node]!));
    this.#pending = undefined;
  }

  rewind(): void {
    this.#pending = undefined;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#generation++;
  }

  #view(tree: DraftTree): TreeLogits {
    const generation = this.#generation;
    const base = [...this.#rows];
    // Computed late from copies: a reader may change its tree, as it may after a real pass.
    const parents = tree.parents.slice();
    const inputs = tree.tokens.slice();
    const row = (node: number): Float32Array => {
      if (generation !== this.#generation) throw new RangeError("stale logits");
      if (!(node >= 0 && node < parents.length)) throw new RangeError(`node ${node}`);
      const path: number[] = [];
      for (let at = node; at !== -1; at = parents[at]!) path.unshift(inputs[at]!);
      return this.#logitsOf([...base, ...path]);
    };
    const topK = (node: number, k: number): TopK => {
      const logits = row(node);
      const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
      const tokensOfTop = Int32Array.from(order.slice(0, k));
      return { tokens: tokensOfTop, logits: Float32Array.from(tokensOfTop, (t) => logits[t]!) };
    };
    return {
      argmax: (node) => topK(node, 1).tokens[0]!,
      topK,
      logit: (node, token) => row(node)[token]!,
      logSumExp: (node) => Math.log(row(node).reduce((sum, logit) => sum + Math.exp(logit), 0)),
    };
  }

  async #pass<T>(work: () => Promise<T>): Promise<T> {
    this.#assertUsable();
    this.#isBusy = true;
    this.#generation++;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }

  #assertUsable(): void {
    if (this.#isDisposed) throw new RangeError("disposed");
    if (this.#isBusy) throw new RangeError("one call at a time");
  }
}
