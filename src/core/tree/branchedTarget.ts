/**
 * What several suggestions need of a model beyond {@link TargetModel}: continuations side by side in one cache. They
 * share the committed tokens and stay in the cache from pass to pass, so that a pass evaluates new rows only.
 */
import type { DraftTree } from "./draftTree.ts";
import type { TargetModel, TreeLogits } from "./targetModel.ts";
import type { AcceptedPath } from "./verifyGreedy.ts";

/** One per branch; undefined: the branch takes no part. */
export type PerBranch<T> = readonly (T | undefined)[];

/**
 * Open branches. Each is a sequence that starts with committed tokens of the model and goes on by itself. After a pass
 * that throws, every branch still holds what was committed to it, unless `isLost`.
 */
export interface TargetBranches {
  /** [numBranches] positions that each branch holds, the shared ones included. */
  readonly lengths: Int32Array;
  /** Rows for which the context has room in the next pass. */
  readonly numFree: number;
  /** Rows of the largest pass over all branches. */
  readonly maxNodes: number;
  /** Leaves of the widest tree of one branch. */
  readonly maxLeaves: number;
  /** Whether a failed pass took the branches' cells along; they can only be closed then. */
  readonly isLost: boolean;

  /**
   * One forward pass over the trees of all branches. A tree's root is the token after the branch's last position.
   * @returns for each tree its logits, valid until the next call on the model.
   * @throws RangeError for more rows or leaves than a pass takes; EngineError `contextFull`; AbortError.
   */
  evaluateTrees(trees: PerBranch<DraftTree>, signal: AbortSignal): Promise<PerBranch<TreeLogits>>;
  /**
   * The same pass with embedding rows in place of tokens, which are ignored.
   * @param embeddings - [rows of all trees, embeddingWidth] tree after tree.
   */
  evaluateEmbeddings(
    trees: PerBranch<DraftTree>,
    embeddings: Float32Array,
    signal: AbortSignal,
  ): Promise<PerBranch<TreeLogits>>;
  /** Keeps each root and path of the last pass; where there is none, drops the branch's rows of that pass. */
  commit(paths: PerBranch<AcceptedPath>): void;
  /** Drops all branches: the cache holds exactly what the model has committed. Harmless when repeated. */
  [Symbol.dispose](): void;
}

/** A model that can open branches. While they are open its own passes and commits throw a RangeError. */
export interface BranchedTarget extends TargetModel {
  /**
   * Branches that continue the first `prefixLengths[i]` committed tokens each.
   * @throws RangeError if branches are open already, a length is more than is committed, or there are more branches
   *   than {@link maxOpenBranches}.
   */
  openBranches(prefixLengths: Int32Array): TargetBranches;
  /** 0 where the state cannot be branched (recurrent models). */
  readonly maxOpenBranches: number;
}

/** The rows of one tree among those of a pass, which stand together from `firstRow` on. */
export function logitsFrom(logits: TreeLogits, firstRow: number): TreeLogits {
  if (firstRow === 0) return logits;
  return {
    argmax: (node) => logits.argmax(firstRow + node),
    topK: (node, k) => logits.topK(firstRow + node, k),
    logSumExp: (node) => logits.logSumExp(firstRow + node),
    logit: (node, token) => logits.logit(firstRow + node, token),
  };
}
