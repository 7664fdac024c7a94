import { describe, expect, test } from "vitest";
import { halfBits, halfValue, isFiniteHalf } from "../../tooling/widen/float16.ts";

const LARGEST = 0x7bff;

describe("halfBits", () => {
  test("gives every half back, either sign", () => {
    for (let half = 0; half <= LARGEST; half++) {
      expect(halfBits(halfValue(half))).toBe(half);
      expect(halfBits(-halfValue(half))).toBe(half | 0x8000);
    }
  });

  test("rounds to the nearest, and the middle between two to the even one", () => {
    for (let half = 0; half < LARGEST; half++) {
      const middle = (halfValue(half) + halfValue(half + 1)) / 2;
      const nudge = middle * 2 ** -20;
      expect(halfBits(middle)).toBe(half + (half & 1));
      expect(halfBits(middle - nudge)).toBe(half);
      expect(halfBits(middle + nudge)).toBe(half + 1);
    }
  });

  test("becomes infinite above 65519, and keeps what is no number", () => {
    expect(halfBits(65_519)).toBe(LARGEST);
    expect(isFiniteHalf(halfBits(65_519))).toBe(true);
    for (const value of [65_520, 65_536, 1e30, Number.POSITIVE_INFINITY]) {
      expect(halfValue(halfBits(value))).toBe(Number.POSITIVE_INFINITY);
      expect(isFiniteHalf(halfBits(-value))).toBe(false);
    }
    expect(halfValue(halfBits(Number.NaN))).toBeNaN();
    expect(isFiniteHalf(halfBits(Number.NaN))).toBe(false);
  });
});
