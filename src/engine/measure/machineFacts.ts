/** What a report says of the machine it was made on, and what others do on it meanwhile. */
import { cpus, totalmem } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { type CpuSample, othersShare } from "../../bench/base/busyMeter.ts";

/** How long others are watched before the start, in ms. */
const WATCH_MS = 500;

export function machineFacts() {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Where a container hides the machine's other cores, their time is counted all the same. */
export function sampleCpu(): CpuSample {
  const cores = cpus();
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    busyMs: cores.reduce(
      (total, { times }) => total + times.user + times.nice + times.sys + times.irq,
      0,
    ),
    ownMs: (user + system) / 1000,
    numCores: cores.length,
  };
}

/** Share of the cores that others use now, 0 … 1. */
export async function watchOthers(signal: AbortSignal): Promise<number> {
  const before = sampleCpu();
  await delay(WATCH_MS, undefined, { signal });
  return othersShare(before, sampleCpu());
}
