import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CensoredTime, censoredQuantile } from "../../src/bench/base/censoredTimes.ts";
import { quantile } from "../../src/bench/base/statistics.ts";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const seen = (ms: number): CensoredTime => ({ ms, isCut: false });
const cut = (ms: number): CensoredTime => ({ ms, isCut: true });
const times = fc.array(fc.record({ ms: fc.nat(9), isCut: fc.boolean() }), { minLength: 1 });
const share = fc.integer({ min: 1, max: 100 }).map((percent) => percent / 100);

describe("censoredQuantile", () => {
  test("without cuts is the plain quantile", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1 }), share, (all, at) => {
        const plain = quantile(
          all.toSorted((a, b) => a - b),
          at,
        );
        expect(censoredQuantile(all.map(seen), at)).toEqual({ ms: plain, isBeyond: false });
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("does not depend on the order, rises with the share, and is never above that without the cuts' help", () => {
    fc.assert(
      fc.property(times, share, share, (all, a, b) => {
        const timeAt = (list: readonly CensoredTime[], at: number) => {
          const found = censoredQuantile(list, at)!;
          return found.isBeyond ? Number.POSITIVE_INFINITY : found.ms;
        };
        expect(timeAt(all.toReversed(), a)).toBe(timeAt(all, a));
        expect(timeAt(all, Math.min(a, b))).toBeLessThanOrEqual(timeAt(all, Math.max(a, b)));
        // Between the two ways to be wrong: each cut is a time, and each is endless.
        const asTimes = all.map(({ ms }) => seen(ms));
        const asEndless = all.map((time) => (time.isCut ? seen(1e9) : time));
        expect(timeAt(all, a)).toBeGreaterThanOrEqual(timeAt(asTimes, a));
        const upper = timeAt(asEndless, a);
        if (upper < 1e9) expect(timeAt(all, a)).toBeLessThanOrEqual(upper);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("says so where the times were not watched long enough, and where there are none", () => {
    expect(censoredQuantile([seen(10), cut(40), cut(50)], 0.5)).toEqual({ ms: 50, isBeyond: true });
    expect(censoredQuantile([seen(10), cut(40), cut(50)], 0.3)).toEqual({
      ms: 10,
      isBeyond: false,
    });
    expect(censoredQuantile([], 0.5)).toBeNull();
  });

  test("finds the median of Freireich's leukemia trial, 23 weeks", () => {
    const weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(seen);
    const left = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(cut);
    expect(censoredQuantile([...weeks, ...left], 0.5)).toEqual({ ms: 23, isBeyond: false });
    expect(censoredQuantile([...weeks, ...left], 0.95)).toEqual({ ms: 35, isBeyond: true });
  });

  test("is right where most times are cut, and those that were seen alone are not", () => {
    const random = seededRandom(5);
    // Exponential with a mean of 2 s: half are above 1,386 ms. Pauses of 0 to 4 s cut 43 % of them.
    const drawn = Array.from({ length: 20_000 }, () => {
      const ms = -2000 * Math.log(1 - random());
      const pauseMs = 4000 * random();
      return ms <= pauseMs ? seen(ms) : cut(pauseMs);
    });
    const median = 2000 * Math.log(2);
    expect(Math.abs(censoredQuantile(drawn, 0.5)!.ms / median - 1)).toBeLessThan(0.03);
    expect(Math.abs(censoredQuantile(drawn, 0.8)!.ms / (2000 * Math.log(5)) - 1)).toBeLessThan(
      0.05,
    );
    const kept = drawn.filter(({ isCut }) => !isCut);
    expect(censoredQuantile(kept, 0.5)!.ms / median).toBeLessThan(0.75);
    expect(censoredQuantile(drawn, 0.95)).toMatchObject({ isBeyond: true });
  });
});
