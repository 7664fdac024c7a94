/** The time source of the session; tests pass their own. */
import { setTimeout as wait } from "node:timers/promises";

export interface Clock {
  /** ms since an arbitrary start; never goes back. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason. */
  delay(ms: number, signal: AbortSignal): Promise<void>;
  /** Calls `listener` every `ms` until it is disposed; keeps no process running. */
  every(ms: number, listener: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async delay(ms, signal) {
    try {
      await wait(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
  every(ms, listener) {
    const timer = setInterval(listener, ms).unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};
