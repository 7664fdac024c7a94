import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import {
  DrafterLedger,
  type DrafterShare,
  type StepShares,
} from "../../src/core/budget/drafterLedger.ts";

const GOOD = { source: "suffixMatch", costMs: 0.1, gainTokens: 2 } as const;
const BAD = { source: "draftModel", costMs: 3, gainTokens: 0.5 } as const;
const WORTH = { plainMs: 10, tokenMs: 1, isPlainKnown: true };

/** A step whose drafters add up. */
function stepOf(shares: readonly DrafterShare[], sharedMs = 0): StepShares {
  const sum = (of: (share: DrafterShare) => number) =>
    shares.reduce((total, share) => total + of(share), 0);
  const { plainMs } = WORTH;
  const gainTokens = 1 + sum((share) => share.gainTokens) / plainMs;
  return {
    shares,
    together: { gainTokens, costMs: plainMs + sum((share) => share.costMs) + sharedMs },
  };
}

function steps(ledger: DrafterLedger, count: number, shares: readonly DrafterShare[]) {
  for (let step = 0; step < count; step++) {
    ledger.stepped();
    ledger.record(stepOf(shares), WORTH);
  }
}

/** Steps until a source drafts again. */
function pauseOf(ledger: DrafterLedger): number {
  let count = 0;
  for (; !ledger.isActive(BAD.source); count++) steps(ledger, 1, [GOOD]);
  return count;
}

