/** A model with a KV cache on a llama.cpp context: evaluates, commits, rewinds; never decides what to draft or accept. */

import { EngineError } from "../../core/base/errors.ts";
import type { BranchedTarget, TargetBranches } from "../../core/tree/branchedTarget.ts";
import { type DraftTree, ROOT } from "../../core/tree/draftTree.ts";
import type { TreeLogits } from "../../core/tree/targetModel.ts";
import { layOutTree, type TreeBatch } from "../../core/tree/treeBatch.ts";
import { type AcceptedPath, checkPath } from "../../core/tree/verifyGreedy.ts";
import { createDecodeBatch, type DecodeBatch } from "../native/decodeBatch.ts";
import { KvMembership } from "./kvMembership.ts";
import { LlamaBranches } from "./llamaBranches.ts";
import type { LlamaContext } from "./llamaContext.ts";
import { LlamaLogits } from "./llamaLogits.ts";
import { PartPace } from "./promptParts.ts";
import { RowScanner } from "./rowScan.ts";
import { Trunk } from "./trunk.ts";

/** {@link BranchedTarget} on one llama.cpp context. Owns the context. */
export class LlamaTarget implements BranchedTarget {
  readonly vocabSize: number;
  readonly embeddingWidth: number;
  readonly contextSize: number;
  readonly maxNodes: number;
  readonly maxBranches: number;
  readonly #context: LlamaContext;
  readonly #batch: DecodeBatch;
  readonly #membership: KvMembership;
  readonly #scanner: RowScanner;
  readonly #trunk: Trunk;
  #pending: { tree: DraftTree; batch: TreeBatch } | undefined;
  #branches: LlamaBranches | undefined;
  #logits: LlamaLogits | undefined;
  #isBusy = false;
  #isDisposed = false;

