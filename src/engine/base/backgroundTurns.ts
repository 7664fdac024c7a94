/** When background work may use the engine's thread: between requests, never while one runs or waits. */
import { setImmediate } from "node:timers/promises";

export class BackgroundTurns {
  #numRequests = 0;
  #resume = () => {};
  #resumed: Promise<void> = Promise.resolve();

  /** A request has come; dispose what is returned when it has its answer. */
  pause(): Disposable {
    if (this.#numRequests++ === 0) {
      this.#resumed = new Promise((resolve) => {
        this.#resume = resolve;
      });
    }
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        if (--this.#numRequests === 0) this.#resume();
      },
    };
  }

  /**
   * Resolves when a slice of work may be done, before anything else is awaited: a few ms, for which a request that comes
   * now has to wait.
   * @throws the signal's reason.
   */
  async next(signal: AbortSignal): Promise<void> {
    do {
      // A message that has arrived becomes a request before this resolves.
      await setImmediate();
      if (this.#numRequests > 0) await ended(this.#resumed, signal);
      signal.throwIfAborted();
    } while (this.#numRequests > 0);
  }
}

/** Resolves with the promise, or when the signal aborts. */
async function ended(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop = () => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener("abort", stop, { once: true });
  });
  await Promise.race([promise, aborted]);
  signal.removeEventListener("abort", stop);
}
