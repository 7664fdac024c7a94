import { describe, expect, test } from "vitest";
import type {
  SuggestionPrompt,
  SuggestionsBenchOptions,
} from "../../src/bench/suggestions/promptSuggestions.ts";
import { measureSuggestions } from "../../src/bench/suggestions/suggestionsBench.ts";
import { rowOf, type SuggestionsRun } from "../../src/bench/suggestions/suggestionsFigures.ts";
import { formatSuggestionsReport } from "../../src/bench/suggestions/suggestionsReport.ts";
import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { contextOf } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";

const VOCAB_SIZE = 17;
const pieceOf = (token: number) => `word${token} `;
const textOf = (tokens: Int32Array) => Array.from(tokens, pieceOf).join("").trim();

function openFake(seed: number): FakeBranchedTarget {
  const logitsOf = hashedLogits(VOCAB_SIZE, 2, seed);
  return new FakeBranchedTarget({ vocabSize: VOCAB_SIZE, logitsOf });
}

function promptOf(seed: number): SuggestionPrompt {
  const tokens = Array.from({ length: 9 }, (_, index) => (index * seed + 3) % VOCAB_SIZE);
  return {
    context: contextOf(tokens),
    hiddenLine: seed === 3 ? "" : "word1 word2",
    newLimits: () => ({ maxTokens: 7, isEndToken: (token) => token === 0 }),
    textOf: (suggestion) => textOf(suggestion.tokens),
  };
}

/** Time is passes. */
function measure(
  signal: AbortSignal,
  { withDraft = true, ...rest }: { withDraft?: boolean } & Partial<SuggestionsBenchOptions> = {},
) {
  const target = openFake(1);
  const draft = openFake(2);
  return measureSuggestions(
    {
      target,
      ...(withDraft ? { draft } : {}),
      prompts: [1, 2, 3, 4, 5].map(promptOf),
      counts: [3, 8],
      text: { pieceOf, isEndToken: (token) => token === 0 },
      drafters: () => [],
      branchDrafters: () => [],
      maxDraftNodes: 4,
      learned: { keep() {}, restore() {} },
      passMs: () => 1,
      workspace: [],
      now: () => target.numPasses,
      onProgress() {},
      ...rest,
    },
    signal,
  );
}

