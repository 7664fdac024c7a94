/** A drafter with a stopwatch, so that a slow one can be named. */
import type { Drafter } from "../../core/tree/drafter.ts";

export interface TimedDrafter extends Drafter {
  /** Reading, drafting and learning so far; not the start of a generation, which is part of the time to the first token. */
  readonly ms: number;
}

/** @param now - clock in ms. */
export function timedDrafter(inner: Drafter, now: () => number): TimedDrafter {
  let ms = 0;
  const timed = async <R>(work: () => Promise<R>): Promise<R> => {
    const start = now();
    try {
      return await work();
    } finally {
      ms += now() - start;
    }
  };
  const { reader } = inner;
  return {
    source: inner.source,
    learnsWhilePaused: inner.learnsWhilePaused ?? false,
    reader: reader && {
      get numUnread() {
        return reader.numUnread;
      },
      read: (numTokens, signal) => timed(() => reader.read(numTokens, signal)),
    },
    begin: (context, signal) => inner.begin(context, signal),
    draft: (rootToken, budget, signal) => timed(() => inner.draft(rootToken, budget, signal)),
    learn(step) {
      const start = now();
      inner.learn(step);
      ms += now() - start;
    },
    get ms() {
      return ms;
    },
  };
}
