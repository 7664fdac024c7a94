import { describe, expect, test } from "vitest";
import {
  formatTypingReport,
  ratioOf,
  type TypingAnswer,
  typingFigures,
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

describe("formatTypingReport", () => {
  const report = (withCaches: typeof RUNS, withoutCaches: typeof RUNS) => {
    const figures = [typingFigures(withCaches), typingFigures(withoutCaches)] as const;
    return formatTypingReport({
      suite: "typing",
      seed: 1,
      numSessions: 2,
      numMeasured: withCaches.length,
      target: "tiny",
      draft: null,
      backend: "cpu",
      withCaches: figures[0],
      withoutCaches: figures[1],
      p50Ratio: ratioOf(figures[1].timeToGhostText.p50Ms, figures[0].timeToGhostText.p50Ms),
      p95Ratio: null,
    });
  };

  test("prints both configurations side by side", () => {
    const text = report(RUNS, RUNS);
    expect(text).toMatch(/time to ghost text +10\.0 \/ 30\.0 +10\.0 \/ 30\.0/);
    expect(text).toMatch(/never shown +4 \(20\.0 %\)/);
    expect(text).toContain("p50 1.00x, p95 not measured");
  });

  test("says so where nothing was measured", () => {
    expect(report([], [])).toMatch(/0 of 2 sessions/);
    expect(report([], [])).toMatch(/time to ghost text +none +none/);
  });
});
