/** A target beside whose cache a place in a trie of rows is kept: what is evaluated can be noted there, or looked up. */

import { WrappedTarget } from "../../../src/bench/base/wrappedTarget.ts";
import { type DraftTree, ROOT } from "../../../src/core/tree/draftTree.ts";
import type { TargetModel } from "../../../src/core/tree/targetModel.ts";
import type { AcceptedPath } from "../../../src/core/tree/verifyGreedy.ts";
import type { RowTrie } from "./rowTrie.ts";
import { TrieCursor } from "./trieCursor.ts";

export abstract class TrieTarget<T extends TargetModel = TargetModel> extends WrappedTarget<T> {
  protected readonly cursor = new TrieCursor();
  protected trie: RowTrie | undefined;
  /** The tree that was evaluated last; set by whoever evaluates. */
  protected pending: DraftTree | undefined;

  /** From here on a prompt is followed in this trie. */
  open(promptTokens: Int32Array, trie: RowTrie): void {
    this.trie = trie;
    this.cursor.open(promptTokens, trie);
  }

  override async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    const numReused = await super.prefill(tokens, signal);
    this.cursor.moveTo(tokens);
    return numReused;
  }

  override commit(path: AcceptedPath): void {
    super.commit(path);
    const tree = this.pending;
    this.pending = undefined;
    if (tree === undefined) return;
    this.cursor.append([
      tree.tokens[ROOT]!,
      ...Array.from(path.nodes, (node) => tree.tokens[node]!),
    ]);
  }
}
