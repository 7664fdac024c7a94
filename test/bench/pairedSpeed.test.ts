import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PlaceTime, timesAsFast } from "../../tooling/traces/replay/pairedSpeed.ts";

const arbitraryPlaces: fc.Arbitrary<PlaceTime[]> = fc.array(
  fc.record({
    file: fc.constantFrom("0:a", "0:b", "1:a", "1:b", "2:a", "2:b", "2:c", "3:a"),
    ms: fc.double({ min: 1, max: 1000, noNaN: true }),
  }),
  { minLength: 1 },
);

describe("timesAsFast", () => {
  test("is the ratio of the sums, and certain where every place is as much faster", () => {
    fc.assert(
      fc.property(
        arbitraryPlaces,
        fc.double({ min: 0.5, max: 4, noNaN: true }),
        (before, times) => {
          const after = before.map(({ file, ms }) => ({ file, ms: ms / times }));
          const { mean, low, high } = timesAsFast(before, after)!;
          for (const speed of [mean, low, high]) expect(speed).toBeCloseTo(times, 6);
        },
      ),
    );
  });

  test("doubts what one file of many says", () => {
    const before = Array.from({ length: 20 }, (_, file) => ({ file: `0:${file}`, ms: 10 }));
    const after = before.map((place, index) => (index === 0 ? { ...place, ms: 1 } : place));
    const { mean, low, high } = timesAsFast(before, after)!;
    expect(mean).toBeCloseTo(200 / 191);
    expect(low).toBe(1);
    expect(high).toBeGreaterThan(mean);
  });

  test("refuses other places", () => {
    const here = [{ file: "0:a", ms: 1 }];
    expect(() => timesAsFast(here, [{ file: "0:b", ms: 1 }])).toThrow(/0:a .* 0:b/);
    expect(() => timesAsFast([...here, ...here], here)).toThrow(RangeError);
  });
});
