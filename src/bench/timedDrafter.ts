/** A drafter with a stopwatch, so that a slow one can be named. */
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "../core/drafter.ts";
import type { DraftSource, DraftTree } from "../core/draftTree.ts";
import type { Token } from "../core/tokens.ts";

export class TimedDrafter implements Drafter {
  readonly source: DraftSource;
  readonly learnsWhilePaused: boolean;
  readonly #inner: Drafter;
  readonly #now: () => number;
  /** Drafting and learning so far; not the start of a generation, which is part of the time to the first token. */
  ms = 0;

  constructor(inner: Drafter, now: () => number) {
    this.source = inner.source;
    this.learnsWhilePaused = inner.learnsWhilePaused ?? false;
    this.#inner = inner;
    this.#now = now;
  }

  async begin(context: GenerationContext, signal: AbortSignal): Promise<void> {
    await this.#inner.begin(context, signal);
  }

  async draft(rootToken: Token, budget: DraftBudget, signal: AbortSignal): Promise<DraftTree> {
    const start = this.#now();
    try {
      return await this.#inner.draft(rootToken, budget, signal);
    } finally {
      this.ms += this.#now() - start;
    }
  }

  learn(step: VerifiedStep): void {
    const start = this.#now();
    this.#inner.learn(step);
    this.ms += this.#now() - start;
  }
}
