/** Time that is computed: passes and drafts take what a table says, nothing else takes any. */

import { WrappedTarget } from "../../../src/bench/base/wrappedTarget.ts";
import type { Drafter } from "../../../src/core/tree/drafter.ts";
import type { DraftTree } from "../../../src/core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../../src/core/tree/targetModel.ts";

/** A clock that only {@link ModelledTarget} and {@link modelledDrafter} move on. */
export class ModelledClock {
  #ms = 0;

  readonly now = (): number => this.#ms;

  advance(ms: number): void {
    this.#ms += ms;
  }
}

/** What a model's work takes, in ms. */
export interface ModelledCost {
  readonly passMs: (numRows: number) => number;
  /** Of each token of a prompt that the cache does not hold. */
  readonly promptTokenMs: number;
}

export class ModelledTarget extends WrappedTarget {
  readonly #cost: ModelledCost;
  readonly #clock: ModelledClock;

  constructor(inner: TargetModel, cost: ModelledCost, clock: ModelledClock) {
    super(inner);
    this.#cost = cost;
    this.#clock = clock;
  }

  override async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    const numReused = await super.prefill(tokens, signal);
    this.#clock.advance((tokens.length - numReused) * this.#cost.promptTokenMs);
    return numReused;
  }

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const { size } = tree;
    const logits = await super.evaluateTree(tree, signal);
    this.#clock.advance(this.#cost.passMs(size));
    return logits;
  }
}

/** @param draftMs - of a draft, beside what passes of a model take; what it reads takes its model's time. */
export function modelledDrafter(inner: Drafter, draftMs: number, clock: ModelledClock): Drafter {
  return {
    source: inner.source,
    learnsWhilePaused: inner.learnsWhilePaused ?? false,
    reader: inner.reader,
    begin: (context, signal) => inner.begin(context, signal),
    draft(rootToken, budget, signal) {
      clock.advance(draftMs);
      return inner.draft(rootToken, budget, signal);
    },
    learn: (step) => inner.learn(step),
  };
}
