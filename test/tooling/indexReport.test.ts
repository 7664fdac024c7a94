import { describe, expect, test } from "vitest";
import type { IndexBenchRow } from "../../tooling/studies/indexBench.ts";
import { formatIndexReport, indexReport } from "../../tooling/studies/indexReport.ts";

const times = (p50: number, p99 = p50, max = p99) => ({ p50, p99, max });

const row = (numTokens: number, other: Partial<IndexBenchRow> = {}): IndexBenchRow => ({
  numTokens,
  numFiles: numTokens / 1000,
  numShards: 1,
  buildMs: numTokens / 1000,
  bytesPerToken: 20,
  lookupUs: times(10, 50),
  draftUs: times(20, 60),
  updateMs: times(1, 2),
  retypeMs: times(1, 3),
  compactedBytesPerToken: 18,
  ...other,
});

const ABOUT = {
  seed: 1,
  machine: { cpu: "a CPU", cores: 2, platform: "linux x64" },
  busyShare: 0.02,
  isBusy: false,
  isComplete: true,
};

describe("indexReport", () => {
  test("holds each size against the goals, with the worse of two figures", () => {
    const slow = { lookupUs: times(40, 100), updateMs: times(1, 20), compactedBytesPerToken: 24 };
    const { rows } = indexReport([row(1_000_000), row(5_000_000, slow)], ABOUT);
    expect(rows[0]?.goals).toEqual({
      buildMs: { value: 1000, holds: true },
      lookupP99Us: { value: 50, holds: true },
      updateP99Ms: { value: 3, holds: true },
      bytesPerToken: { value: 20, holds: true },
    });
    // Below the limits of time, at most the limit of memory.
    expect(rows[1]?.goals).toMatchObject({
      lookupP99Us: { value: 100, holds: false },
      updateP99Ms: { value: 20, holds: false },
      bytesPerToken: { value: 24, holds: true },
    });
  });

  test("states growth per ten times the tokens, whatever the step is", () => {
    const rows = [row(10_000), row(1_000_000, { lookupUs: times(40, 50) })];
    const [growth] = indexReport(rows, ABOUT).growth;
    expect(growth?.buildMs).toBeCloseTo(10);
    expect(growth?.bytes).toBeCloseTo(10);
    // Four times in two steps of ten.
    expect(growth?.lookupP50Us).toBeCloseTo(2);
    expect(growth?.lookupP99Us).toBeCloseTo(1);
  });
});

describe("formatIndexReport", () => {
  test("has a line per size, and marks a goal that is missed", () => {
    const text = formatIndexReport(
      indexReport([row(10_000), row(5_000_000, { lookupUs: times(10, 200) })], ABOUT),
    );
    expect(text).toMatch(/^\| 10k +\| +10 \| +1 \| +10\.0 \| +1\.0 \| +10\.0 \| +50\.0 \|/m);
    expect(text).toMatch(/^\| lookup p99, µs < 100 +\| +50\.0 holds \| +200\.0 MISSED \|$/m);
    expect(text).toContain("one file saved again and again");
    expect(text).not.toContain("**");
  });

  test("says first where the machine was busy, or sizes are missing", () => {
    const about = { ...ABOUT, busyShare: 0.5, isBusy: true, isComplete: false };
    const text = formatIndexReport(indexReport([row(10_000)], about));
    expect(text).toContain("**Not all sizes were measured.**");
    expect(text).toContain("**Others used 50 % of the cores meanwhile");
  });
});
