/** A target that notes every row that is read of the model behind it. */
import type { DraftTree } from "../../../src/core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../../src/core/tree/targetModel.ts";
import type { LogitsRow } from "./rowTrie.ts";
import { TrieTarget } from "./trieTarget.ts";

/** @param numTop - entries of it that are kept. */
export function readRow(logits: TreeLogits, node: number, numTop: number): LogitsRow {
  const { tokens, logits: values } = logits.topK(node, numTop);
  return { tokens, logits: values, logSumExp: logits.logSumExp(node) };
}

export class RecordingTarget<T extends TargetModel = TargetModel> extends TrieTarget<T> {
  readonly #numTop: number;

  /** @param numTop - entries of a row that are kept. */
  constructor(inner: T, numTop: number) {
    super(inner);
    this.#numTop = numTop;
  }

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const logits = await super.evaluateTree(tree, signal);
    this.pending = tree;
    const nodes = this.cursor.nodesOf(tree, true);
    const trie = this.trie;
    const note = (node: number) => {
      const at = nodes[node];
      if (trie === undefined || at === undefined || at < 0 || trie.row(at) !== undefined) return;
      trie.setRow(at, readRow(logits, node, this.#numTop));
    };
    const noting =
      <A extends unknown[], R>(read: (node: number, ...rest: A) => R) =>
      (node: number, ...rest: A): R => {
        note(node);
        return read(node, ...rest);
      };
    return {
      argmax: noting((node) => logits.argmax(node)),
      topK: noting((node, k: number) => logits.topK(node, k)),
      logSumExp: noting((node) => logits.logSumExp(node)),
      logit: noting((node, token: number) => logits.logit(node, token)),
    };
  }
}
