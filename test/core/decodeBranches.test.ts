import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AcceptanceTable } from "../../src/core/calibration/acceptanceTable.ts";
import {
  arbitraryBranchScenario,
  type BranchScenario,
  decodeAlone,
  decodeScenario,
  openBranchedFake,
  startsOf,
} from "../support/branchScenarios.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import { CLOCK, decodePlain } from "../support/decodeScenarios.ts";
import { forbiddenAt } from "../support/masks.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const PLAIN: BranchScenario = {
  vocabSize: 7,
  order: 1,
  seed: 5,
  prompt: [1, 2, 3, 4, 5, 6, 0, 1, 2],
  drafters: ["recycling", "suffixMatch"],
  maxDraftNodes: 12,
  passMs: undefined,
  maxTokens: 20,
  maxBranches: 16,
  numFree: 4096,
  endTokens: [],
  stopAt: undefined,
  first: [3, 1, 4, 1, 5],
  starts: [
    { numShared: 0, tokens: [6] },
    { numShared: 2, tokens: [0, 5] },
    { numShared: 5, tokens: [2] },
  ],
};

describe("decodeBranches", () => {
  test("each branch is what greedy decoding gives alone, whatever the drafters do", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryBranchScenario(), async (scenario) => {
        const roomy = { ...scenario, numFree: 4096 };
        const { suggestions } = await decodeScenario(roomy);
        for (const [index, { tokens, finishReason }] of suggestions.entries()) {
          const alone = await decodeAlone(roomy, index);
          expect(Array.from(tokens)).toEqual(Array.from(alone.tokens));
          expect(finishReason).toBe(alone.finishReason);
        }
      }),
      { numRuns: 2 * NUM_RUNS },
    );
  });

  test("a start that no pass has room for ends, and the others go on", async () => {
    const target = openBranchedFake(PLAIN);
    const starts = startsOf(PLAIN);
    const tokens = Int32Array.from({ length: target.maxNodes + 1 }, (_, index) => index % 7);
    const long = { numShared: 0, tokens, logProbs: new Float64Array(tokens.length).fill(-1) };
    const { suggestions } = await decodeScenario(PLAIN, {
      starts: [long, ...starts],
      newLimits: () => ({ maxTokens: 200, isEndToken: () => false }),
    });
    expect(suggestions).toHaveLength(4);
    const lengths = suggestions.map(({ tokens: { length } }) => length);
    expect(lengths.filter((length) => length === 200)).toHaveLength(3);
  });

  test("each token's log-probability is the target's own among what may come", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryBranchScenario(), async (scenario) => {
        const { suggestions } = await decodeScenario({ ...scenario, numFree: 4096 });
        const { logitsOf } = openBranchedFake(scenario);
        for (const [index, { tokens, logProbs }] of suggestions.entries()) {
          expect(logProbs.length).toBe(tokens.length);
          const { numShared, tokens: own } = scenario.starts[index]!;
          for (let at = numShared + own.length; at < tokens.length; at++) {
            const row = logitsOf([...scenario.prompt, ...tokens.subarray(0, at)]).slice();
            for (const token of forbiddenAt(scenario.forbidden, at)) row[token] = -Infinity;
            const logSumExp = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
            expect(logProbs[at]).toBeCloseTo(row[tokens[at]!]! - logSumExp, 9);
          }
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a context that gets full ends branches at a token of their own output, and never throws", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryBranchScenario(), fc.nat(24), async (scenario, numFree) => {
        const tight = { ...scenario, numFree };
        const target = openBranchedFake(tight);
        const { suggestions } = await decodeScenario(tight, { target });
        for (const [index, { tokens, finishReason }] of suggestions.entries()) {
          const alone = await decodeAlone(tight, index);
          expect(Array.from(tokens)).toEqual(Array.from(alone.tokens.slice(0, tokens.length)));
          if (finishReason !== "contextFull") {
            expect(tokens.length).toBe(alone.tokens.length);
          }
        }
        expect(target.hasOpenBranches).toBe(false);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("no pass has more rows than the budget and the branches' own tokens", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryBranchScenario(), async (scenario) => {
        const target = openBranchedFake(scenario);
        const { stats } = await decodeScenario(scenario, { target });
        // Known tokens of a start, four at most, are evaluated in its first pass.
        const maxRows = 4 * scenario.starts.length + scenario.maxDraftNodes;
        for (const numRows of target.branchPasses) expect(numRows).toBeLessThanOrEqual(maxRows);
        expect(stats.numSteps).toBe(target.branchPasses.length);
        expect(stats.numAcceptedTokens).toBeLessThanOrEqual(stats.numDraftTokens);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("afterwards the cache holds the prompt and the first suggestion, and greedy decoding goes on", async () => {
    const target = openBranchedFake(PLAIN);
    await decodeScenario(PLAIN, { target });
    expect(target.hasOpenBranches).toBe(false);
    expect(target.rows).toEqual([...PLAIN.prompt, ...PLAIN.first]);
    const passes = target.numPasses;
    const trunk = Int32Array.from([...PLAIN.prompt, ...PLAIN.first]);
    expect(await target.prefill(trunk, NEVER)).toBe(trunk.length);
    expect(target.numPasses).toBe(passes);
  });

  test("an abort at any look at the signal leaves the same, and the next decode is right", async () => {
    const expected = await decodeScenario(PLAIN);
    const trunk = [...PLAIN.prompt, ...PLAIN.first];
    const target = openBranchedFake(PLAIN);
    let numAborts = 0;
    for (let n = 1; ; n++) {
      const { signal, wasReached } = countdownSignal(n);
      const outcome = await decodeScenario(PLAIN, { target }, signal).catch(
        (error: unknown) => error,
      );
      expect(target.hasOpenBranches).toBe(false);
      expect(target.rows).toEqual(trunk.slice(0, target.kvLength));
      const { suggestions } = await decodeScenario(PLAIN, { target });
      expect(suggestions).toEqual(expected.suggestions);
      await target.prefill(new Int32Array(0), NEVER);
      if (!wasReached()) break;
      expect(outcome).toHaveProperty("name", "AbortError");
      numAborts++;
    }
    expect(numAborts).toBeGreaterThan(8);
  });

  test("a pass that fails closes the branches and keeps the trunk", async () => {
    const target = openBranchedFake(PLAIN);
    target.failsInPass = 2;
    await expect(decodeScenario(PLAIN, { target })).rejects.toHaveProperty("code", "decodeFailed");
    expect(target.hasOpenBranches).toBe(false);
    expect(target.rows).toEqual([...PLAIN.prompt, ...PLAIN.first]);
  });

  test("suggestions are reported as they end, each once", async () => {
    const seen: number[] = [];
    const onSuggestion = (index: number) => seen.push(index);
    const ended = { ...PLAIN, endTokens: [6] };
    const { suggestions } = await decodeScenario(ended, { observer: { ...CLOCK, onSuggestion } });
    // The first start is an end token: nothing is decoded for it.
    expect(seen[0]).toBe(0);
    expect(seen.toSorted()).toEqual([0, 1, 2]);
    expect(suggestions[0]).toMatchObject({ finishReason: "endToken", tokens: new Int32Array(0) });
  });

  test("branches that rejoin the first suggestion take fewer passes", async () => {
    // Whatever token comes first, a text that depends on the last token alone soon runs into the other.
    const { tokens } = await decodePlain(PLAIN);
    const starts = [0, 2, 4].map((token) => ({ numShared: 1, tokens: [token] }));
    const scenario = { ...PLAIN, drafters: [], first: Array.from(tokens), starts };
    const drafts = await decodeScenario(scenario);
    const plain = await decodeScenario({ ...scenario, maxDraftNodes: 0 });
    expect(plain.stats.numSteps).toBe(18);
    expect(drafts.stats.numSteps).toBeLessThan(12);
    expect(drafts.suggestions).toEqual(plain.suggestions);
  });

  test("where rows are dear nothing is drafted, where they are free all is", async () => {
    const dear = await decodeScenario(PLAIN, { passMs: (numRows) => numRows });
    const free = await decodeScenario(PLAIN, { passMs: () => 1 });
    expect(dear.stats.numDraftTokens).toBe(0);
    expect(free.stats.numDraftTokens).toBeGreaterThan(0);
    expect(free.stats.numSteps).toBeLessThan(dear.stats.numSteps);
    expect(dear.suggestions).toEqual(free.suggestions);
  });

  test("where a second row is dearer than a second pass, the branches take turns", async () => {
    const target = openBranchedFake(PLAIN);
    const seen: number[] = [];
    const onSuggestion = (index: number) => seen.push(index);
    const turns = await decodeScenario(PLAIN, {
      target,
      passMs: (numRows) => numRows ** 2,
      observer: { ...CLOCK, onSuggestion },
    });
    // The second start has two tokens of its own.
    expect(target.branchPasses.filter((numRows) => numRows > 1)).toEqual([2]);
    expect(seen).toEqual([0, 1, 2]);
    expect(turns.suggestions).toEqual((await decodeScenario(PLAIN)).suggestions);
  });

  test("a calibration learns from every candidate and changes no output", async () => {
    const calibration = new AcceptanceTable();
    const first = await decodeScenario(PLAIN, { calibration });
    const second = await decodeScenario(PLAIN, {
      calibration,
      passMs: (numRows) => 1 + numRows / 9,
    });
    expect(second.suggestions).toEqual(first.suggestions);
  });

  test("starts that are none are RangeErrors", async () => {
    const none = { ...PLAIN, starts: [{ numShared: 0, tokens: [] }] };
    await expect(decodeScenario(none)).rejects.toThrow(RangeError);
    const beyond = { ...PLAIN, starts: [{ numShared: 6, tokens: [1] }] };
    await expect(decodeScenario(beyond)).rejects.toThrow(RangeError);
    const many = { ...PLAIN, starts: Array.from({ length: 16 }, () => PLAIN.starts[0]!) };
    await expect(decodeScenario(many)).rejects.toThrow(RangeError);
  });
});
