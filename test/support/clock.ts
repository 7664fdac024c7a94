/** A clock that tests move. */
import type { Clock } from "../../src/session/clock.ts";

interface Waiter {
  readonly at: number;
  readonly resolve: () => void;
}

interface Repeat {
  readonly ms: number;
  at: number;
  readonly listener: () => void;
}

/** Delays up to `autoMs` elapse at once and are recorded; longer ones, and repeats, wait for `advance`. */
export class FakeClock implements Clock {
  readonly #autoMs: number;
  readonly #waiters = new Set<Waiter>();
  readonly #repeats = new Set<Repeat>();
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
    return this.#waiters.size + this.#repeats.size;
  }

  /** Time passes, and every repeat comes when it is due. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = Math.min(...Array.from(this.#repeats, ({ at }) => at));
      if (next > end) break;
      this.#now = Math.max(this.#now, next);
      for (const repeat of this.#repeats) this.#runIfDue(repeat);
    }
    this.jump(end - this.#now);
  }

  /** Time passes without this process: what is due comes late, and a repeat only once. */
  jump(ms: number): void {
    this.#now += ms;
    for (const waiter of this.#waiters) {
      if (waiter.at <= this.#now) waiter.resolve();
    }
    for (const repeat of this.#repeats) this.#runIfDue(repeat);
  }

  #runIfDue(repeat: Repeat): void {
    if (repeat.at > this.#now) return;
    repeat.at = this.#now + repeat.ms;
    repeat.listener();
  }

  every(ms: number, listener: () => void): Disposable {
    const repeat: Repeat = { ms, at: this.#now + ms, listener };
    this.#repeats.add(repeat);
    return { [Symbol.dispose]: () => this.#repeats.delete(repeat) };
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
