/**
 * Token Recycling as published: a matrix of the eight likeliest successors, replaced by every row of every pass, and the static
 * tree of 80 nodes. What ours is compared with on traces.
 * @see Luo et al., Token Recycling (arXiv 2408.08696).
 */
import type { Token } from "../../../src/core/base/tokens.ts";
import type { DraftBudget, Drafter, VerifiedStep } from "../../../src/core/tree/drafter.ts";
import {
  type DraftTree,
  DraftTreeBuilder,
  ROOT,
  sourceBit,
} from "../../../src/core/tree/draftTree.ts";

const NUM_SUCCESSORS = 8;
/** Children of the nodes of the tree "2.2.2", by the ranks on their paths; those that are not named have none. */
const NUM_CHILDREN: Readonly<Record<string, number>> = {
  "": 8,
  ...{ 0: 8, 1: 4, 2: 3, 3: 2, 4: 1, 5: 1, 6: 1, 7: 1 },
  ...{ "0.0": 8, "0.1": 3, "0.2": 2, "0.3": 1, "0.4": 1, "0.5": 1, "0.6": 1, "0.7": 1 },
  ...{ "1.0": 2, "1.1": 1, "2.0": 1, "3.0": 1, "4.0": 1, "5.0": 1 },
  ...{ "0.0.0": 5, "0.0.1": 2, "0.0.2": 1, "0.0.3": 1, "0.0.4": 1 },
  ...{ "0.1.0": 1, "0.2.0": 1, "1.0.0": 1, "2.0.0": 1, "3.0.0": 1 },
  ...{ "0.0.0.0": 3, "0.0.0.1": 1, "0.0.0.2": 1, "0.0.1.0": 1, "0.1.0.0": 1, "1.0.0.0": 1 },
  ...{ "0.0.0.0.0": 2, "0.0.0.1.0": 1 },
};

/** Kept across generations: the hot start. */
export type RecyclingMatrix = Map<Token, Int32Array>;

export class TokenRecycling implements Drafter {
  readonly source = "recycling";
  readonly #matrix: RecyclingMatrix;

  constructor(matrix: RecyclingMatrix) {
    this.#matrix = matrix;
  }

  async begin(): Promise<void> {}

  /** The whole tree; a score says no more than a rank, so that a smaller budget takes the first ranks. */
  async draft(rootToken: Token, { maxDepth }: DraftBudget): Promise<DraftTree> {
    const tree = new DraftTreeBuilder(rootToken);
    const source = sourceBit(this.source);
    const level = [{ node: ROOT as number, token: rootToken, path: "", depth: 0 }];
    for (const { node, token, path, depth } of level) {
      if (depth === maxDepth) continue;
      const successors = this.#matrix.get(token)?.slice(0, NUM_CHILDREN[path] ?? 0) ?? [];
      for (const [rank, next] of successors.entries()) {
        const child = tree.add(node, next, { score: 1 / (rank + 2), source });
        const childPath = path === "" ? `${rank}` : `${path}.${rank}`;
        level.push({ node: child, token: next, path: childPath, depth: depth + 1 });
      }
    }
    return tree.finish();
  }

  learn({ tree, logits }: VerifiedStep): void {
    for (const [node, token] of tree.tokens.entries()) {
      const { tokens } = logits.topK(node, NUM_SUCCESSORS);
      if (tokens.length > 0) this.#matrix.set(token, tokens.slice());
    }
  }
}
