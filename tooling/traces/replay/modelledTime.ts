/** Time that is computed: passes and drafts take what a table says, nothing else takes any. */

import { WrappedTarget } from "../../../src/bench/base/wrappedTarget.ts";
import type { Token } from "../../../src/core/base/tokens.ts";
import type {
  DraftBudget,
  Drafter,
  GenerationContext,
  VerifiedStep,
} from "../../../src/core/tree/drafter.ts";
import type { DraftSource, DraftTree } from "../../../src/core/tree/draftTree.ts";
import type { PromptReader } from "../../../src/core/tree/promptReading.ts";
import type { TargetModel, TreeLogits } from "../../../src/core/tree/targetModel.ts";

/** A clock that only {@link ModelledTarget} and {@link ModelledDrafter} move on. */
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

export class ModelledDrafter implements Drafter {
  readonly source: DraftSource;
  readonly learnsWhilePaused: boolean;
  /** What it reads takes its model's time. */
  readonly reader: PromptReader | undefined;
  readonly #inner: Drafter;
  readonly #draftMs: number;
  readonly #clock: ModelledClock;

  /** @param draftMs - of a draft, beside what passes of a model take. */
  constructor(inner: Drafter, draftMs: number, clock: ModelledClock) {
    this.source = inner.source;
    this.learnsWhilePaused = inner.learnsWhilePaused ?? false;
    this.reader = inner.reader;
    this.#inner = inner;
    this.#draftMs = draftMs;
    this.#clock = clock;
  }

  async begin(context: GenerationContext, signal: AbortSignal): Promise<void> {
    await this.#inner.begin(context, signal);
  }

  async draft(rootToken: Token, budget: DraftBudget, signal: AbortSignal): Promise<DraftTree> {
    this.#clock.advance(this.#draftMs);
    return this.#inner.draft(rootToken, budget, signal);
  }

  learn(step: VerifiedStep): void {
    this.#inner.learn(step);
  }
}
