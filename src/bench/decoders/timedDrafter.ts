/** A drafter with a stopwatch, so that a slow one can be named. */

import type { Token } from "../../core/base/tokens.ts";
import type {
  DraftBudget,
  Drafter,
  GenerationContext,
  VerifiedStep,
} from "../../core/tree/drafter.ts";
import type { DraftSource, DraftTree } from "../../core/tree/draftTree.ts";
import type { PromptReader } from "../../core/tree/promptReading.ts";

export class TimedDrafter implements Drafter {
  readonly source: DraftSource;
  readonly learnsWhilePaused: boolean;
  readonly reader: PromptReader | undefined;
  readonly #inner: Drafter;
  readonly #now: () => number;
  /** Reading, drafting and learning so far; not the start of a generation, which is part of the time to the first token. */
  ms = 0;

  constructor(inner: Drafter, now: () => number) {
    this.source = inner.source;
    this.learnsWhilePaused = inner.learnsWhilePaused ?? false;
    this.#inner = inner;
    this.#now = now;
    this.reader = inner.reader && this.#timed(inner.reader);
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

  #timed(reader: PromptReader): PromptReader {
    return {
      get numUnread() {
        return reader.numUnread;
      },
      read: async (numTokens, signal) => {
        const start = this.#now();
        try {
          await reader.read(numTokens, signal);
        } finally {
          this.ms += this.#now() - start;
        }
      },
    };
  }

  learn(step: VerifiedStep): void {
    const start = this.#now();
    this.#inner.learn(step);
    this.ms += this.#now() - start;
  }
}
