/** When a crashed engine may start again, and on which backend. Pure but for the clock it is given. */
import type { Backend, GpuChoice } from "../../core/base/backend.ts";

/** Wait after the first crash, in ms; it doubles with each further one. */
export const FIRST_DELAY_MS = 100;
export const MAX_DELAY_MS = 10_000;
/** Crashes in a row, no completion between them, after which requests are refused while the back-off lasts. */
export const MAX_CRASHES = 5;
/** Crashes in a row on a GPU that never finished a completion, after which the next backend is tried. */
export const MAX_UNPROVEN_CRASHES = 2;

/** The backend to try after one that keeps crashing; `off` has none. */
const NEXT_GPU: Readonly<Partial<Record<GpuChoice, GpuChoice>>> = {
  auto: "off",
  cuda: "vulkan",
  vulkan: "off",
  metal: "off",
};

/**
 * How far the engine had come when it died: it never answered, it had no models, it had not yet finished a completion
 * with the loaded models (loading included), or it had.
 */
export type CrashPhase = "starting" | "idle" | "unproven" | "proven";

/** A change of backend that the user should know of. */
export interface StepDown {
  readonly from: GpuChoice;
  readonly to: GpuChoice;
}

/** What a request that needs the engine does now. */
export type StartPlan =
  | { readonly kind: "start"; readonly delayMs: number }
  | { readonly kind: "refuse"; readonly retryInMs: number };

export class RestartPolicy {
  readonly #now: () => number;
  #gpu: GpuChoice;
  #numCrashes = 0;
  #numUnprovenCrashes = 0;
  #crashedOnGpu = false;
  #lastCrashAt = 0;

  /** @param now - ms, never going back. */
  constructor(gpu: GpuChoice, now: () => number) {
    this.#gpu = gpu;
    this.#now = now;
  }

  /** The backend to start with; what the ladder has reached so far. */
  get gpu(): GpuChoice {
    return this.#gpu;
  }

  /** Crashes since the last completion or step down. */
  get numCrashes(): number {
    return this.#numCrashes;
  }

  get hasGivenUp(): boolean {
    return this.#numCrashes >= MAX_CRASHES;
  }

  /** Whether a load that the last crash ended should be tried again: a GPU may fail where the CPU does not. */
  get retriesLoad(): boolean {
    return this.#crashedOnGpu && !this.hasGivenUp;
  }

  /** Starts wait for the back-off; once given up, requests within it are refused and a later one may try. */
  planStart(): StartPlan {
    if (this.#numCrashes === 0) return { kind: "start", delayMs: 0 };
    const backOffMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#numCrashes - 1));
    if (!this.hasGivenUp) {
      return { kind: "start", delayMs: this.#remainingMs(backOffMs) };
    }
    const retryInMs = this.#remainingMs(MAX_DELAY_MS);
    return retryInMs > 0 ? { kind: "refuse", retryInMs } : { kind: "start", delayMs: 0 };
  }

  /** A completion came through: the engine works as it is. */
  completed(): void {
    this.#numCrashes = 0;
    this.#numUnprovenCrashes = 0;
  }

  /**
   * Counts a crash.
   * @param backend - what the models were loaded on; undefined if no load came through.
   * @returns the step to another backend, if this crash made one.
   */
  crashed(phase: CrashPhase, backend: Backend | undefined): StepDown | undefined {
    this.#numCrashes++;
    this.#lastCrashAt = this.#now();
    const from = this.#gpu;
    this.#crashedOnGpu = phase === "unproven" && from !== "off" && backend !== "cpu";
    if (phase === "proven") this.#numUnprovenCrashes = 0;
    if (!this.#crashedOnGpu) return undefined;
    this.#numUnprovenCrashes++;
    // What `auto` chose is known once a load came through: its successor is tried before the CPU.
    const used = from === "auto" && backend !== undefined && backend !== "cpu" ? backend : from;
    const to = NEXT_GPU[used];
    if (this.#numUnprovenCrashes < MAX_UNPROVEN_CRASHES || to === undefined) return undefined;
    // Another backend is another engine: it gets its own attempts.
    this.#gpu = to;
    this.#numCrashes = 1;
    this.#numUnprovenCrashes = 0;
    return { from: used, to };
  }

  #remainingMs(backOffMs: number): number {
    return Math.max(0, this.#lastCrashAt + backOffMs - this.#now());
  }
}

export function stepDownNotice({ from, to }: StepDown): string {
  const next = to === "off" ? "the CPU" : to;
  return `The engine crashed twice with GPU "${from}", so Treeline goes on with ${next}. To choose another, change the GPU setting.`;
}