describe("measureSuggestions", () => {
  test("measures every method for every k on the same prompts", async () => {
    const report = await measure(NEVER);
    expect(report).toMatchObject({ suite: "suggestions", numPrompts: 4, numLines: 3 });
    expect(report.rows.map(({ method, count }) => `${method} ${count}`)).toEqual(
      [3, 8].flatMap((count) =>
        ["alonePlain", "alone", "branches", "superposedDraft", "superposedTarget"].map(
          (method) => `${method} ${count}`,
        ),
      ),
    );
    for (const row of report.rows) {
      expect(row.logProbByRank).toHaveLength(row.count);
      expect(row.meanOffered).toBeGreaterThanOrEqual(1);
      expect(row.meanOffered).toBeLessThanOrEqual(row.count);
      expect(row.timesOnePlain.median).toBeGreaterThanOrEqual(1);
    }
    // Rows cost nothing.
    expect(report.rows[0]).toMatchObject({ rowsFactor: 1, maxTimes: 1.5 });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test("branches offer at least what each alone would, in fewer passes", async () => {
    const { rows } = await measure(NEVER);
    for (const count of [3, 8]) {
      const [plain, , branches] = rows.filter((row) => row.count === count);
      // As many passes as the longest of them has tokens, its first one being given.
      expect(branches!.meanPasses).toBeLessThanOrEqual(7 + 6);
      expect(plain!.meanPasses).toBeGreaterThan(branches!.meanPasses);
      expect(branches!.meanOffered).toBeGreaterThanOrEqual(plain!.meanOffered);
    }
  });

  test("nobody finds a branch memorised by who decoded it before", async () => {
    const journal: string[] = [];
    const learned = {
      keep: () => journal.push("keep"),
      restore: () => journal.push("restore"),
    };
    await measure(NEVER, { learned });
    const perPrompt = ["restore", "keep", ...Array.from({ length: 10 }, () => "restore")];
    expect(journal).toEqual(Array.from({ length: 5 }, () => perPrompt).flat());
  });

  test("without a draft model nothing is superposed on it", async () => {
    const { rows } = await measure(NEVER, { withDraft: false });
    expect(rows.some(({ method }) => method === "superposedDraft")).toBe(false);
  });

  test("an abort reports the prompts that were finished, if one was counted", async () => {
    const abortAfter = (numPrompts: number) => {
      const controller = new AbortController();
      const onProgress = (numDone: number) => {
        if (numDone === numPrompts) controller.abort();
      };
      return measure(controller.signal, { onProgress });
    };
    expect((await abortAfter(3)).numPrompts).toBe(2);
    await expect(abortAfter(1)).rejects.toHaveProperty("name", "AbortError");
  });
});

describe("rowOf", () => {
  const offered = (text: string, meanLogProb: number) => ({ text, meanLogProb, numTokens: 4 });
  const runs: SuggestionsRun[] = [
    {
      method: "branches",
      count: 4,
      timesOnePlain: 2,
      timesFirst: 3,
      numPasses: 5,
      offered: [offered("abcd\nx", -1), offered("abxy", -2)],
      dropped: ["equal", "unlikely"],
      numStopped: 1,
      numCut: 1,
      hiddenLine: "  abxy ",
    },
    {
      method: "branches",
      count: 4,
      timesOnePlain: 4,
      timesFirst: 5,
      numPasses: 7,
      offered: [offered("abcd\nx", -3)],
      dropped: ["similar", "empty", "empty"],
      numStopped: 2,
      numCut: 0,
      hiddenLine: "abcd",
    },
    {
      method: "branches",
      count: 4,
      timesOnePlain: 3,
      timesFirst: 4,
      numPasses: 6,
      offered: [],
      dropped: ["empty"],
      numStopped: 0,
      numCut: 3,
      hiddenLine: undefined,
    },
  ];
  const row = rowOf("branches", 4, runs, 2);

  test("hits are of first lines, over the prompts that have one hidden", () => {
    expect(row).toMatchObject({ hitAt1: 0.5, hitAt3: 1, hitAtAny: 1 });
  });

  test("figures are over what was offered", () => {
    expect(row).toMatchObject({ meanOffered: 1, meanTokens: 4, meanPasses: 6 });
    expect(row.logProbByRank).toEqual([-2, -2, null, null]);
    // "abcd x" and "abxy" differ in four of six.
    expect(row.distinctness).toBeCloseTo(4 / 6, 9);
    expect(row.timesOnePlain.median).toBe(3);
  });

  test("what is not offered is counted by its reason, and what is must be likely and different", () => {
    expect(row.dropped).toEqual({ empty: 3, unlikely: 1, equal: 1, similar: 1, surplus: 0 });
    expect(row).toMatchObject({ numStopped: 3, numCut: 4 });
    // One prompt of three has a second one, of some likelihood.
    expect(row.goodByRank).toEqual([1 / 3, 0, 0]);
    const unlikely = { ...runs[0]!, offered: [offered("abcd", -1), offered("xyzw", -3)] };
    expect(rowOf("branches", 2, [unlikely], 2).goodByRank).toEqual([0]);
    const alike = { ...runs[0]!, offered: [offered("abcdefgh", -1), offered("abcdefgx", -1)] };
    expect(rowOf("branches", 2, [alike], 2).goodByRank).toEqual([0]);
  });

  test("the price is that of so many rows", () => {
    expect(row).toMatchObject({ rowsFactor: 2, maxTimes: 1.15 * 2 });
    expect(rowOf("branches", 4, runs, 1.1).maxTimes).toBe(1.5);
  });

  test("the report is a table with a row each", () => {
    const report = (times: { median: number; low: number; high: number }) =>
      formatSuggestionsReport({
        suite: "suggestions",
        numPrompts: 3,
        numLines: 2,
        maxDraftNodes: 4,
        plainMs: 10,
        firstMs: 7,
        rows: [{ ...row, timesOnePlain: times }],
      });
    const text = report(row.timesOnePlain);
    expect(text).toContain("3.00 (2.00-4.00) |      2.00 |    2.30 | not by the median |");
    expect(text).toMatch(
      /branches +\| +1\.0 of 4 \| +3 \| +1 \| +1 \| +1 \| +0 \| +3 \| +4 \| +33 %, 0 %, 0 % \|/,
    );
    expect(report({ median: 2, low: 1, high: 2.2 })).toMatch(/2\.30 \| +yes \|/);
    expect(report({ median: 2, low: 1, high: 2.4 })).toMatch(/2\.30 \| +by the median \|/);
    expect(report({ median: 4, low: 3, high: 5 })).toMatch(/2\.30 \| +no \|/);
    expect(text).toContain("| branches |");
    expect(text).toContain("3.00 (2.00-4.00)");
    expect(text).toContain("-2.00 -2.00 - -");
    expect(text).toContain("100 %");
  });
});
