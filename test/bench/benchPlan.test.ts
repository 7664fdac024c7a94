import { describe, expect, test } from "vitest";
import { benchPlan, progressText, suiteOrigin } from "../../src/bench/speed/benchPlan.ts";

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

describe("suiteOrigin", () => {
  test("names what is hidden, and says of both suites of real code what the index holds", () => {
    const repo = suiteOrigin("repo", "redux 5.0.1", "immer 11.1.4");
    const scratch = suiteOrigin("scratch", "redux 5.0.1", "immer 11.1.4");
    expect(repo).toMatch(/^Spans of redux 5\.0\.1 are hidden\./);
    expect(scratch).toMatch(
      /^Spans of immer 11\.1\.4 are hidden, which is no part of redux 5\.0\.1\./,
    );
    expect(repo).toMatch(/The index holds the workspace, without the span\.$/);
    expect(scratch).toMatch(/The index holds the workspace\.$/);
  });
});
