import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { priceBound } from "../../src/core/suggestions/branchPrice.ts";
import type { BranchStart } from "../../src/core/suggestions/branchRun.ts";
import type { BranchSelection } from "../../src/core/suggestions/branchSelection.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import { rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import {
  arbitraryBranchScenario,
  type BranchScenario,
  decodeAlone,
  decodeScenario,
  openBranchedFake,
} from "../support/branchScenarios.ts";
import { CLOCK, decodePlain } from "../support/decodeScenarios.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const PLAIN: BranchScenario = {
  vocabSize: 7,
  order: 2,
  seed: 5,
  prompt: [1, 2, 3, 4, 5, 6, 0, 1, 2],
  drafters: [],
  maxDraftNodes: 0,
  passMs: undefined,
  maxTokens: 20,
  maxBranches: 16,
  numFree: 4096,
  endTokens: [],
  stopAt: undefined,
  first: Array.from({ length: 20 }, (_, index) => index % 3),
  starts: [
    { numShared: 0, tokens: [6] },
    { numShared: 0, tokens: [5] },
    { numShared: 0, tokens: [4] },
    { numShared: 0, tokens: [3] },
  ],
};
const flat = () => 1;
const wordsOf = ({ tokens }: { tokens: Int32Array }) => Array.from(tokens, (t) => `w${t}`).join("");

/** Decodes with a selection of which all texts differ unless told otherwise, and notes which starts came to an end. */
async function decode(
  scenario: BranchScenario,
  selection: Partial<BranchSelection>,
  passMs: (numRows: number) => number = flat,
  draftersOf: (start: BranchStart) => readonly Drafter[] = () => [],
) {
  const indices: number[] = [];
  const target = openBranchedFake(scenario);
  const { suggestions, numStopped, stats } = await decodeScenario(scenario, {
    target,
    passMs,
    draftersOf,
    selection: {
      count: 2,
      // One letter each, so that two texts have nothing in common.
      textOf: ({ tokens }) => String.fromCharCode(97 + (tokens[0] ?? 25)).repeat(9),
      firstFinish: "maxTokens",
      spentMs: 0,
      ...selection,
    },
    observer: { ...CLOCK, onSuggestion: (index) => indices.push(index) },
  });
  return { suggestions, numStopped, stats, target, indices: indices.toSorted() };
}

