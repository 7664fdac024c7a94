import { describe, expect, test } from "vitest";
import type {
  SuggestionPrompt,
  SuggestionsBenchOptions,
} from "../../src/bench/promptSuggestions.ts";
import { measureSuggestions } from "../../src/bench/suggestionsBench.ts";
import { rowOf, type SuggestionsRun } from "../../src/bench/suggestionsFigures.ts";
import { formatSuggestionsReport } from "../../src/bench/suggestionsReport.ts";
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
      now: () => target.numPasses,
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
        ["alonePlain", "alone", "branches", "together", "superposedDraft", "superposedTarget"].map(
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
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test("branches offer what each alone would, in fewer passes", async () => {
    const { rows } = await measure(NEVER);
    for (const count of [3, 8]) {
      const [plain, , branches] = rows.filter((row) => row.count === count);
      // As many passes as the longest of them has tokens, its first one being given.
      expect(branches!.meanPasses).toBeLessThanOrEqual(7 + 6);
      expect(plain!.meanPasses).toBeGreaterThan(branches!.meanPasses);
      expect(branches!.meanOffered).toBe(plain!.meanOffered);
      expect(branches!.logProbByRank).toEqual(plain!.logProbByRank);
      expect(branches!.distinctness).toBe(plain!.distinctness);
    }
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
      hiddenLine: "  abxy ",
    },
    {
      method: "branches",
      count: 4,
      timesOnePlain: 4,
      timesFirst: 5,
      numPasses: 7,
      offered: [offered("abcd\nx", -3)],
      hiddenLine: "abcd",
    },
    {
      method: "branches",
      count: 4,
      timesOnePlain: 3,
      timesFirst: 4,
      numPasses: 6,
      offered: [],
      hiddenLine: undefined,
    },
  ];
  const row = rowOf("branches", 4, runs);

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

  test("the report is a table with a row each", () => {
    const text = formatSuggestionsReport({
      suite: "suggestions",
      numPrompts: 3,
      numLines: 2,
      maxDraftNodes: 4,
      plainMs: 10,
      firstMs: 7,
      rows: [row],
    });
    expect(text).toContain("| branches |");
    expect(text).toContain("3.00 (2.00-4.00)");
    expect(text).toContain("-2.00 -2.00 - -");
    expect(text).toContain("100 %");
  });
});
