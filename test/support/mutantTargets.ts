/** Targets with one planted fault each. The lossless rule must catch every one of them, or it proves nothing. */

import { WrappedTarget } from "../../src/bench/base/wrappedTarget.ts";
import type {
  DraftBudget,
  Drafter,
  GenerationContext,
  VerifiedStep,
} from "../../src/core/tree/drafter.ts";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import type { TreeLogits } from "../../src/core/tree/targetModel.ts";
import type { AcceptedPath } from "../../src/core/tree/verifyGreedy.ts";

/** Accepts a drafted child that is only the target's second best. */
export class SecondBestTarget extends WrappedTarget {
  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const logits = await this.inner.evaluateTree(tree, signal);
    const hasChild = (node: number, token: number) =>
      tree.parents.some((parent, child) => parent === node && tree.tokens[child] === token);
    return {
      topK: (node, k) => logits.topK(node, k),
      logSumExp: (node) => logits.logSumExp(node),
      logit: (node, token) => logits.logit(node, token),
      argmax(node) {
        const [best, second] = logits.topK(node, 2).tokens;
        return !hasChild(node, best!) && hasChild(node, second!) ? second! : best!;
      },
    };
  }
}

/** Commits the cells of another leaf than the accepted one. */
export class WrongLeafTarget extends WrappedTarget {
  #tree: DraftTree | undefined;

  override evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    this.#tree = tree;
    return super.evaluateTree(tree, signal);
  }

  override commit(path: AcceptedPath): void {
    const tree = this.#tree!;
    const last = path.nodes.at(-1);
    const parent = path.nodes.at(-2) ?? 0;
    const sibling = tree.parents.findIndex((p, node) => node > 0 && p === parent && node !== last);
    const isLeft = last !== undefined && sibling !== -1;
    const nodes = isLeft ? Int32Array.from([...path.nodes.slice(0, -1), sibling]) : path.nodes;
    this.inner.commit({ ...path, nodes });
  }
}

/** Keeps rejected tokens of the last chain in the draft's cache: the draft speaks of another text. */
export class StaleCacheTarget extends WrappedTarget {
  #isFilled = false;

  override async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    // The first call fills the prompt; later ones should rewind and do not.
    if (this.#isFilled && tokens.length > 0) return this.inner.kvLength;
    this.#isFilled = true;
    return this.inner.prefill(tokens, signal);
  }
}

/** Counts what a drafter's drafts were worth. */
export class CountingDrafter implements Drafter {
  readonly source: Drafter["source"];
  readonly #inner: Drafter;
  numDrafted = 0;
  numAccepted = 0;

  constructor(inner: Drafter) {
    this.#inner = inner;
    this.source = inner.source;
  }
  begin(context: GenerationContext, signal: AbortSignal) {
    return this.#inner.begin(context, signal);
  }
  async draft(rootToken: number, budget: DraftBudget, signal: AbortSignal) {
    const tree = await this.#inner.draft(rootToken, budget, signal);
    this.numDrafted += tree.size - 1;
    return tree;
  }
  learn(step: VerifiedStep) {
    this.numAccepted += step.path.nodes.length;
    this.#inner.learn(step);
  }
}
