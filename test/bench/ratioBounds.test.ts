import { describe, expect, test } from "vitest";
import {
  comparisonOf,
  isNarrow,
  LOOK_SHARES,
  type PromptPair,
  ratioInterval,
  studentQuantile,
} from "../../src/bench/speed/ratioBounds.ts";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";

const pairOf = (ms: number, baseMs: number): PromptPair => ({
  ...{ amount: 1, ms },
  ...{ baseAmount: 1, baseMs },
});

describe("ratioInterval", () => {
  test("is the ratio of all prompts together, so that long ones count for more", () => {
    const pairs = [pairOf(100, 300), pairOf(10, 10)];
    expect(ratioInterval(pairs)).toEqual({ ratio: 310 / 110, low: 1, high: 3 });
    expect(ratioInterval([])).toBeUndefined();
  });

  test("weighs speeds by what was done", () => {
    const pair = { amount: 20, ms: 100, baseAmount: 10, baseMs: 100 };
    expect(ratioInterval([pair])?.ratio).toBe(2);
  });

  test("is wider at an early look, and where drafts may have gains that nobody saw yet", () => {
    const pairs = Array.from({ length: 12 }, (_, index) => pairOf(100, 110 + index));
    const widthOf = (settings: Parameters<typeof ratioInterval>[1]) => {
      const { low, high } = ratioInterval(pairs, settings)!;
      return high / low;
    };
    expect(widthOf({ look: "early" })).toBeGreaterThan(widthOf({ look: "final" }));
    expect(widthOf({})).toBeGreaterThan(widthOf({ mayGain: false }));
    expect(isNarrow(ratioInterval(pairs, { mayGain: false })!)).toBe(true);
    expect(isNarrow(ratioInterval(pairs)!)).toBe(false);
  });
});

describe("studentQuantile", () => {
  // Tables of Student's distribution at 97.5, 99.5 and 99.9 %.
  test.each([
    [1.959964, 5, 2.5706],
    [1.959964, 10, 2.2281],
    [2.575829, 5, 4.0321],
    [2.575829, 7, 3.4995],
    [3.090232, 5, 5.8934],
    [3.090232, 10, 4.1437],
    [3.090232, 1e9, 3.0902],
  ])("at %d with %d degrees of freedom is %d", (normal, degrees, expected) => {
    expect(studentQuantile(normal, degrees) / expected).toBeCloseTo(1, 2);
  });
});

describe("comparisonOf", () => {
  const noise = { ratio: 1, low: 0.95, high: 1.02 };
  test.each([
    [1.06, 1.2, "faster"],
    [1.04, 1.2, "same"],
    [0.8, 1.2, "same"],
    [0.9, 0.97, "same"],
    [0.8, 0.94, "slower"],
  ])(
    "of %d to %d, where plain decoding is 0.95 to 1.02 of itself, is %s",
    (low, high, expected) => {
      expect(comparisonOf({ ratio: (low + high) / 2, low, high }, noise)).toBe(expected);
    },
  );

  test("without noise heeds the bounds alone", () => {
    expect(comparisonOf({ ratio: 1.1, low: 1.01, high: 1.2 }, undefined)).toBe("faster");
    expect(comparisonOf({ ratio: 1.1, low: 1, high: 1.2 }, undefined)).toBe("same");
  });
});

/** Prompts of a machine, drawn by seed. */
type Machine = (random: () => number) => PromptPair;

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Plain decoding takes about a second; drafts gain so many times. */
const drafting =
  (gain: (random: () => number) => number): Machine =>
  (random) => {
    const baseMs = 1000 * Math.exp(0.4 * normal(random));
    return pairOf(baseMs / gain(random), baseMs);
  };

