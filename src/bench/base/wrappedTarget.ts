/** A target that stands before another one and changes some of what it does. */
import type { DraftTree } from "../../core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../core/tree/targetModel.ts";
import type { AcceptedPath } from "../../core/tree/verifyGreedy.ts";

export class WrappedTarget<T extends TargetModel = TargetModel> implements TargetModel {
  protected readonly inner: T;

  constructor(inner: T) {
    this.inner = inner;
  }

  get vocabSize(): number {
    return this.inner.vocabSize;
  }
  get embeddingWidth(): number {
    return this.inner.embeddingWidth;
  }
  get contextSize(): number {
    return this.inner.contextSize;
  }
  get maxNodes(): number {
    return this.inner.maxNodes;
  }
  get maxBranches(): number {
    return this.inner.maxBranches;
  }
  get kvLength(): number {
    return this.inner.kvLength;
  }

  prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    return this.inner.prefill(tokens, signal);
  }

  numHeld(tokens: Int32Array): number {
    return this.inner.numHeld(tokens);
  }

  evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    return this.inner.evaluateTree(tree, signal);
  }

  embeddingRows(tokens: Int32Array): Float32Array {
    return this.inner.embeddingRows(tokens);
  }

  commit(path: AcceptedPath): void {
    this.inner.commit(path);
  }

  rewind(): void {
    this.inner.rewind();
  }
}
