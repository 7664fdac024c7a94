/**
 * A target that says what was recorded where something was, in real passes with rows of their own. With quantized weights
 * a near tie falls this way or that by the shape of a pass (`losslessCheck.ts`); so the same text is compared all the same.
 */
import type { DraftTree } from "../../../src/core/tree/draftTree.ts";
import type { TreeLogits } from "../../../src/core/tree/targetModel.ts";
import { TrieTarget } from "../trace/trieTarget.ts";

export class FollowingTarget extends TrieTarget {
  /** Choices that were the recording's and not the model's. */
  numOverruled = 0;

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const logits = await super.evaluateTree(tree, signal);
    this.pending = tree;
    const nodes = this.cursor.nodesOf(tree);
    const overruled = new Set<number>();
    return {
      argmax: (node) => {
        const own = logits.argmax(node);
        const recorded = nodes[node]! < 0 ? undefined : this.trie?.row(nodes[node]!)?.tokens[0];
        if (recorded !== undefined && recorded !== own && !overruled.has(node)) {
          overruled.add(node);
          this.numOverruled++;
        }
        return recorded ?? own;
      },
      topK: (node, k) => logits.topK(node, k),
      logSumExp: (node) => logits.logSumExp(node),
      logit: (node, token) => logits.logit(node, token),
    };
  }
}
