import { describe, expect, test } from "vitest";
import { benchPlan, progressText } from "../../src/bench/speed/benchPlan.ts";

describe("benchPlan", () => {
  test("says what is done and how long it takes", () => {
    expect(benchPlan(["repo"], 3)).toBe(
      "Measuring how soon a line is shown with and without drafts, at hidden spans of code (repo): 3 minutes at most.",
    );
    expect(benchPlan(["scratch", "repo"], 1)).toMatch(/\(scratch, repo\): 1 minute at most\.$/);
    expect(benchPlan([], 3)).toContain("a few seconds");
  });
});

describe("progressText", () => {
  test.each([
    [0, 0.004, "indexing: 0 % of the time (files)"],
    [1, 0.5, "indexing: 1 prompt measured, 50 % of the time (files)"],
    [12, 1, "indexing: 12 prompts measured, 100 % of the time (files)"],
  ])("of %d prompts", (done, fraction, text) => {
    expect(progressText("indexing", done, fraction, "files")).toBe(text);
  });
});
