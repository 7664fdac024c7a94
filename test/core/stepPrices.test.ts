import { describe, expect, test } from "vitest";
import { PassCostTable } from "../../src/core/budget/passCost.ts";
import { type DraftedStep, StepPrices } from "../../src/core/budget/stepPrices.ts";

const POINTS = [
  { numRows: 1, ms: 10 },
  { numRows: 16, ms: 25 },
];
const STEP: DraftedStep = {
  numRows: 4,
  expected: 0.5,
  evaluateMs: 13,
  hostMs: 0,
  draftersMs: 1,
  planMs: 1,
  policyLearnMs: 0,
};

function pricesOf(table = new PassCostTable(POINTS, 16)): StepPrices {
  const prices = new StepPrices(table);
  prices.started();
  return prices;
}

describe("StepPrices", () => {
  test("tells the mean drafted step, and begins anew", () => {
    const prices = pricesOf();
    prices.noteDrafted(STEP);
    prices.noteDrafted({ ...STEP, expected: 1.5, draftersMs: 3 });
    const both = prices.settle(false);
    expect(both.gainTokens).toBe(2);
    // 13 for the pass, 2 for the drafters, 1 for the plan.
    expect(both.costMs).toBeCloseTo(16);
    prices.noteDrafted(STEP);
    expect(prices.settle(false)).toMatchObject({ gainTokens: 1.5, costMs: expect.closeTo(15) });
  });

  test("a generation's first pass, behind its prompt, is no measure of passes", () => {
    const table = new PassCostTable(POINTS, 16);
    const prices = pricesOf(table);
    prices.noteDrafted({ ...STEP, evaluateMs: 90 });
    expect(table.ms(4)).toBe(13);
    prices.noteDrafted({ ...STEP, evaluateMs: 90 });
    expect(table.ms(4)).toBeGreaterThan(13);
  });

  test("what is settled early costs as if it were settled in its turn", () => {
    const costOf = (isEarly: boolean) => {
      const prices = pricesOf();
      for (let step = 0; step < 100; step++) prices.noteDrafted({ ...STEP, policyLearnMs: 0.4 });
      prices.settle(isEarly);
      prices.noteDrafted({ ...STEP, policyLearnMs: 2 });
      return prices.settle(false).costMs - 15;
    };
    expect(costOf(false)).toBeCloseTo(2);
    expect(costOf(true)).toBeCloseTo(0.4 + 1.6 / 4);
  });

  test("plain decoding is known once it was measured, for as long as that is not long ago", () => {
    const prices = pricesOf();
    expect(prices.worth.isPlainKnown).toBe(false);
    prices.measurePlain();
    expect(prices.isDrafting).toBe(false);
    for (let step = 0; !prices.isDrafting; step++) {
      expect(step).toBeLessThan(10);
      prices.notePlain(8, 0.5);
    }
    expect(prices.worth.isPlainKnown).toBe(true);
    expect(prices.plainStepMs).toBeGreaterThan(8);
    expect(prices.plainStepMs).toBeLessThan(9.5);
    for (let step = 0; step < 17; step++) prices.noteDrafted(STEP);
    expect(prices.worth.isPlainKnown).toBe(false);
  });
});
