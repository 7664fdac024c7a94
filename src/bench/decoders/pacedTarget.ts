/**
 * A target whose small passes all take the same time, as on devices where rows are cheap. Every pass is a real one of the
 * model behind it, and then waits; what the host does between passes takes what it takes.
 */
import type { BranchedTarget, PerBranch, TargetBranches } from "../../core/tree/branchedTarget.ts";
import type { DraftTree } from "../../core/tree/draftTree.ts";
import type { TreeLogits } from "../../core/tree/targetModel.ts";
import type { AcceptedPath } from "../../core/tree/verifyGreedy.ts";
import { WrappedTarget } from "../base/wrappedTarget.ts";

/** Runs a pass of so many rows. */
type Pace = <R>(numRows: number, pass: () => Promise<R>) => Promise<R>;

interface PaceClock {
  /** Clock in ms. */
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

/** Passes of up to `maxRows` rows take `ms` at least, larger ones what they take. */
export function flatPace(maxRows: number, ms: number, { now, wait }: PaceClock): Pace {
  return async (numRows, pass) => {
    const start = now();
    const result = await pass();
    const restMs = (numRows <= maxRows ? ms : 0) - (now() - start);
    if (restMs > 0) await wait(restMs);
    return result;
  };
}

/** Prompts are read at the model's own pace. */
export class PacedTarget extends WrappedTarget<BranchedTarget> implements BranchedTarget {
  readonly #pace: Pace;

  constructor(inner: BranchedTarget, pace: Pace) {
    super(inner);
    this.#pace = pace;
  }

  get maxOpenBranches(): number {
    return this.inner.maxOpenBranches;
  }

  override evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    return this.#pace(tree.size, () => super.evaluateTree(tree, signal));
  }

  openBranches(prefixLengths: Int32Array): TargetBranches {
    return new PacedBranches(this.inner.openBranches(prefixLengths), this.#pace);
  }
}

class PacedBranches implements TargetBranches {
  readonly #inner: TargetBranches;
  readonly #pace: Pace;

  constructor(inner: TargetBranches, pace: Pace) {
    this.#inner = inner;
    this.#pace = pace;
  }

  get lengths(): Int32Array {
    return this.#inner.lengths;
  }
  get numFree(): number {
    return this.#inner.numFree;
  }
  get maxNodes(): number {
    return this.#inner.maxNodes;
  }
  get maxLeaves(): number {
    return this.#inner.maxLeaves;
  }
  get isLost(): boolean {
    return this.#inner.isLost;
  }

  evaluateTrees(trees: PerBranch<DraftTree>, signal: AbortSignal): Promise<PerBranch<TreeLogits>> {
    return this.#pace(numRowsOf(trees), () => this.#inner.evaluateTrees(trees, signal));
  }

  evaluateEmbeddings(
    trees: PerBranch<DraftTree>,
    embeddings: Float32Array,
    signal: AbortSignal,
  ): Promise<PerBranch<TreeLogits>> {
    const pass = () => this.#inner.evaluateEmbeddings(trees, embeddings, signal);
    return this.#pace(numRowsOf(trees), pass);
  }

  commit(paths: PerBranch<AcceptedPath>): void {
    this.#inner.commit(paths);
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}

function numRowsOf(trees: PerBranch<DraftTree>): number {
  return trees.reduce((sum, tree) => sum + (tree?.size ?? 0), 0);
}
