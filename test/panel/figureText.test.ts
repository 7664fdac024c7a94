import { describe, expect, test } from "vitest";
import {
  formatCount,
  formatDecimal,
  formatMs,
  formatPercent,
  orNone,
  plural,
  verdictOf,
} from "../../src/panel/charts/figureText.ts";

describe("verdictOf", () => {
  test.each([
    ["faster", true, "gain"],
    ["same", true, "even"],
    ["slower", true, "loss"],
    ["faster", false, "incomparable"],
  ] as const)("of %s, comparable %s, is %s", (speedComparison, isComparable, verdict) => {
    expect(verdictOf({ speedComparison, isComparable })).toBe(verdict);
  });
});

describe("figures in words", () => {
  test.each([
    [formatDecimal(0), "0.00"],
    [formatDecimal(9.876), "9.88"],
    [formatDecimal(12.34), "12.3"],
    [formatDecimal(1234.5), "1\u202f235"],
    [formatMs(203.4), "203 ms"],
    [formatMs(12_345), "12.3 s"],
    [formatPercent(0), "0\u00a0%"],
    [formatPercent(0.025), "2.5\u00a0%"],
    [formatPercent(0.996), "100\u00a0%"],
    [formatCount(999), "999"],
    [formatCount(1_234_567), "1\u202f234\u202f567"],
    [plural(1, "row"), "1 row"],
    [plural(3, "row"), "3 rows"],
    [orNone(null, String), "–"],
    [orNone(0, String), "0"],
  ])("%s", (text, expected) => expect(text).toBe(expected));
});
