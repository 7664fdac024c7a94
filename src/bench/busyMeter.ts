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
