/** A target that notes every row that is read of the model behind it. */
import { type DraftTree, ROOT } from "../core/draftTree.ts";
import type { TargetModel, TreeLogits } from "../core/targetModel.ts";
import type { AcceptedPath } from "../core/verifyGreedy.ts";
import type { LogitsRow, RowTrie } from "./rowTrie.ts";
import { TrieCursor } from "./trieCursor.ts";
import { WrappedTarget } from "./wrappedTarget.ts";

/** @param numTop - entries of it that are kept. */
export function readRow(logits: TreeLogits, node: number, numTop: number): LogitsRow {
  const { tokens, logits: values } = logits.topK(node, numTop);
  return { tokens, logits: values, logSumExp: logits.logSumExp(node) };
}

export class RecordingTarget<T extends TargetModel = TargetModel> extends WrappedTarget<T> {
  readonly #numTop: number;
  readonly #cursor = new TrieCursor();
  #trie: RowTrie | undefined;
  #pending: DraftTree | undefined;

  /** @param numTop - entries of a row that are kept. */
  constructor(inner: T, numTop: number) {
    super(inner);
    this.#numTop = numTop;
  }

  /** What is read from here on goes into this trie. */
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
    const nodes = this.#cursor.nodesOf(tree, true);
    const trie = this.#trie;
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