  constructor(context: LlamaContext, pace = new PartPace()) {
    this.#context = context;
    this.vocabSize = context.model.vocabulary.size;
    this.embeddingWidth = context.model.embeddingWidth;
    this.contextSize = context.size;
    this.maxNodes = context.maxNodes;
    this.maxBranches = context.maxBranches;
    this.#batch = createDecodeBatch(context.maxBatch, context.maxBranches);
    this.#membership = new KvMembership(context.memory, context.maxBranches);
    this.#trunk = new Trunk({
      context,
      batch: this.#batch,
      membership: this.#membership,
      pace,
      onDecode: () => this.#logits?.invalidate(),
      onCleared: () => {
        this.#pending = undefined;
        this.#branches?.lose();
      },
    });
    this.#scanner = new RowScanner(this.vocabSize);
  }

  get kvLength(): number {
    return this.#trunk.length;
  }

  get maxOpenBranches(): number {
    return this.maxBranches - 1;
  }

  /** Threads in use now; fewer than at the start where passes had to wait for cores. */
  get numThreads(): number {
    return this.#context.numThreads;
  }

  /** Keeps {@link numThreads} until what it returns is disposed, as passes that are compared need. */
  freezeThreads(): Disposable {
    return this.#context.freezeThreads();
  }

  /** [maxBranches] for tests: what each sequence id must hold; the last position of id s is one less. */
  get heldLengths(): Int32Array {
    return this.#membership.heldLengths;
  }

  /** For tests: tokens of each prompt that is kept aside, the last one at the end. */
  get parkedLengths(): readonly number[] {
    return this.#trunk.parked.lengths;
  }

  /** The last position llama.cpp has for a sequence id, -1 if none; for tests. */
  lastPosition(seqId: number): number {
    return this.#context.memory.seqPosMax(seqId);
  }

  async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    this.#assertUnbranched();
    signal.throwIfAborted();
    if (tokens.length > this.contextSize) {
      throw new EngineError(
        "contextFull",
        `The prompt has ${tokens.length} tokens, the context holds ${this.contextSize}. ` +
          "Shorten the prompt or load the model with a larger context.",
      );
    }
    this.rewind();
    this.#trunk.turnTo(tokens);
    const numReused = this.#trunk.numCached;
    await this.#exclusively(() => this.#trunk.fill(tokens, signal));
    return numReused;
  }

  numHeld(tokens: Int32Array): number {
    return this.#trunk.numHeld(tokens);
  }

  /** Whether {@link turnTo} keeps anything aside. */
  get keepsAside(): boolean {
    return this.#trunk.parked.canPark;
  }

  /** The same of what the cache has or an earlier prompt that was kept aside, whichever is more. */
  numAtHand(tokens: Int32Array): number {
    return this.#trunk.numAtHand(tokens);
  }

  /**
   * Lets the cache hold what there is of a prompt, and keeps aside what it held, even if that is another prompt of the same place:
   * so one can be read ahead beside the one in use. Evaluates nothing.
   */
  turnTo(tokens: Int32Array): void {
    this.#assertUnbranched();
    this.rewind();
    this.#trunk.turnTo(tokens, true);
  }

  async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    this.#assertUnbranched();
    signal.throwIfAborted();
    const batch = layOutTree(tree);
    if (tree.size > this.maxNodes || batch.numBranches > this.maxBranches) {
      throw new RangeError(
        `a tree of ${tree.size} nodes and ${batch.numBranches} leaves was given to a target ` +
          `that takes ${this.maxNodes} and ${this.maxBranches}`,
      );
    }
    if (this.kvLength + tree.size > this.contextSize) {
      throw new EngineError(
        "contextFull",
        `${this.kvLength} tokens and a tree of ${tree.size} do not fit a context of ${this.contextSize}. ` +
          "Shorten the prompt or load the model with a larger context.",
      );
    }
    this.rewind();
    const layOut = () => {
      this.#membership.join(batch.numBranches);
      this.#batch.setTokens(tree.tokens);
      this.#batch.setTreeRows(tree, batch, { position: this.kvLength });
      this.#pending = { tree, batch };
    };
    return this.#pass(tree.size, layOut, () => this.#dropPending(), signal);
  }

  embeddingRows(tokens: Int32Array): Float32Array {
    this.#assertUsable();
    return this.#context.model.embeddingRows(tokens);
  }

  commit(path: AcceptedPath): void {
    this.#assertUnbranched();
    const pending = this.#pending;
    if (pending === undefined) throw new RangeError("commit without an evaluated tree");
    const { tree, batch } = pending;
    checkPath(tree, path);
    this.#pending = undefined;
    const isHeld = this.#membership.commit(tree, batch, path.nodes);
    const tokens = [ROOT, ...path.nodes].map((node) => tree.tokens[node]!);
    this.#trunk.commit(tokens, isHeld);
  }

  rewind(): void {
    if (this.#isDisposed) return;
    if (this.#isBusy) throw new RangeError("the target is in use: one call at a time");
    this.#dropPending();
  }

  openBranches(prefixLengths: Int32Array): TargetBranches {
    this.#assertUnbranched();
    this.rewind();
    const host = {
      target: this,
      batch: this.#batch,
      trunk: this.#membership,
      pass: this.#pass.bind(this),
      assertIdle: () => this.#assertUsable(),
      clear: () => this.#trunk.clear(),
      closed: () => {
        this.#branches = undefined;
      },
    };
    this.#branches = new LlamaBranches(host, prefixLengths);
    return this.#branches;
  }

  /** Frees the context. Every later call throws; a second dispose does nothing. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    if (this.#isBusy) throw new RangeError("a target is disposed while a decode runs");
    this.#isDisposed = true;
    this.#logits?.invalidate();
    this.#branches?.lose();
    this.#context[Symbol.dispose]();
  }

  /** Decodes the rows that `layOut` sets once the cache is filled; `drop` undoes them after an abort. */
  async #pass(
    numRows: number,
    layOut: () => void,
    drop: () => void,
    signal: AbortSignal,
  ): Promise<TreeLogits> {
    return this.#exclusively(async () => {
      await this.#trunk.refill(signal);
      layOut();
      await this.#trunk.decode(numRows, signal);
      if (signal.aborted) {
        drop();
        signal.throwIfAborted();
      }
      this.#logits = new LlamaLogits(this.#context, this.#scanner, numRows);
      return this.#logits;
    });
  }

  #dropPending(): void {
    if (this.#pending === undefined) return;
    this.#pending = undefined;
    this.#trunk.dropBeyond();
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#assertUsable();
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }

  #assertUnbranched(): void {
    this.#assertUsable();
    if (this.#branches !== undefined) throw new RangeError("the target has open branches");
  }

  #assertUsable(): void {
    if (this.#isDisposed) throw new RangeError("the target was disposed");
    if (this.#isBusy) throw new RangeError("the target is in use: one call at a time");
  }
}
