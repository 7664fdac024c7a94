import { describe, expect, test } from "vitest";
import { typingFigures } from "../../src/bench/typing/typingFigures.ts";
import { typingPause, typingRun } from "../support/typingRuns.ts";

const SESSIONS = [
  typingRun([
    typingPause(0, 4000, 3900, { place: 0 }),
    typingPause(1, 120, null),
    typingPause(2, 1000, 600),
    typingPause(3, 1400, null, { pauseMs: 1406 }),
  ]),
  typingRun([
    typingPause(0, 900, 0, { place: 0, origin: "onScreen" }),
    typingPause(1, 2000, 1200),
    typingPause(2, 1500, null, { origin: "rejected" }),
    typingPause(3, 5000, 0, { origin: "onScreen" }),
  ]),
];

describe("typingFigures", () => {
  const { groups, origins, numPasses, kvReuse } = typingFigures(SESSIONS, 1);

  test("parts pauses by the time that was drawn, and a fresh file's first place from the others", () => {
    const counts = Object.entries(groups).map(([name, { numPauses }]) => [name, numPauses]);
    expect(Object.fromEntries(counts)).toEqual({ long: 5, longer: 3, fresh: 1, short: 2 });
  });

  test("counts a pause without ghost text as longer than itself, in shares and in times", () => {
    expect(groups.long.quick?.mean).toBeCloseTo(2 / 5);
    expect(groups.long.soon?.mean).toBeCloseTo(3 / 5);
    expect(groups.long.beforeEnd?.mean).toBeCloseTo(3 / 5);
    // 0, 600, 1200, and above 1406 and 1500: of those alone that got text the median would be 600.
    expect(groups.long.p50).toEqual({ ms: 1200, isBeyond: false });
    expect(groups.long.p95).toEqual({ ms: 1500, isBeyond: true });
    expect(groups.longer.p50).toEqual({ ms: 1200, isBeyond: false });
    expect(groups.fresh.beforeEnd?.mean).toBe(1);
    expect(groups.short.beforeEnd?.mean).toBe(0.5);
  });

  test("says how the long pauses ended, and what it took", () => {
    expect(origins).toEqual({ generated: 2, cutOff: 1, rejected: 1, onScreen: 1 });
    expect(numPasses).toBe(20);
    expect(kvReuse).toBe(0.9);
  });

  test("has no figures of nothing", () => {
    const none = typingFigures([], 1);
    expect(none.groups.long).toEqual({
      numPauses: 0,
      quick: null,
      soon: null,
      beforeEnd: null,
      p50: null,
      p95: null,
    });
    expect(none.kvReuse).toBeNull();
  });
});