const MACHINES: Readonly<Record<string, Machine>> = {
  "gains alike everywhere": drafting((random) => 1.2 * Math.exp(0.05 * normal(random))),
  "gains at four prompts in ten": drafting((random) =>
    Math.exp(random() < 0.6 ? 0.03 * normal(random) : 0.5 + 0.4 * normal(random)),
  ),
  "gains 2.7 times at one prompt in ten": drafting((random) =>
    Math.exp(random() < 0.9 ? 0.03 * normal(random) : 1 + 0.3 * normal(random)),
  ),
  "loses, and hiccups": drafting(
    (random) => 0.9 * Math.exp(0.05 * normal(random) - (random() < 0.1 ? 0.3 : 0)),
  ),
};

/** The ratio over very many prompts. */
function truthOf(machine: Machine): number {
  const random = seededRandom(1);
  let [ms, baseMs] = [0, 0];
  for (let index = 0; index < 300_000; index++) {
    const pair = machine(random);
    ms += pair.ms;
    baseMs += pair.baseMs;
  }
  return baseMs / ms;
}

/** Bounds as a runner makes them: at its looks, and when the time is used. */
function* looks(machine: Machine, budgetMs: number, random: () => number) {
  const pairs: PromptPair[] = [];
  const lookMs = LOOK_SHARES.map((share) => share * budgetMs);
  let elapsedMs = 0;
  while (elapsedMs < budgetMs) {
    const pair = machine(random);
    pairs.push(pair);
    elapsedMs += pair.ms + pair.baseMs;
    const isLook = elapsedMs >= (lookMs[0] ?? Number.POSITIVE_INFINITY);
    while (elapsedMs >= (lookMs[0] ?? Number.POSITIVE_INFINITY)) lookMs.shift();
    if (isLook && elapsedMs < budgetMs) yield [...pairs];
  }
  yield pairs;
}

/** Share of runs whose bounds hold, by two stops: where the bounds are narrow, and where they miss if they ever do. */
function coverage(machine: Machine, numPrompts: number, { useEarly = true, mayGain = true } = {}) {
  const truth = truthOf(machine);
  const random = seededRandom(2);
  const numRuns = 600;
  const held = { narrow: 0, worst: 0 };
  for (let run = 0; run < numRuns; run++) {
    let shown: boolean | undefined;
    let everMissed = false;
    const all = [...looks(machine, numPrompts * 2000, random)];
    let last = false;
    for (const [index, pairs] of all.entries()) {
      const isLast = index === all.length - 1;
      const look = isLast || !useEarly ? "final" : "early";
      const bounds = ratioInterval(pairs, { look, mayGain })!;
      last = bounds.low <= truth && truth <= bounds.high;
      if (!last && pairs.length >= 6) everMissed = true;
      if (shown === undefined && pairs.length >= 6 && isNarrow(bounds)) shown = last;
    }
    if (shown ?? last) held.narrow++;
    if (!everMissed) held.worst++;
  }
  return { narrow: held.narrow / numRuns, worst: held.worst / numRuns };
}

/** 0.95 less two standard errors of 600 runs. */
const HELD = 0.95 - 2 * Math.sqrt((0.95 * 0.05) / 600);

describe("bounds under repeated looks", () => {
  describe.each(Object.entries(MACHINES))("of a machine that %s", (_, machine) => {
    test.each([12, 24, 60])("hold in 95 of 100 runs of about %d prompts", (numPrompts) => {
      const { narrow, worst } = coverage(machine, numPrompts);
      expect(narrow).toBeGreaterThan(HELD);
      // Also of someone who stops just where they miss.
      expect(worst).toBeGreaterThan(HELD - 0.01);
    });
  });

  test("would not hold if each look were taken for the only one", () => {
    const machine = MACHINES["gains at four prompts in ten"]!;
    expect(coverage(machine, 60, { useEarly: false }).worst).toBeLessThan(HELD - 0.01);
  });

  test("would not hold without room for gains that nobody saw", () => {
    const machine = MACHINES["gains 2.7 times at one prompt in ten"]!;
    expect(coverage(machine, 24, { mayGain: false }).narrow).toBeLessThan(0.8);
  });
});
