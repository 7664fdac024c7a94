import { describe, expect, test } from "vitest";
import { formatIndexReport } from "../../tooling/studies/indexReport.ts";
import { indexStudy } from "../../tooling/studies/indexStudy.ts";
import { NEVER } from "../support/never.ts";

describe("indexStudy", () => {
  test("measures a row per size without a model", async () => {
    const report = await indexStudy(1, () => {}, NEVER, [2000, 5000]);
    expect(report.rows.map(({ numTokens }) => numTokens)).toEqual([2000, 5000]);
    expect(report.growth).toHaveLength(1);
    expect(report.isComplete).toBe(true);
    expect(formatIndexReport(report)).toContain("| 5k ");
  });

  test("reports what was measured before an abort", async () => {
    const controller = new AbortController();
    const atSecond = (line: string) => {
      if (line.includes("index: 5000 tokens")) controller.abort();
    };
    const report = await indexStudy(1, atSecond, controller.signal, [2000, 5000]);
    expect(report.isComplete).toBe(false);
    expect(report.rows.map(({ numTokens }) => numTokens)).toEqual([2000]);
  });

  test("reports nothing where an abort came before the first size", async () => {
    const controller = new AbortController();
    const measured = indexStudy(1, () => {}, controller.signal, [2000]);
    controller.abort();
    await expect(measured).rejects.toBe(controller.signal.reason);
  });
});