describe("DrafterLedger", () => {
  test("keeps a drafter that pays", () => {
    const ledger = new DrafterLedger();
    steps(ledger, 1000, [GOOD]);
    expect(ledger.isActive(GOOD.source)).toBe(true);
  });

  test("pauses one that loses, tries it again, and waits longer each time", () => {
    const ledger = new DrafterLedger();
    const pauses: number[] = [];
    for (let time = 0; time < 4; time++) {
      steps(ledger, 20, [GOOD, BAD]);
      expect(ledger.isActive(BAD.source)).toBe(false);
      pauses.push(pauseOf(ledger));
    }
    expect(pauses[0]).toBeGreaterThan(30);
    for (const [index, pause] of pauses.entries()) {
      if (index > 0) expect(pause).toBeGreaterThan(1.5 * pauses[index - 1]!);
    }
    expect(ledger.isActive(GOOD.source)).toBe(true);
  });

  test("one that pays after a pause stays", () => {
    const ledger = new DrafterLedger();
    steps(ledger, 20, [BAD]);
    pauseOf(ledger);
    steps(ledger, 500, [{ ...BAD, gainTokens: 9 }]);
    expect(ledger.isActive(BAD.source)).toBe(true);
  });

  test("noise alone pauses nobody who pays, and hides no loss for long", () => {
    const numActive = (meanNet: number) => {
      const ledger = new DrafterLedger(["chain"]);
      const random = seededRandom(7);
      let count = 0;
      for (let step = 0; step < 2000; step++) {
        const noise = 16 * (random() + random() + random() - 1.5);
        const share = { source: BAD.source, costMs: 3, gainTokens: 3 + meanNet + noise };
        ledger.stepped();
        if (!ledger.isActive(BAD.source)) continue;
        count++;
        ledger.record(stepOf([share]), WORTH);
      }
      return count;
    };
    expect(numActive(2)).toBeGreaterThan(1800);
    expect(numActive(-2)).toBeLessThan(500);
  });

  /** Steps with those who are active; how many of them drafted. @param sharedMs - what all share in a step. */
  function together(ledger: DrafterLedger, count: number, sharedMs: number): number {
    const shares = [GOOD, { ...BAD, costMs: 0.1 }];
    let numDrafting = 0;
    for (let step = 0; step < count; step++) {
      ledger.stepped();
      const active = shares.filter(({ source }) => ledger.isActive(source));
      if (active.length === 0) continue;
      numDrafting++;
      ledger.record(stepOf(active, sharedMs), WORTH);
    }
    return numDrafting;
  }

  test("all sit out together where they do not pay for what they share, longer each time", () => {
    for (const modes of [["chain"], ["chain", "tree"]] as const) {
      const ledger = new DrafterLedger(modes);
      const active = Array.from({ length: 12 + 64 + 12 + 128 + 12 }, () => together(ledger, 1, 4));
      const starts = active.flatMap((is, step) => (is > (active[step - 1] ?? 0) ? [step] : []));
      expect(starts).toEqual([0, 12 + 63, 12 + 63 + 12 + 127]);
      expect(together(ledger, 10_000, 4)).toBeLessThan(100);
    }
  });

  test("those who pay only together come back together, after what bad times there were", () => {
    const ledger = new DrafterLedger(["chain"]);
    together(ledger, 50, 9);
    // Alone each brings 1.9 or 0.4 ms.
    together(ledger, 1000, 2);
    expect(together(ledger, 1000, 2)).toBe(1000);
    expect([GOOD, BAD].every(({ source }) => ledger.isActive(source))).toBe(true);
  });

  test("who comes back with all others is young, and its first start is the pause's price", () => {
    const ledger = new DrafterLedger(["chain"]);
    together(ledger, 12, 9);
    expect(ledger.isAnyYoung([GOOD.source, BAD.source])).toBe(true);
    // Booked at a weight of 0.3 and spread over 12 steps it would be 7.5 ms in each.
    ledger.hasRead(BAD.source, 300);
    together(ledger, 200, 0.1);
    expect(ledger.isActive(BAD.source)).toBe(true);
  });

  test("what drafters lose together in one language is no loss in another that knows better", () => {
    const ledger = new DrafterLedger(["chain"]);
    ledger.started("typescript");
    together(ledger, 100, 0.1);
    ledger.started("python");
    together(ledger, 12, 9);
    expect(ledger.isActive(GOOD.source)).toBe(false);
    ledger.started("typescript");
    expect(together(ledger, 100, 0.1)).toBe(100);
  });

  test("sees quickly what costs much of a pass", () => {
    const ledger = new DrafterLedger();
    steps(ledger, 4, [{ ...BAD, costMs: 30 }]);
    expect(ledger.isActive(BAD.source)).toBe(false);
  });

  test("counts the start of a generation and what is read of its prompt, spread over its steps", () => {
    const isActiveAfter = (begun: (ledger: DrafterLedger) => void) => {
      const ledger = new DrafterLedger();
      for (let generation = 0; generation < 30; generation++) {
        begun(ledger);
        steps(ledger, 4, [GOOD]);
        ledger.ended(4);
      }
      return ledger.isActive(GOOD.source);
    };
    expect(isActiveAfter((ledger) => ledger.began(GOOD.source, 100))).toBe(false);
    const reads = (partMs: number) => (ledger: DrafterLedger) => {
      ledger.began(GOOD.source, 0);
      for (let part = 0; part < 4; part++) ledger.hasRead(GOOD.source, partMs);
    };
    expect(isActiveAfter(reads(25))).toBe(false);
    // 1.9 ms are gained in each of 4 steps.
    expect(isActiveAfter(reads(1.5))).toBe(true);
  });

  /** @param ms - what reading takes, in so many parts. */
  function pays(ledger: DrafterLedger, ms: number, numParts: number, maxSteps = 100): boolean {
    return ledger.paysToRead(BAD.source, { ms, numParts }, maxSteps, WORTH);
  }

  test("has a prompt read where the steps that are left bring more than that takes", () => {
    const ledger = new DrafterLedger(["chain"]);
    steps(ledger, 20, [{ ...BAD, costMs: 1, gainTokens: 3 }]);
    // 2 ms in each of the 12 steps that completions are taken to have, less one for each part.
    const cases = [
      [19, 2],
      [21, 2],
      [5, 9],
      [7, 9],
      [0, 12],
      [1, 1, 2],
      [3, 1, 2],
    ] as const;
    const answers = cases.map(([ms, numParts, maxSteps]) => pays(ledger, ms, numParts, maxSteps));
    expect(answers).toEqual([true, false, true, false, false, true, false]);
    // Completions get longer.
    for (let generation = 0; generation < 50; generation++) ledger.ended(100);
    expect(pays(ledger, 100, 2)).toBe(true);
  });

  test("has a prompt read for a mode that is not known yet, where another one pays", () => {
    const ledger = new DrafterLedger(["chain", "tree"]);
    steps(ledger, 12, [{ ...BAD, costMs: 1, gainTokens: 3 }]);
    expect(ledger.modeOf(BAD.source)).toBe("tree");
    expect([pays(ledger, 19, 2), pays(ledger, 500, 2)]).toEqual([true, true]);
    ledger.hasRead(BAD.source, 500);
    ledger.started();
    expect([pays(ledger, 19, 2), pays(ledger, 500, 2)]).toEqual([true, false]);
  });

  test("tries out who is not known, or lost before, for a tenth of the time, and reads on where it has begun", () => {
    const ledger = new DrafterLedger(["chain"]);
    // It is new, and has steps to draft in, or none.
    expect([pays(ledger, 1e6, 11), pays(ledger, 1, 12), pays(ledger, 1, 3, 3)]).toEqual([
      true,
      false,
      false,
    ]);
    while (ledger.isActive(BAD.source)) {
      ledger.hasRead(BAD.source, 100);
      steps(ledger, 1, [BAD]);
    }
    const numSteps = pauseOf(ledger);
    ledger.started();
    const mayReadMs = (numSteps * WORTH.plainMs) / 10;
    expect(pays(ledger, mayReadMs - 1, 2)).toBe(true);
    expect(pays(ledger, mayReadMs + 2 * WORTH.plainMs, 2)).toBe(false);
    ledger.hasRead(BAD.source, 10);
    expect(pays(ledger, mayReadMs - 11, 1)).toBe(true);
    ledger.started();
    expect(pays(ledger, mayReadMs - 11, 1)).toBe(false);
    // Once it drafts, its own steps tell.
    steps(ledger, 1, [BAD]);
    expect(pays(ledger, 1, 1)).toBe(false);
  });

  test("does not count what the pause itself made dear", () => {
    const ledger = new DrafterLedger();
    while (ledger.isActive(BAD.source)) steps(ledger, 1, [BAD]);
    pauseOf(ledger);
    for (let generation = 0; generation < 10; generation++) {
      // After the pause the whole prompt has to be read.
      ledger.began(BAD.source, 1);
      if (generation === 0) ledger.hasRead(BAD.source, 1000);
      steps(ledger, 12, [{ ...BAD, gainTokens: 9 }]);
      ledger.ended(12);
      expect(ledger.isActive(BAD.source)).toBe(true);
    }
  });

  test("of two that propose the same only one goes", () => {
    const ledger = new DrafterLedger();
    const first = { source: "recycling", costMs: 0.2, gainTokens: 0 } as const;
    const second = { source: "suffixMatch", costMs: 0.3, gainTokens: 0 } as const;
    steps(ledger, 13, [first, second]);
    expect(ledger.isActive("suffixMatch")).toBe(false);
    expect(ledger.isActive("recycling")).toBe(true);
    // Alone, it brings what both seemed to lack.
    steps(ledger, 60, [{ ...first, gainTokens: 4 }]);
    expect(ledger.isActive("recycling")).toBe(true);
  });
});
