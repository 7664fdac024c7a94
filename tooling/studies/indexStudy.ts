/** What the workspace index costs at growing sizes, without a model. */
import { setImmediate } from "node:timers/promises";
import { MAX_OTHERS_SHARE, othersShare } from "../../src/bench/base/busyMeter.ts";
import { machineFacts, sampleCpu } from "../../src/engine/measure/machineFacts.ts";
import { type IndexBenchRow, measureIndex } from "./indexBench.ts";
import { type IndexReport, indexReport } from "./indexReport.ts";

/** In tokens. */
const SIZES = [10_000, 100_000, 1_000_000, 5_000_000] as const;

/**
 * What was measured before an abort, if anything was.
 * @param sizes - of synthetic workspaces in tokens, the smallest first.
 */
export async function indexStudy(
  seed: number,
  onProgress: (line: string) => void,
  signal: AbortSignal,
  sizes: readonly number[] = SIZES,
): Promise<IndexReport> {
  const pause = async () => {
    await setImmediate();
    signal.throwIfAborted();
  };
  const measure = (size: number) =>
    measureIndex({ now: () => performance.now(), size, seed, pause });
  const before = sampleCpu();
  const rows: IndexBenchRow[] = [];
  try {
    // The first size would pay for the compiler.
    await measure(sizes[0] ?? 0);
    for (const size of sizes) {
      onProgress(`index: ${size} tokens`);
      rows.push(await measure(size));
    }
  } catch (error) {
    if (!signal.aborted || rows.length === 0) throw error;
  }
  const busyShare = othersShare(before, sampleCpu());
  return indexReport(rows, {
    seed,
    machine: machineFacts(),
    busyShare,
    isBusy: busyShare > MAX_OTHERS_SHARE,
    isComplete: rows.length === sizes.length,
  });
}
