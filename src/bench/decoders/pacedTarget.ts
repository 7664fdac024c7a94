/**
 * A target whose small passes all take the same time, as on devices where rows are cheap. Every pass is a real one of the
 * model behind it, and then waits; what the host does between passes takes what it takes.
 */
import type { BranchedTarget, PerBranch, TargetBranches } from "../../core/tree/branchedTarget.ts";
import type { DraftTree } from "../../core/tree/draftTree.ts";
import type { TreeLogits } from "../../core/tree/targetModel.ts";
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

  /** Nobody else knows these branches: their own passes are replaced. */
  openBranches(prefixLengths: Int32Array): TargetBranches {
    const pace = this.#pace;
    const branches = this.inner.openBranches(prefixLengths);
    const evaluateTrees = branches.evaluateTrees.bind(branches);
    const evaluateEmbeddings = branches.evaluateEmbeddings.bind(branches);
    branches.evaluateTrees = (trees, signal) =>
      pace(numRowsOf(trees), () => evaluateTrees(trees, signal));
    branches.evaluateEmbeddings = (trees, embeddings, signal) =>
      pace(numRowsOf(trees), () => evaluateEmbeddings(trees, embeddings, signal));
    return branches;
  }
}

function numRowsOf(trees: PerBranch<DraftTree>): number {
  return trees.reduce((sum, tree) => sum + (tree?.size ?? 0), 0);
}
