/** The suite `index`: what the workspace index costs at growing sizes. It runs in this process, without a model. */
import { setImmediate } from "node:timers/promises";
import { MAX_OTHERS_SHARE, othersShare } from "../../bench/base/busyMeter.ts";
import { type IndexBenchRow, measureIndex } from "../../bench/indexing/indexBench.ts";
import {
  formatIndexReport,
  type IndexReport,
  indexReport,
} from "../../bench/indexing/indexReport.ts";
import { machineFacts, sampleCpu } from "../../engine/measure/machineFacts.ts";
import type { BenchSuite, CommandSurroundings } from "./benchSuite.ts";

/** In tokens. */
const SIZES = [10_000, 100_000, 1_000_000, 5_000_000] as const;

/** @param sizes - of synthetic workspaces in tokens, the smallest first. */
export function indexSuite(
  sizes: readonly number[] = SIZES,
): BenchSuite<IndexReport, CommandSurroundings> {
  return {
    async measure({ options, context }, signal) {
      const { seed } = options;
      const pause = async () => {
        await setImmediate();
        signal.throwIfAborted();
      };
      const measure = (size: number) =>
        measureIndex({ now: () => performance.now(), sizes: [size], seed, pause });
      const before = sampleCpu();
      const rows: IndexBenchRow[] = [];
      try {
        // The first size would pay for the compiler.
        await measure(sizes[0] ?? 0);
        for (const size of sizes) {
          context.terminal.progress(`index: ${size} tokens`);
          rows.push(...(await measure(size)));
        }
      } catch (error) {
        // What was measured before Ctrl+C is reported, unless it is nothing; the command ends as interrupted all the same.
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
    },
    format: formatIndexReport,
  };
}