describe("a selection of branches", () => {
  test("each is what greedy decoding gives alone, or the start of it where it was cut; the cache is left as it was", async () => {
    const arbitrary = fc.record({
      scenario: arbitraryBranchScenario(),
      count: fc.integer({ min: 1, max: 3 }),
      bits: fc.nat(255),
      spentMs: fc.nat(30),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ scenario, count, bits, spentMs }) => {
        const roomy = { ...scenario, numFree: 4096 };
        // Some are empty, some alike, and which ones changes while they grow.
        const textOf: BranchSelection["textOf"] = ({ tokens }) =>
          (bits >> (tokens.length % 8)) & 1 ? "" : wordsOf({ tokens: tokens.subarray(0, 6) });
        const { suggestions, numStopped, indices, target } = await decode(roomy, {
          count,
          textOf,
          spentMs,
        });
        expect(suggestions.length).toBe(indices.length);
        expect(suggestions.length + numStopped).toBeLessThanOrEqual(scenario.starts.length);
        for (const [at, { tokens, logProbs, finishReason }] of suggestions.entries()) {
          const alone = await decodeAlone(roomy, indices[at]!);
          const isCut = finishReason === "maxTokens" && tokens.length < scenario.maxTokens;
          const expected = isCut ? alone.tokens.slice(0, tokens.length) : alone.tokens;
          expect(Array.from(tokens)).toEqual(Array.from(expected));
          if (!isCut) expect(finishReason).toBe(alone.finishReason);
          expect(logProbs.length).toBe(tokens.length);
        }
        expect(target.hasOpenBranches).toBe(false);
        const trunk = [...scenario.prompt, ...scenario.first];
        expect(target.rows).toEqual(trunk.slice(0, target.kvLength));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  const ending = {
    ...PLAIN,
    starts: [{ numShared: 0, tokens: [0] }, ...PLAIN.starts],
    endTokens: [0],
  };

  test("the rest wait where rows are dear and all that are wanted are offered", async () => {
    const { indices, target } = await decode(PLAIN, {}, (numRows) => 2 ** numRows);
    expect(indices).toEqual([0, 1]);
    expect(Math.max(...target.branchPasses)).toBe(2);
  });

  test("others are begun beside those that are missing while their rows cost little", async () => {
    const begunWith = async (rowMs: (numRows: number) => number) => {
      const begun = new Set<number>();
      const draftersOf = ({ tokens }: BranchStart): Drafter[] => [
        {
          source: "suffixMatch",
          begin: async () => void begun.add(tokens[0]!),
          draft: async (rootToken) => rootOnlyTree(rootToken),
          learn: () => {},
        },
      ];
      // Four rows at once bring the most per ms, whatever is begun.
      await decode({ ...PLAIN, maxDraftNodes: 1 }, {}, rowMs, draftersOf);
      return begun.size;
    };
    expect(await begunWith((numRows) => [0, 1, 1, 1.4, 1.6][numRows] ?? 9)).toBe(3);
    expect(await begunWith((numRows) => [0, 1, 1, 1.4, 1.5][numRows] ?? 9)).toBe(4);
    expect(await begunWith((numRows) => [0, 1, 1, 1.6, 1.6][numRows] ?? 9)).toBe(2);
  });

  test("those that are not over are given up once enough are offered", async () => {
    const long = { ...ending, maxTokens: 60, first: [...PLAIN.first, ...PLAIN.first] };
    const lengths = await Promise.all(long.starts.map((_, index) => decodeAlone(long, index)));
    const [, second] = lengths.map(({ tokens }) => tokens.length).toSorted((a, b) => a - b);
    const { suggestions, numStopped } = await decode(long, {});
    expect(numStopped).toBe(0);
    expect(suggestions.length).toBeLessThan(long.starts.length);
    expect(Math.max(...suggestions.map(({ tokens }) => tokens.length))).toBe(second);
  });

  test("another one takes the place of each that would not be offered", async () => {
    // Its only token ends it.
    const { indices } = await decode(
      { ...ending, maxTokens: 4 },
      {
        textOf: ({ tokens }) => (tokens.length === 0 ? "" : wordsOf({ tokens }).repeat(tokens[0]!)),
      },
    );
    expect(indices[0]).toBe(0);
    expect(indices.length).toBeGreaterThan(2);
  });

  test("none does where the price is spent", async () => {
    const textOf = () => "";
    const within = await decode({ ...PLAIN, maxTokens: 2 }, { textOf });
    expect(within.indices).toEqual([0, 1, 2, 3]);
    const spent = await decode({ ...PLAIN, maxTokens: 2 }, { textOf, spentMs: 30 });
    expect(spent.indices).toEqual([0, 1]);
    // Rows as dear as passes: 1.15 times three rows for each of twenty tokens.
    const dear = await decode({ ...PLAIN, maxTokens: 2 }, { textOf, spentMs: 66 }, (n) => n);
    expect(dear.indices).toEqual([0, 1]);
  });

  test("branches that come back to the first suggestion are stopped, and others begun", async () => {
    // A text that depends on the last token alone soon runs into the other.
    const scenario = { ...PLAIN, order: 1, maxTokens: 40 };
    const { tokens } = await decodePlain(scenario);
    const starts = [0, 1, 2, 3, 4, 5, 6]
      .filter((token) => token !== tokens[1])
      .map((token) => ({ numShared: 1, tokens: [token] }));
    const rejoining = { ...scenario, first: Array.from(tokens), starts };
    const { numStopped, stats, suggestions, target } = await decode(rejoining, { textOf: wordsOf });
    expect(numStopped).toBeGreaterThan(1);
    expect(numStopped + suggestions.length).toBeGreaterThan(2);
    const { stats: all } = await decodeScenario(rejoining);
    // Each was given up as soon as it repeated four tokens.
    expect(stats.numCommittedTokens).toBeLessThan(all.numCommittedTokens / 2);
    expect(target.rows).toEqual([...scenario.prompt, ...tokens].slice(0, target.kvLength));
  });

  test("what has whole lines ends with them once the price is nearly spent", async () => {
    const long = { ...PLAIN, first: [1, 2, 3, 4, 5, 6, 0, 1, 2, 3], maxTokens: 60 };
    const { suggestions, stats } = await decode(long, {});
    // 0.4 of 1.5 times ten passes, as the first has cost nothing.
    expect(stats.numSteps).toBe(6);
    for (const { tokens, finishReason } of suggestions) {
      expect(tokens.length).toBe(7);
      expect(finishReason).toBe("maxTokens");
    }
    const oneLine = await decode(long, {
      textOf: ({ tokens }) => (tokens.length < 60 ? "" : "all"),
    });
    expect(oneLine.suggestions[0]!.tokens.length).toBe(60);
  });
});

test("k suggestions may cost half more where rows are nearly free, 15 % more than their rows elsewhere", () => {
  expect(priceBound(1)).toBe(1.5);
  expect(priceBound(1.2)).toBe(1.5);
  expect(priceBound(2)).toBeCloseTo(2.3, 9);
});
