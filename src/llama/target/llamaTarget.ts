/** A model with a KV cache on a llama.cpp context: evaluates, commits, rewinds; never decides what to draft or accept. */

import { EngineError } from "../../core/base/errors.ts";
import { commonPrefixLength, TokenBuffer } from "../../core/base/tokens.ts";
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
import { ParkedPrompts } from "./parkedPrompts.ts";
import { PartPace, partLength } from "./promptParts.ts";
import { RowScanner } from "./rowScan.ts";

/** Stands in the committed run for a cell that was made from an embedding row. */
const NO_TOKEN = -1;

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
  readonly #parked: ParkedPrompts;
  readonly #scanner: RowScanner;
  readonly #pace: PartPace;
  /** What the cache is meant to hold. */
  readonly #committed = new TokenBuffer();
  /** Cells that really hold it; fewer only after the memory had to be cleared. */
  #numCached = 0;
  #pending: { tree: DraftTree; batch: TreeBatch; hasTokens: boolean } | undefined;
  #branches: LlamaBranches | undefined;
  #logits: LlamaLogits | undefined;
  #isBusy = false;
  #isDisposed = false;

  constructor(context: LlamaContext, pace = new PartPace()) {
    this.#context = context;
    this.#pace = pace;
    this.vocabSize = context.model.vocabulary.size;
    this.embeddingWidth = context.model.embeddingWidth;
    this.contextSize = context.size;
    this.maxNodes = context.maxNodes;
    this.maxBranches = context.maxBranches;
    this.#batch = createDecodeBatch(context.maxBatch, context.maxBranches);
    this.#membership = new KvMembership(context.memory, context.maxBranches);
    this.#parked = new ParkedPrompts(context.trunkStates, this.#membership);
    this.#scanner = new RowScanner(this.vocabSize);
  }

  get kvLength(): number {
    return this.#committed.length;
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
    return this.#parked.lengths;
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
    this.#turnTo(tokens);
    const numReused = this.#numCached;
    await this.#exclusively(() => this.#fill(tokens, signal));
    return numReused;
  }

  numHeld(tokens: Int32Array): number {
    return Math.min(commonPrefixLength(this.#committed.view(), tokens), this.#numCached);
  }

  /** Whether {@link turnTo} keeps anything aside. */
  get keepsAside(): boolean {
    return this.#parked.canPark;
  }

  /** The same of what the cache has or an earlier prompt that was kept aside, whichever is more. */
  numAtHand(tokens: Int32Array): number {
    return Math.max(this.numHeld(tokens), this.#parked.numHeld(tokens));
  }

  /**
   * Lets the cache hold what there is of a prompt, and keeps aside what it held, even if that is another prompt of the same place:
   * so one can be read ahead beside the one in use. Evaluates nothing.
   */
  turnTo(tokens: Int32Array): void {
    this.#assertUnbranched();
    this.rewind();
    this.#turnTo(tokens, true);
  }

  async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    return this.#evaluate(tree, signal, true, (batch) => batch.setTokens(tree.tokens));
  }

  async evaluateEmbeddings(
    tree: DraftTree,
    embeddings: Float32Array,
    signal: AbortSignal,
  ): Promise<TreeLogits> {
    if (embeddings.length !== tree.size * this.embeddingWidth) {
      throw new RangeError(
        `embeddings has ${embeddings.length} floats, expected ${tree.size} x ${this.embeddingWidth}`,
      );
    }
    return this.#evaluate(tree, signal, false, (batch) => batch.setEmbeddings(embeddings));
  }

  embeddingRows(tokens: Int32Array): Float32Array {
    this.#assertUsable();
    return this.#context.model.embeddingRows(tokens);
  }

  commit(path: AcceptedPath): void {
    this.#assertUnbranched();
    const pending = this.#pending;
    if (pending === undefined) throw new RangeError("commit without an evaluated tree");
    const { tree, batch, hasTokens } = pending;
    checkPath(tree, path);
    this.#pending = undefined;
    // Cells made from embeddings stand for no token: a later prompt must not reuse them as if they did.
    const tokenOf = (node: number) => (hasTokens ? tree.tokens[node]! : NO_TOKEN);
    this.#committed.append([tokenOf(ROOT), ...Array.from(path.nodes, tokenOf)]);
    if (this.#membership.commit(tree, batch, path.nodes)) this.#numCached = this.kvLength;
    else this.#clear();
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
      clear: () => this.#clear(),
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

  async #evaluate(
    tree: DraftTree,
    signal: AbortSignal,
    hasTokens: boolean,
    setInput: (batch: DecodeBatch) => void,
  ): Promise<TreeLogits> {
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
      setInput(this.#batch);
      this.#batch.setTreeRows(tree, batch, { position: this.kvLength });
      this.#pending = { tree, batch, hasTokens };
    };
    return this.#pass(tree.size, layOut, () => this.#dropPending(), signal);
  }

  /** Decodes the rows that `layOut` sets once the cache is filled; `drop` undoes them after an abort. */
  async #pass(
    numRows: number,
    layOut: () => void,
    drop: () => void,
    signal: AbortSignal,
  ): Promise<TreeLogits> {
    return this.#exclusively(async () => {
      await this.#fill(this.#committed.view(), signal);
      layOut();
      await this.#decode(numRows, signal);
      if (signal.aborted) {
        drop();
        signal.throwIfAborted();
      }
      this.#logits = new LlamaLogits(this.#context, this.#scanner, numRows);
      return this.#logits;
    });
  }

  /** Decodes what of `tokens` the cache lacks, part by part, onto the trunk; each part is committed when done. */
  async #fill(tokens: Int32Array, signal: AbortSignal): Promise<void> {
    while (this.#numCached < tokens.length) {
      signal.throwIfAborted();
      const numTokens = partLength(this.#numCached, tokens.length, this.#context.partRows);
      const part = tokens.slice(this.#numCached, this.#numCached + numTokens);
      this.#batch.setTokens(part);
      this.#batch.setChainRows(numTokens, this.#numCached);
      const start = performance.now();
      using stop = this.#pace.stopSignal(numTokens, signal, () => performance.now());
      if (!(await this.#decode(numTokens, stop.signal))) {
        this.#pace.recordStopped(numTokens, performance.now() - start);
        if (!this.#membership.truncate(this.#numCached)) this.#clear();
        break;
      }
      this.#pace.record(numTokens, performance.now() - start);
      this.#membership.extendTrunk(numTokens);
      // A replay after a clear finds its first tokens committed already.
      this.#committed.append(part.subarray(Math.max(0, this.kvLength - this.#numCached)));
      this.#numCached += numTokens;
    }
    signal.throwIfAborted();
  }

  #dropPending(): void {
    if (this.#pending === undefined) return;
    this.#pending = undefined;
    if (!this.#membership.truncate(this.#numCached)) this.#clear();
  }

  /** @returns false where the signal stopped it before its end. */
  async #decode(numRows: number, signal?: AbortSignal): Promise<boolean> {
    this.#logits?.invalidate();
    try {
      return await this.#context.decode(this.#batch.struct(numRows), numRows, signal);
    } catch (error) {
      // What llama.cpp left in the memory after a failure is not defined: start over, the tokens are known.
      this.#pending = undefined;
      this.#clear();
      throw error;
    }
  }

  /** Keeps what the cache, or an earlier prompt that was kept aside, has of a prompt. */
  #turnTo(tokens: Int32Array, keepsVariants = false): void {
    const held = this.#committed.view().subarray(0, this.#numCached);
    const numKept = this.#parked.turnTo(tokens, held, keepsVariants);
    if (numKept === undefined) this.#clear();
    else this.#numCached = numKept;
    this.#committed.truncate(0);
    this.#committed.append(tokens.subarray(0, this.#numCached));
  }

  /** Forgets every cell; the committed tokens are decoded again before the next pass. */
  #clear(): void {
    this.#branches?.lose();
    this.#context.memory.clear();
    this.#membership.reset();
    this.#numCached = 0;
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
