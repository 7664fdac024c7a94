/**
 * Watches one engine while anybody waits for it, and tells slow from hung. Three clocks run against the limits of what was
 * asked (`patience.ts`): since anything was heard, since it did anything, since it got any further. They count only time in
 * which this process was awake itself: not a laptop's sleep, not a stop in a debugger.
 */
import type { Beat } from "../../engine/protocol/beatMessages.ts";
import type { Clock } from "../clock.ts";
import type { Limits, Patience } from "./patience.ts";

/** Time between looks at the clocks, in ms. */
export const TICK_MS = 1_000;
/** What one look adds at most: later than that this process did not run, and the engine perhaps neither. */
const MAX_TICK_MS = 2 * TICK_MS;
/**
 * Share of a processor that is a sign of work. An idle engine that beats uses 0.1 % at most, measured; a load from the
 * slowest drive may use less, and shows by what it reads.
 */
const MIN_CPU_SHARE = 0.02;

/** Something that the engine is waited for; dispose it when that is there. */
export interface Watched extends Disposable {
  progressed(): void;
}

interface Entry {
  readonly patience: Patience;
  /** Since when the engine may work at it: of jobs, since the one before ended. */
  since: number;
  cancelledAt: number | undefined;
}

export class EngineWatch implements Disposable {
  readonly #clock: Clock;
  readonly #onHang: (finding: string) => void;
  /** In the order in which they were sent. */
  readonly #entries = new Set<Entry>();
  #ticking: Disposable | undefined;
  /** Time awake until the last tick, in ms; the other times are on this scale. */
  #awakeMs = 0;
  #tickedAt = 0;
  #heardAt = 0;
  #workedAt = 0;
  #progressedAt = 0;
  #lastBeat: Beat | undefined;
  /** A tick found it hung; what this process did not come to read yet may say otherwise until the next one. */
  #isSuspected = false;
  #isOver = false;

  /** @param onHang - called once, with what was found, in words that follow "it". */
  constructor(clock: Clock, onHang: (finding: string) => void) {
    this.#clock = clock;
    this.#onHang = onHang;
  }

  /** From now on the engine is waited for. @param signal - cancels the request. */
  begin(patience: Patience, signal: AbortSignal): Watched {
    if (this.#ticking === undefined && !this.#isOver) this.#start();
    const since = this.#now();
    if (patience.isJob) {
      for (const entry of this.#entries) if (entry.patience.isJob) entry.cancelledAt ??= since;
    }
    const entry: Entry = { patience, since, cancelledAt: undefined };
    this.#entries.add(entry);
    const cancel = () => {
      entry.cancelledAt ??= this.#now();
    };
    signal.addEventListener("abort", cancel, { once: true });
    return {
      progressed: () => {
        this.#workedAt = this.#progressedAt = this.#now();
      },
      [Symbol.dispose]: () => {
        signal.removeEventListener("abort", cancel);
        this.#end(entry);
      },
    };
  }

  heard(): void {
    this.#heardAt = this.#now();
  }

  beat(beat: Beat): void {
    const last = this.#lastBeat;
    this.#lastBeat = beat;
    if (last === undefined) return;
    const now = this.#now();
    const hasRead = beat.numReads > last.numReads;
    if (hasRead) this.#progressedAt = now;
    const hasComputed = beat.cpuMs - last.cpuMs >= MIN_CPU_SHARE * (beat.atMs - last.atMs);
    if (hasRead || hasComputed) this.#workedAt = now;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#stop();
  }

  #start(): void {
    this.#tickedAt = this.#clock.now();
    this.#heardAt = this.#workedAt = this.#progressedAt = this.#awakeMs;
    this.#lastBeat = undefined;
    this.#isSuspected = false;
    this.#ticking = this.#clock.every(TICK_MS, () => this.#tick());
  }

  #stop(): void {
    this.#ticking?.[Symbol.dispose]();
    this.#ticking = undefined;
  }

  #end(entry: Entry): void {
    const wasFirst = entry === this.#firstJob;
    this.#entries.delete(entry);
    const next = this.#firstJob;
    if (wasFirst && next !== undefined) next.since = this.#now();
    if (this.#entries.size === 0) this.#stop();
  }

  get #firstJob(): Entry | undefined {
    return [...this.#entries].find(({ patience }) => patience.isJob);
  }

  #now(): number {
    if (this.#ticking === undefined) return this.#awakeMs;
    return this.#awakeMs + Math.min(MAX_TICK_MS, this.#clock.now() - this.#tickedAt);
  }

  #tick(): void {
    this.#awakeMs = this.#now();
    this.#tickedAt = this.#clock.now();
    const finding = this.#finding();
    if (finding !== undefined && this.#isSuspected) {
      this[Symbol.dispose]();
      this.#onHang(finding);
    }
    this.#isSuspected = finding !== undefined;
  }

  #finding(): string | undefined {
    const job = this.#firstJob;
    const waited = job === undefined ? [...this.#entries] : [job];
    return waited.map((entry) => this.#findingOf(entry)).find((finding) => finding !== undefined);
  }

  #findingOf({ patience, since, cancelledAt }: Entry): string | undefined {
    const isCancelled = cancelledAt !== undefined;
    const limits: Limits = isCancelled ? patience.cancelled : patience.wanted;
    const start = Math.max(since, cancelledAt ?? 0);
    const lasts = (from: number, limitMs: number) => this.#awakeMs - from >= limitMs;
    if (lasts(this.#heardAt, limits.silentMs))
      return `gave no sign of life for ${inSeconds(limits.silentMs)}`;
    if (lasts(isCancelled ? start : Math.max(start, this.#progressedAt), limits.busyMs)) {
      return isCancelled
        ? `did not answer a cancel within ${inSeconds(limits.busyMs)}`
        : `got no further for ${inSeconds(limits.busyMs)}`;
    }
    if (lasts(Math.max(start, this.#workedAt), limits.idleMs)) {
      return `neither computed nor read anything for ${inSeconds(limits.idleMs)}`;
    }
    return undefined;
  }
}

function inSeconds(ms: number): string {
  return `${ms / 1000} s`;
}
