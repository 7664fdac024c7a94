/** One budget of nodes for the draft trees of several branches that are verified in the same pass. */
import {
  chooseNumNodes,
  rankNodes,
  treeOfRanked,
  type VerifyLimits,
} from "../budget/draftBudget.ts";
import type { DraftTree } from "../tree/draftTree.ts";

/** What a pass over all branches may verify. */
export interface SharedLimits {
  /** Drafted nodes of all trees, roots not counted. */
  readonly maxNodes: number;
  /** Rows that the pass has anyway: the roots, and tokens that need no verifying. */
  readonly numFixedRows: number;
  /** Leaves of one branch's tree. */
  readonly maxLeaves: number;
  /** [numBranches] depth below each root. */
  readonly maxDepths: readonly number[];
  /** Measured ms of a pass by its rows, the roots included; absent: every node within the limits is verified. */
  readonly passMs?: (numRows: number) => number;
}

/**
 * The nodes of all trees that are worth a row, as one tree per branch. A node's chance of being accepted counts the
 * same in every branch: each accepted one saves its branch a row of a later pass. The rule is that of one tree
 * (`chooseNumNodes`), with the rows of all roots as what a pass has anyway, and the tokens they bring as the going rate.
 *
 * @param candidates - [numBranches] valid trees.
 */
export function shareNodes(
  candidates: readonly DraftTree[],
  { maxNodes, numFixedRows, maxLeaves, maxDepths, passMs }: SharedLimits,
): DraftTree[] {
  const ranked = candidates.map((tree, branch) => {
    const limits: VerifyLimits = { maxNodes, maxBranches: maxLeaves, maxDepth: maxDepths[branch]! };
    return rankNodes(tree, limits);
  });
  // Survival never rises down a branch's own order, so a stable sort keeps parents before children.
  const merged = ranked
    .flatMap(({ survival: own }, branch) => Array.from(own, (survival) => ({ branch, survival })))
    .sort((a, b) => b.survival - a.survival)
    .slice(0, maxNodes);
  const numNodes =
    passMs === undefined
      ? merged.length
      : chooseNumNodes(
          Float32Array.from(merged, ({ survival }) => survival),
          {
            passMs: (numRows) => passMs(numFixedRows + numRows - 1),
            treeMs: 0,
            // What the branches bring without drafts: one token each.
            tokensPerMs: candidates.length / passMs(numFixedRows),
          },
        ).numNodes;
  const counts = new Int32Array(candidates.length);
  for (const { branch } of merged.slice(0, numNodes)) counts[branch]!++;
  return ranked.map((nodes, branch) => treeOfRanked(nodes, counts[branch]!));
}
