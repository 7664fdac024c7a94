/**
 * Thread counts. ggml spins at barriers, so a thread without a core of its own makes every pass slower: two threads on
 * a busy two-core machine can take 20 times as long as one.
 */
import { availableParallelism, cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

const SAMPLE_MS = 120;
/** A pass this many times slower than the best of its size says that threads wait for cores. */
const SLOWDOWN = 3;
/** Slow passes in a row before the count is lowered: one may be the machine's hiccup. */
const PATIENCE = 5;
/** Positions of the cache that count as one length, and how many such lengths are told apart. */
const KV_BUCKET = 512;
const KV_BUCKETS = 1024;

/** Cores that were idle during a short sample, at least 1. */
export async function countIdleCores(): Promise<number> {
  const before = cpus();
  await delay(SAMPLE_MS);
  const after = cpus();
  let idleShare = 0;
  after.forEach((core, index) => {
    const start = before[index]?.times;
    if (start === undefined) return;
    const idle = core.times.idle - start.idle;
    const total =
      Object.values(core.times).reduce((sum, time) => sum + time, 0) -
      Object.values(start).reduce((sum, time) => sum + time, 0);
    idleShare += total > 0 ? idle / total : 1;
  });
  // A container may be allowed fewer cores than the machine has.
  return Math.max(1, Math.min(Math.round(idleShare), availableParallelism()));
}

/** Watches pass times and lowers the thread count when they say that the cores are taken. */
export class ThreadGovernor {
  #numThreads: number;
  /** Best ms seen, by number of rows and length of the cache. */
  #bestMs = new Map<number, number>();
  #numSlow = 0;
  #isFrozen = false;

  constructor(numThreads: number) {
    this.#numThreads = numThreads;
  }

  get numThreads(): number {
    return this.#numThreads;
  }

  /**
   * Keeps the count until what it returns is disposed, and takes no note of passes meanwhile: beside threads of others
   * that spin, their times say nothing of the cores.
   */
  freeze(): Disposable {
    this.#isFrozen = true;
    return {
      [Symbol.dispose]: () => {
        this.#isFrozen = false;
        this.#numSlow = 0;
      },
    };
  }

  /** Reports a pass; returns the new count if it should change. */
  record(numRows: number, kvLength: number, elapsedMs: number): number | undefined {
    if (this.#isFrozen) return undefined;
    // Attention grows with the cache, so passes are compared with their like only.
    const kind = numRows * KV_BUCKETS + Math.min(KV_BUCKETS - 1, Math.floor(kvLength / KV_BUCKET));
    const best = Math.min(this.#bestMs.get(kind) ?? Infinity, elapsedMs);
    this.#bestMs.set(kind, best);
    this.#numSlow = elapsedMs > SLOWDOWN * best ? this.#numSlow + 1 : 0;
    if (this.#numSlow < PATIENCE || this.#numThreads === 1) return undefined;
    this.#numThreads--;
    this.#numSlow = 0;
    this.#bestMs = new Map();
    return this.#numThreads;
  }
}
