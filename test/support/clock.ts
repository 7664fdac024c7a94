/** A clock that tests move. */
import type { Clock } from "../../src/session/clock.ts";

interface Waiter {
  readonly at: number;
  readonly resolve: () => void;
}

/** Delays up to `autoMs` elapse at once and are recorded; longer ones wait for `advance`. */
export class FakeClock implements Clock {
  readonly #autoMs: number;
  readonly #waiters = new Set<Waiter>();
  #now = 0;
  /** The delays that elapsed by themselves, in ms. */
  readonly elapsed: number[] = [];

  constructor(autoMs = 0) {
    this.#autoMs = autoMs;
  }

  now(): number {
    return this.#now;
  }

  get numWaiting(): number {
    return this.#waiters.size;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const waiter of this.#waiters) {
      if (waiter.at <= this.#now) waiter.resolve();
    }
  }

  delay(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= this.#autoMs) {
      this.#now += ms;
      this.elapsed.push(ms);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const waiter = {
        at: this.#now + ms,
        resolve: () => {
          this.#waiters.delete(waiter);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", () => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
      });
    });
  }
}
