import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { compareModes, type TypingSession } from "../../src/bench/typing/typingFigures.ts";
import { typingPause, typingRun, typingSession } from "../support/typingRuns.ts";

/** Sessions of ten pauses of 1 to 5 s, ghost text so much later with all caches. */
function sessionsWith(numSessions: number, seed: number, lateMs: number): TypingSession[] {
  const random = seededRandom(seed);
  return Array.from({ length: numSessions }, (_, session) => {
    const speed = 0.7 + 0.6 * random();
    const drawn = Array.from({ length: 10 }, () => 1000 + 4000 * random());
    const run = (byMs: number) =>
      typingRun(
        drawn.map((pauseMs, step) => {
          const ms = byMs - 900 * speed * Math.log(1 - random());
          return typingPause(step, pauseMs, ms <= pauseMs ? ms : null);
        }),
      );
    const runs = { withCaches: run(lateMs), promptOnly: run(0), withoutCaches: run(0) };
    return { seed: session, runs };
  });
}

const verdicts = (lateMs: number, count: number) =>
  Array.from(
    { length: count },
    (_, seed) => compareModes(sessionsWith(12, seed, lateMs), "promptOnly", 1).p50.verdict,
  );

describe("compareModes", () => {
  test("says missed where caches make everybody wait, and held where they help", () => {
    expect(new Set(verdicts(900, 5))).toEqual(new Set(["missed"]));
    expect(new Set(verdicts(-900, 5))).toEqual(new Set(["held"]));
  });

  test("hardly says missed where nothing differs", () => {
    expect(verdicts(0, 15).filter((verdict) => verdict === "missed").length).toBeLessThan(3);
  });

  test("is paired: what a session's pauses have in common does not widen the bounds", () => {
    const sessions = Array.from({ length: 12 }, (_, index) => {
      const ms = 200 + 100 * index;
      return typingSession(index, [[ms], [ms + 30], [ms]]);
    });
    const { p50, p95 } = compareModes(sessions, "promptOnly", 1);
    for (const quantile of [p50, p95]) {
      expect(quantile).toEqual({
        differenceMs: -30,
        bounds: { low: -30, high: -30 },
        verdict: "held",
      });
    }
  });

  test("counts pauses in which somebody waits longer; none is later than any", () => {
    const session = typingSession(1, [
      [10, 500, null, 40, null],
      [200, 100, 900, null, null],
      [0, 0, 0, 0, 0],
    ]);
    const comparison = compareModes([session], "promptOnly", 1);
    expect(comparison).toMatchObject({ numPauses: 5, numSooner: 2, numLater: 2 });
    expect(comparison.p50.bounds).toBeNull();
  });

  test("takes pauses that both modes have, of a second or longer, behind the first place", () => {
    const run = (first: number) =>
      typingRun([
        typingPause(first, 2000, 100),
        typingPause(5, 2000, 100),
        typingPause(6, 900, 0),
        typingPause(7, 2000, 0, { place: 0 }),
      ]);
    const runs = { withCaches: run(1), promptOnly: run(2), withoutCaches: run(1) };
    expect(compareModes([{ seed: 1, runs }], "promptOnly", 1).numPauses).toBe(1);
    expect(compareModes([{ seed: 1, runs }], "withoutCaches", 1).numPauses).toBe(2);
  });

  test("does not tell what both keep waiting for, nor anything of nothing", () => {
    const none = [null, null];
    const { p50 } = compareModes([typingSession(1, [none, none, none])], "withoutCaches", 1);
    expect(p50).toEqual({ differenceMs: 0, bounds: null, verdict: "unknown" });
    const nothing = compareModes([], "withoutCaches", 1);
    expect(nothing.p95).toEqual({ differenceMs: null, bounds: null, verdict: "unknown" });
  });

  test("a time beyond what was watched counts as the longest pause", () => {
    const { p95 } = compareModes([typingSession(1, [[300], [null], [300]])], "promptOnly", 1);
    expect(p95).toEqual({ differenceMs: 300 - 5000, bounds: null, verdict: "held" });
  });
});
