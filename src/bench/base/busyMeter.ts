/** How much of the machine others use while something is measured. Pure: samples come in as numbers. */

/** What the machine had done up to a moment, in ms. */
export interface CpuSample {
  readonly atMs: number;
  /** Time that all cores were busy, added up. */
  readonly busyMs: number;
  /** Time on cores that this process had. */
  readonly ownMs: number;
  readonly numCores: number;
}

/** Others using more of the cores than this make figures doubtful. */
export const MAX_OTHERS_SHARE = 0.1;

/** Share of the cores that others used between two samples, 0 … 1. */
export function othersShare(before: CpuSample, after: CpuSample): number {
  const elapsedMs = (after.atMs - before.atMs) * after.numCores;
  if (elapsedMs <= 0) return 0;
  const othersMs = after.busyMs - before.busyMs - (after.ownMs - before.ownMs);
  return Math.min(1, Math.max(0, othersMs / elapsedMs));
}

/** What others did to the parts of a measurement. */
export interface Disturbance {
  /** Parts during which they used more than {@link MAX_OTHERS_SHARE}. */
  readonly numBusy: number;
  /** The most that they used in a part; 0 without parts. */
  readonly maxShare: number;
}

/** @param shares - of the cores that others used, by part. */
export function disturbance(shares: readonly number[]): Disturbance {
  return {
    numBusy: shares.filter((share) => share > MAX_OTHERS_SHARE).length,
    maxShare: Math.max(0, ...shares),
  };
}

/** Notes what others use while the parts of a measurement run, one after the other. */
export class OthersMeter {
  readonly #sampleCpu: () => CpuSample;
  readonly #shares: number[] = [];
  #before: CpuSample;

  constructor(sampleCpu: () => CpuSample) {
    this.#sampleCpu = sampleCpu;
    this.#before = sampleCpu();
  }

  /** Of the parts that ended. */
  get shares(): readonly number[] {
    return this.#shares;
  }

  begin(): void {
    this.#before = this.#sampleCpu();
  }

  /** The next part begins here, unless `begin` says otherwise. */
  end(): void {
    const after = this.#sampleCpu();
    this.#shares.push(othersShare(this.#before, after));
    this.#before = after;
  }
}
