import { describe, expect, test } from "vitest";
import {
  formatTypingReport,
  type TypingAnswer,
  typingFigures,
  typingReport,
} from "../../src/bench/typingReport.ts";

const answer = (latencyMs: number, name = "generated", call: "key" | "second" = "key") =>
  ({ call, answer: name, isSuggestion: name !== "rejected", latencyMs }) satisfies TypingAnswer;

const run = (answers: readonly TypingAnswer[]) => ({
  answers,
  numGenerations: 4,
  numCancelled: 1,
  numPasses: 10,
  numWastedPasses: 2,
  numPromptTokens: 100,
  numReusedTokens: 90,
  numAcceptedSuggestions: 1,
});

const RUNS = [
  run([
    answer(10),
    answer(1, "typedThrough"),
    answer(99, "rejected"),
    answer(5, "cache", "second"),
  ]),
  run([answer(30), answer(20)]),
];

describe("typingFigures", () => {
  test("takes the time to ghost text over keystrokes that got some, and second calls apart", () => {
    const figures = typingFigures(RUNS);
    expect(figures).toMatchObject({ numKeys: 5, numSuggestions: 4, numPasses: 20, kvReuse: 0.9 });
    expect(figures.timeToGhostText).toEqual({ count: 4, p50Ms: 10, p95Ms: 30 });
    expect(figures.typedThrough).toEqual({ count: 1, p50Ms: 1, p95Ms: 1 });
    expect(figures.secondCall).toEqual({ count: 1, p50Ms: 5, p95Ms: 5 });
    expect(figures.answers).toEqual({ generated: 3, typedThrough: 1, rejected: 1 });
  });

  test("has no figures of nothing", () => {
    expect(typingFigures([])).toMatchObject({
      timeToGhostText: { count: 0, p50Ms: null, p95Ms: null },
      kvReuse: null,
    });
  });
});

const ABOUT = {
  seed: 1,
  numSessions: 2,
  target: "tiny",
  draft: null,
  backend: "cpu",
  othersShares: [0, 0.1],
};
/** A session whose keys took twice as long with the prompt alone, and three times without anything. */
const SESSION = {
  withCaches: run([answer(10), answer(30)]),
  promptOnly: run([answer(20), answer(60)]),
  withoutCaches: run([answer(30), answer(90)]),
};

test("typingReport compares every mode with the one that has all caches", () => {
  const report = typingReport([SESSION], ABOUT);
  expect(report.numMeasured).toBe(1);
  expect(report.ratios).toEqual({
    promptOnly: { p50: 2, p95: 2 },
    withoutCaches: { p50: 3, p95: 3 },
  });
});

describe("formatTypingReport", () => {
  test("prints the modes side by side", () => {
    const text = formatTypingReport(typingReport([SESSION], ABOUT));
    expect(text).toMatch(/time to ghost text +10\.0 \/ 30\.0 +20\.0 \/ 60\.0 +30\.0 \/ 90\.0/);
    expect(text).toMatch(/never shown( +2 \(20\.0 %\)){3}/);
    expect(text).toContain("prompt only p50 2.00x, p95 2.00x; without p50 3.00x, p95 3.00x");
  });

  test("says where the machine was busy, and where there are too few times for a p95", () => {
    const few = typingReport([SESSION], { ...ABOUT, othersShares: [0.05, 0.4, 0.2] });
    expect(few.warnings).toEqual([
      "Others used up to 40 % of the cores before 2 of 3 sessions.",
      "A mode has 2 times to ghost text, too few for a p95: what stands there is the largest.",
    ]);
    for (const warning of few.warnings) {
      expect(formatTypingReport(few)).toContain(`\n> - ${warning}\n`);
    }
    const many = typingReport(Array(10).fill(SESSION), ABOUT);
    expect(many.warnings).toEqual([]);
    expect(formatTypingReport(many)).not.toContain("> -");
  });

  test("says so where nothing was measured", () => {
    const text = formatTypingReport(typingReport([], ABOUT));
    expect(text).toMatch(/0 of 2 sessions/);
    expect(text).toMatch(/time to ghost text( +none){3}/);
    expect(text).toContain("p50 not measured");
  });
});
