/**
 * A target that says what was recorded where something was, in real passes with rows of their own. With quantized weights
 * a near tie falls this way or that by the shape of a pass (`losslessCheck.ts`); so the same text is compared all the same.
 */
import { type DraftTree, ROOT } from "../core/draftTree.ts";
import type { TreeLogits } from "../core/targetModel.ts";
import type { AcceptedPath } from "../core/verifyGreedy.ts";
import type { RowTrie } from "./rowTrie.ts";
import { TrieCursor } from "./trieCursor.ts";
import { WrappedTarget } from "./wrappedTarget.ts";

export class FollowingTarget extends WrappedTarget {
  readonly #cursor = new TrieCursor();
  #trie: RowTrie | undefined;
  #pending: DraftTree | undefined;
  /** Choices that were the recording's and not the model's. */
  numOverruled = 0;

  open(promptTokens: Int32Array, trie: RowTrie): void {
    this.#trie = trie;
    this.#cursor.open(promptTokens, trie);
  }

  override async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    const numReused = await super.prefill(tokens, signal);
    this.#cursor.moveTo(tokens);
    return numReused;
  }

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const logits = await super.evaluateTree(tree, signal);
    this.#pending = tree;
    const nodes = this.#cursor.nodesOf(tree);
    const overruled = new Set<number>();
    return {
      argmax: (node) => {
        const own = logits.argmax(node);
        const recorded = nodes[node]! < 0 ? undefined : this.#trie?.row(nodes[node]!)?.tokens[0];
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

  override commit(path: AcceptedPath): void {
    super.commit(path);
    const tree = this.#pending;
    this.#pending = undefined;
    if (tree === undefined) return;
    this.#cursor.append([
      tree.tokens[ROOT]!,
      ...Array.from(path.nodes, (node) => tree.tokens[node]!),
    ]);
  }
}
