import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_TOP_K, RowScanner } from "../../../src/llama/target/rowScan.ts";
import { NUM_RUNS } from "../../support/numRuns.ts";

function scanner(row: ArrayLike<number>): RowScanner {
  const scan = new RowScanner(row.length);
  scan.row.set(row);
  return scan;
}

/** Sorted by value, equal ones by index; what is no number or minus infinity never ranks. */
function naiveTopK(row: Float32Array, k: number): [token: number, logit: number][] {
  return Array.from(row, (logit, token): [number, number] => [token, logit])
    .filter(([, logit]) => logit > -Infinity)
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, k);
}

function naiveLogSumExp(row: Float32Array): number {
  const numbers = Array.from(row).filter((logit) => !Number.isNaN(logit));
  const max = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  return max + Math.log(numbers.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
}

const invalid = expect.objectContaining({ code: "invalidLogits" });
/** Few distinct values, so that ties are many. */
const logit = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 6, arbitrary: fc.float({ min: -60, max: 60, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -Infinity, -0, 3.4e38, -3.4e38) },
);
const rows = fc
  .array(logit, { minLength: 1, maxLength: 300 })
  .map((values) => Float32Array.from(values));

describe("RowScanner", () => {
  test("finds what sorting finds, for rows of any length and k up to 64", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: MAX_TOP_K }), (row, k) => {
        const expected = naiveTopK(row, k);
        const scan = scanner(row);
        if (expected.length === 0) {
          expect(() => scan.topK(k)).toThrow(invalid);
          return;
        }
        const { tokens, logits } = scan.topK(k);
        expect(Array.from(tokens)).toEqual(expected.map(([token]) => token));
        // As numbers: 0 and -0 are equal, and either may be first.
        expect(Array.from(logits, (value) => value + 0)).toEqual(
          expected.map(([, value]) => value + 0),
        );
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("finds the best of a whole vocabulary, wherever it stands", () => {
    const length = 151_937;
    const row = Float32Array.from({ length }, (_, index) => -((index * 7919) % 1000) / 100 - 1);
    const scan = scanner(row);
    for (const at of [0, 1, 2, 3, 4, length - 5, length - 4, length - 3, length - 2, length - 1]) {
      scan.row[at] = 5;
      expect(scan.topK(1)).toEqual({ tokens: Int32Array.of(at), logits: Float32Array.of(5) });
      scan.row[at] = row[at]!;
    }
  });

  test("prefers the lowest id among equals, also across groups of four", () => {
    const { tokens } = scanner(new Float32Array(131).fill(2)).topK(MAX_TOP_K);
    expect(Array.from(tokens)).toEqual(Array.from({ length: MAX_TOP_K }, (_, token) => token));
  });

  test("returns fewer than k where the row has no more", () => {
    const { tokens, logits } = scanner([-Infinity, 1, Number.NaN, 2, -Infinity]).topK(8);
    expect([tokens, logits]).toEqual([Int32Array.of(3, 1), Float32Array.of(2, 1)]);
  });

  test.each([Number.NaN, -Infinity])("refuses a row of nothing but %d", (value) => {
    const scan = scanner(new Float32Array(7).fill(value));
    expect(() => scan.topK(1)).toThrow(invalid);
    expect(() => scan.logSumExp()).toThrow(invalid);
  });

  test.each([0, -1, MAX_TOP_K + 1, Number.NaN])("refuses k = %d", (k) => {
    expect(() => scanner([1, 2]).topK(k)).toThrow(RangeError);
  });

  test("results stay as they are when the row changes", () => {
    const scan = scanner([1, 2, 3]);
    const before = scan.topK(2);
    scan.row.fill(0);
    scan.topK(2);
    expect(before).toEqual({ tokens: Int32Array.of(2, 1), logits: Float32Array.of(3, 2) });
  });

  test("logSumExp is within 1e-4 of the sum in doubles", () => {
    const finite = fc
      .array(fc.float({ min: -60, max: 60, noNaN: true }), { minLength: 1, maxLength: 300 })
      .map((values) => Float32Array.from(values));
    fc.assert(
      fc.property(finite, (row) => {
        expect(Math.abs(scanner(row).logSumExp() - naiveLogSumExp(row))).toBeLessThan(1e-4);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("logSumExp is as close for a whole vocabulary, flat or peaked, with entries that are cut off", () => {
    for (const spread of [0, 0.01, 1, 10, 40]) {
      const row = Float32Array.from({ length: 151_937 }, (_, index) =>
        index % 1000 === 0 ? -Infinity : (((index * 7919) % 10_007) / 10_007) * spread,
      );
      expect(Math.abs(scanner(row).logSumExp() - naiveLogSumExp(row)), `${spread}`).toBeLessThan(
        1e-4,
      );
    }
  });
});
