/** The promise, on numbers alone: whatever steps take and bring, and however the baseline's estimate moves. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LossBudget } from "../../src/core/budget/lossBudget.ts";

const ms = (max: number) => fc.double({ min: 0.01, max, noNaN: true });

describe("LossBudget", () => {
  test("no steps lose more than a share of plain decoding's time, so many ms, and one step", () => {
    const steps = fc.array(
      fc.record({ numTokens: fc.integer({ min: 1, max: 9 }), ms: ms(500), plainMs: ms(100) }),
      { maxLength: 300 },
    );
    const share = fc.double({ min: 0, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(steps, share, ms(1000), (offered, maxLossShare, maxLossMs) => {
        const budget = new LossBudget(maxLossShare, maxLossMs);
        let taken = 0;
        let plain = 0;
        let longest = 0;
        for (const { numTokens, ms: draftedMs, plainMs } of offered) {
          const mayDraft = budget.creditMs > 0;
          const stepMs = mayDraft ? draftedMs : plainMs;
          budget.book(mayDraft ? numTokens : 1, stepMs, plainMs);
          taken += stepMs;
          plain += (mayDraft ? numTokens : 1) * plainMs;
          longest = Math.max(longest, stepMs);
          const bound = (1 + maxLossShare) * plain + maxLossMs + longest;
          expect(taken).toBeLessThanOrEqual(bound + 1e-6);
        }
      }),
    );
  });

  test("what was lost is earned back by plain steps, and gains are not kept for ever", () => {
    const budget = new LossBudget(0.03, 200);
    budget.spend(230);
    let numPlain = 0;
    for (; budget.creditMs <= 0; numPlain++) budget.book(1, 40, 40);
    expect(numPlain).toBe(25);
    for (let step = 0; step < 1000; step++) budget.book(4, 40, 40);
    expect(budget.creditMs).toBe(50 * 40);
  });
});
