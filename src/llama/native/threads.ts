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
/**
 * Passes after which a count that was lowered, or low from the start, is raised by one, as the machine may be quiet by now; twice as many each time
 * that it had to be lowered again before so many were over.
 */
const FIRST_RAISE_AFTER = 300;
const MAX_RAISE_AFTER = 9_600;
/** Positions of the cache that count as one length, and how many such lengths are told apart. */
const KV_BUCKET = 512;
const KV_BUCKETS = 1024;

/** How many threads a model's passes take. */
export interface ThreadCounts {
  /** At first: no more than cores are idle. */
  readonly now: number;
  /** Once the machine is quiet. */
  readonly most: number;
}

/** @param mathCores - cores that compute at full speed: neither a core's second thread nor one made to save power. */
export async function countThreads(mathCores: number): Promise<ThreadCounts> {
  // A container may be allowed fewer cores than the machine has.
  const most = Math.max(1, Math.min(mathCores, availableParallelism()));
  return { now: Math.max(1, Math.min(await countIdleCores(), most)), most };
}

async function countIdleCores(): Promise<number> {
  const before = cpus();
  await delay(SAMPLE_MS);
  const after = cpus();
  let idleShare = 0;
  after.forEach((core, index) => {
    const start = before[index]?.times;
    if (start === undefined) return;
    // Work of low priority counts: passes of two threads beside it took 3 to 100 times as long, as each waits for the other.
    const idle = core.times.idle - start.idle;
    const total =
      Object.values(core.times).reduce((sum, time) => sum + time, 0) -
      Object.values(start).reduce((sum, time) => sum + time, 0);
    idleShare += total > 0 ? idle / total : 1;
  });
  return Math.round(idleShare);
}

/** Watches pass times and lowers the thread count when they say that the cores are taken; later it tries again. */
export class ThreadGovernor {
  readonly #maxThreads: number;
  #numThreads: number;
  /** Best ms seen, by number of rows and length of the cache. */
  #bestMs = new Map<number, number>();
  /** The same with a thread fewer, after one was added: it has to be of use. */
  #bestOfFewer: ReadonlyMap<number, number> | undefined;
  #numSlow = 0;
  #isFrozen = false;
  /** Passes since the count changed. */
  #numPasses = 0;
  #raiseAfter = FIRST_RAISE_AFTER;
  #wasRaised = false;

  constructor({ now, most }: ThreadCounts) {
    this.#maxThreads = most;
    this.#numThreads = now;
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
    const mostMs = Math.min(SLOWDOWN * best, this.#bestOfFewer?.get(kind) ?? Infinity);
    this.#numSlow = elapsedMs > mostMs ? this.#numSlow + 1 : 0;
    this.#numPasses++;
    if (this.#numSlow >= PATIENCE && this.#numThreads > 1) {
      const isSoon = this.#numPasses < this.#raiseAfter;
      if (isSoon && this.#wasRaised)
        this.#raiseAfter = Math.min(MAX_RAISE_AFTER, 2 * this.#raiseAfter);
      return this.#change(-1);
    }
    if (this.#numThreads === this.#maxThreads || this.#numPasses < this.#raiseAfter)
      return undefined;
    this.#wasRaised = true;
    return this.#change(1);
  }

  /** Passes with another count are another kind. */
  #change(by: 1 | -1): number {
    this.#bestOfFewer = by === 1 ? this.#bestMs : undefined;
    this.#numThreads += by;
    this.#numSlow = 0;
    this.#numPasses = 0;
    this.#bestMs = new Map();
    return this.#numThreads;
  }
}
