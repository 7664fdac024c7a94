/** How the ledger chooses among the modes of a source, on made-up gains. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { DrafterLedger } from "../../src/core/budget/drafterLedger.ts";
import type { DraftMode } from "../../src/core/tree/drafter.ts";

const WORTH = { plainMs: 10, tokenMs: 1, isPlainKnown: true };
const SOURCE = "draftModel";

/** Net ms of a step by mode, with noise of this many ms on it. */
type Gains = Readonly<Record<DraftMode, number>>;

/** Books so many steps; in how many of them each mode drafted, and how many had none. */
function run(ledger: DrafterLedger, numSteps: number, gains: Gains, noiseMs = 0, seed = 1) {
  const random = seededRandom(seed);
  const counts = { chain: 0, rootPass: 0, tree: 0, none: 0 };
  for (let step = 0; step < numSteps; step++) {
    ledger.stepped();
    if (!ledger.isActive(SOURCE)) {
      counts.none++;
      continue;
    }
    const mode = ledger.modeOf(SOURCE)!;
    counts[mode]++;
    // As the policy does it: every step at first, later one in four.
    if (step % 4 > 0 && !ledger.isAnyYoung([SOURCE])) continue;
    const noise = noiseMs * (random() + random() + random() - 1.5);
    const share = { source: SOURCE, costMs: 3, gainTokens: 3 + gains[mode] + noise } as const;
    const { plainMs } = WORTH;
    const together = {
      gainTokens: 1 + share.gainTokens / plainMs,
      costMs: plainMs + share.costMs,
    };
    ledger.record({ shares: [share], together }, WORTH);
  }
  return counts;
}

describe("DrafterLedger with modes", () => {
  test.each(["chain", "rootPass", "tree"] as const)(
    "keeps to %s where that brings most",
    (best) => {
      const gains = { chain: 1, rootPass: 1, tree: 1, [best]: 3 };
      const ledger = new DrafterLedger();
      expect(run(ledger, 200, gains, 4)[best]).toBeGreaterThan(100);
      expect(run(ledger, 2000, gains, 4)[best]).toBeGreaterThan(1700);
    },
  );

  test("finds small differences in noise many times their size", () => {
    const gains = { chain: 2, rootPass: 0.5, tree: 3.5 };
    const total = { chain: 0, rootPass: 0, tree: 0 };
    for (let seed = 0; seed < 10; seed++) {
      const ledger = new DrafterLedger();
      run(ledger, 1000, gains, 12, seed);
      const { chain, rootPass, tree } = run(ledger, 1000, gains, 12, seed + 50);
      total.chain += chain;
      total.rootPass += rootPass;
      total.tree += tree;
    }
    expect(total.tree).toBeGreaterThan(7000);
  });

  test("goes over to a mode that became better", () => {
    const ledger = new DrafterLedger();
    run(ledger, 1000, { chain: 3, rootPass: 1, tree: 1 }, 4);
    run(ledger, 1000, { chain: 1, rootPass: 1, tree: 3 }, 4);
    expect(run(ledger, 1000, { chain: 1, rootPass: 1, tree: 3 }, 4).tree).toBeGreaterThan(800);
  });

  test("leaves a mode that starts to lose at once where another pays", () => {
    const ledger = new DrafterLedger();
    run(ledger, 500, { chain: 3, rootPass: 1, tree: 1 });
    const counts = run(ledger, 100, { chain: -4, rootPass: 1, tree: 1 });
    expect(counts.none).toBe(0);
    expect(counts.chain).toBeLessThan(50);
  });

  test("sits out where every mode loses, no longer in drafts than with one mode, and tries another each time", () => {
    const losing = { chain: -1, rootPass: -1, tree: -1 };
    const several = run(new DrafterLedger(), 2000, losing);
    const single = run(new DrafterLedger(["chain"]), 2000, losing);
    expect(several.none).toBeGreaterThanOrEqual(single.none);
    expect(Math.min(several.chain, several.rootPass, several.tree)).toBeGreaterThan(0);
  });

  test("finds the one mode that pays, though it sat out in the others", () => {
    const counts = run(new DrafterLedger(), 2000, { chain: -3, rootPass: 1, tree: -3 });
    expect(counts.rootPass).toBeGreaterThan(1500);
  });

  test("each language has accounts of its own, and so has none", () => {
    const ledger = new DrafterLedger();
    const good = { chain: 3, rootPass: 1, tree: 1 };
    const bad = { chain: -3, rootPass: -3, tree: -3 };
    for (let round = 0; round < 40; round++) {
      for (const [languageId, gains] of [
        ["typescript", good],
        ["cobol", bad],
        [undefined, good],
      ] as const) {
        ledger.started(languageId);
        run(ledger, 10, gains);
        ledger.ended(10);
      }
    }
    const isActive = (languageId: string | undefined) => {
      ledger.started(languageId);
      return ledger.isActive(SOURCE);
    };
    expect(isActive("typescript")).toBe(true);
    expect(isActive("cobol")).toBe(false);
    expect(isActive(undefined)).toBe(true);
    expect(isActive("zig")).toBe(true);
  });

  test("a new language begins with what the last one found out, and may find out otherwise", () => {
    const ledger = new DrafterLedger();
    ledger.started("cobol");
    run(ledger, 60, { chain: -3, rootPass: -3, tree: -3 });
    expect(ledger.isActive(SOURCE)).toBe(false);
    ledger.started("zig");
    expect(ledger.isActive(SOURCE)).toBe(false);
    run(ledger, 2000, { chain: -3, rootPass: 1, tree: -3 });
    expect(ledger.isActive(SOURCE)).toBe(true);
    expect(ledger.modeOf(SOURCE)).toBe("rootPass");
    ledger.started("cobol");
    run(ledger, 2000, { chain: -3, rootPass: -3, tree: 1 });
    expect(ledger.modeOf(SOURCE)).toBe("tree");
    ledger.started("zig");
    expect(ledger.modeOf(SOURCE)).toBe("rootPass");
  });

  test("sources that have no modes name none", () => {
    const ledger = new DrafterLedger();
    expect(ledger.modeOf("recycling")).toBeUndefined();
    expect(ledger.modeOf(SOURCE)).toBe("chain");
    expect(new DrafterLedger(["tree"]).modeOf(SOURCE)).toBe("tree");
  });
});
