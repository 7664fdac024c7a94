/** The tokens that complete a pending text, against all ways to write it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { greedyDecode } from "../../src/core/decode/greedyDecode.ts";
import { healTokens } from "../../src/core/healing/healTokens.ts";
import { PendingText } from "../../src/core/healing/pendingText.ts";
import type { ScoredTokens } from "../../src/core/tree/opening.ts";
import { FakeTarget, hashedLogits, type LogitsOf } from "../fakes/fakeTarget.ts";
import { CLOCK } from "../support/decodeScenarios.ts";
import {
  allCovers,
  END,
  expectCover,
  heal,
  healScenarios,
  jointOf,
  logitsFor,
  openTarget,
  PIECES,
  PROMPT,
  pendingOf,
  UNLIMITED,
  uniform,
} from "../support/healScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { bytesOf, vocabularyOf } from "../support/pieces.ts";

function sumOf({ logProbs }: ScoredTokens): number {
  return logProbs.reduce((sum, value) => sum + value, 0);
}

describe("healTokens", () => {
  test("gives the likeliest of all ways to cover the text", async () => {
    let numTraps = 0;
    await fc.assert(
      fc.asyncProperty(healScenarios, async (scenario) => {
        const logitsOf = logitsFor(scenario);
        const { tokens } = await heal(openTarget(logitsOf), scenario.text, { limits: UNLIMITED });
        const joints = allCovers(bytesOf(scenario.text)).map((cover) => jointOf(logitsOf, cover));
        expectCover(scenario.text, tokens);
        expect(jointOf(logitsOf, tokens)).toBeCloseTo(Math.max(...joints), 5);
        const greedy = await heal(openTarget(logitsOf, { maxBranches: 1 }), scenario.text);
        if (jointOf(logitsOf, greedy.tokens) < Math.max(...joints) - 0.01) numTraps++;
      }),
      { numRuns: 2 * NUM_RUNS },
    );
    // Where the first of the best path is not the best first.
    expect(numTraps).toBeGreaterThan(NUM_RUNS / 50);
  });

  test("does so where every text is written in many ways", async () => {
    const letter = fc.constantFrom(97, 98);
    const runs = fc.record({
      more: fc.uniqueArray(fc.array(letter, { minLength: 2, maxLength: 3 }), { maxLength: 8 }),
      text: fc.array(letter, { minLength: 4, maxLength: 8 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ more, text, seed }) => {
        const pieces = [[], [97], [98], ...more];
        const hashed = hashedLogits(pieces.length, 3, seed);
        const logitsOf: LogitsOf = (history) => hashed(history).map((logit) => logit * 2);
        const target = new FakeTarget({ vocabSize: pieces.length, maxBranches: 64, logitsOf });
        const pending = PendingText.of(vocabularyOf(pieces), Uint8Array.from(text))!;
        const promptTokens = Int32Array.from([1, 2]);
        const limits = { ...UNLIMITED, maxNodes: 40 };
        const { tokens } = await healTokens({ target, promptTokens, pending, limits }, NEVER);
        const jointBehind = (cover: Iterable<number>) => jointOf(logitsOf, cover, promptTokens);
        const joints = allCovers(text, pieces).map(jointBehind);
        expect(jointBehind(tokens)).toBeCloseTo(Math.max(...joints), 5);
        const known = [...promptTokens, ...tokens];
        expect(target.rows).toEqual(known.slice(0, target.kvLength));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("looks behind each path that may still win, and only behind those", async () => {
    const a = 1;
    // [token] probabilities of the first row; behind a, what completes ap.
    const decide = async (cover: number, part: number, behindPart: number) => {
      const target = openTarget((history) => {
        const row = uniform().fill(-30);
        const isBehindPart = history.length > PROMPT.length;
        if (isBehindPart) row[5] = Math.log(behindPart);
        else {
          row[2] = Math.log(cover);
          row[a] = Math.log(part);
        }
        row[END] = Math.log(1 - (isBehindPart ? behindPart : cover + part));
        return row;
      });
      const { tokens, numPasses } = await heal(target, "ap");
      return { tokens: Array.from(tokens), numPasses };
    };
    expect(await decide(0.4, 0.45, 0.95)).toEqual({ tokens: [a, 5], numPasses: 2 });
    // Likelier at first, and poor behind it.
    expect(await decide(0.4, 0.45, 0.8)).toEqual({ tokens: [2], numPasses: 2 });
    expect(await decide(0.45, 0.4, 0.99)).toEqual({ tokens: [2], numPasses: 1 });
  });

  test("within its limits covers the text, and with the best where it stopped by itself", async () => {
    const limits = fc.record({
      maxNodes: fc.integer({ min: 1, max: 8 }),
      maxPasses: fc.integer({ min: 1, max: 4 }),
      maxCovers: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(healScenarios, limits, fc.nat(8), async (scenario, limits, numFree) => {
        const logitsOf = logitsFor(scenario);
        const contextSize = PROMPT.length + 12 + numFree;
        const target = openTarget(logitsOf, { contextSize, maxBranches: 2 + (numFree % 4) });
        const healed = await heal(target, scenario.text, { limits });
        expectCover(scenario.text, healed.tokens);
        expect(healed.logProbs.length).toBe(healed.tokens.length);
        for (const logProb of healed.logProbs) expect(logProb).toBeLessThanOrEqual(1e-9);
        expect(healed.alternatives.length).toBeLessThanOrEqual(limits.maxCovers);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("is the same however the text would be written without it, in fewer passes if so", async () => {
    let numPasses = 0;
    let numLikelyPasses = 0;
    await fc.assert(
      fc.asyncProperty(healScenarios, fc.nat(), async (scenario, pick) => {
        const covers = allCovers(bytesOf(scenario.text));
        const logitsOf = logitsFor(scenario);
        const healed = await heal(openTarget(logitsOf), scenario.text, { limits: UNLIMITED });
        for (const likely of [covers[pick % covers.length]!, Array.from(healed.tokens), [END, 7]]) {
          const likelyTokens = Int32Array.from(likely);
          const options = { likelyTokens, limits: UNLIMITED };
          const again = await heal(openTarget(logitsOf), scenario.text, options);
          expect(again.tokens).toEqual(healed.tokens);
          expect(again.newText).toBe(healed.newText);
          if (likely !== covers[pick % covers.length]) continue;
          numPasses += healed.numPasses;
          numLikelyPasses += again.numPasses;
        }
      }),
      { numRuns: NUM_RUNS },
    );
    expect(numLikelyPasses).toBeLessThan(numPasses);
  });

  test("the alternatives are other covers by probability, and all are told in one measure", async () => {
    await fc.assert(
      fc.asyncProperty(healScenarios, async (scenario) => {
        const logitsOf = logitsFor(scenario);
        const healed = await heal(openTarget(logitsOf), scenario.text);
        const all = [healed, ...healed.alternatives];
        for (const { tokens } of all) expectCover(scenario.text, tokens);
        expect(new Set(all.map(({ tokens }) => tokens.join(" "))).size).toBe(all.length);
        const joints = all.map(({ tokens }) => jointOf(logitsOf, tokens));
        expect(joints).toEqual(joints.toSorted((a, b) => b - a));
        for (const [index, one] of all.entries()) {
          for (const logProb of one.logProbs) expect(logProb).toBeLessThanOrEqual(1e-9);
          expect(sumOf(one) - sumOf(healed)).toBeCloseTo(joints[index]! - joints[0]!, 4);
        }
        expect(all.reduce((sum, one) => sum + Math.exp(sumOf(one)), 0)).toBeLessThan(1 + 1e-6);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("all covers of one token are seen, so the others are alternatives", async () => {
    const { tokens, alternatives, logProbs } = await heal(
      openTarget(() => uniform()),
      "ap",
    );
    const seen = [tokens, ...alternatives.map((one) => one.tokens)].map((run) => run.join(" "));
    // ap, app and append; a and a token behind it are far less likely.
    for (const single of ["2", "3", "4"]) expect(seen).toContain(single);
    expect(logProbs[0]).toBeCloseTo(Math.log(1 / 3), 9);
  });

  test("without branches takes the best token of those that agree, one after the other", async () => {
    await fc.assert(
      fc.asyncProperty(healScenarios, async (scenario) => {
        const logitsOf = logitsFor(scenario);
        const target = openTarget(logitsOf, { maxBranches: 1 });
        const healed = await heal(target, scenario.text);
        const constraint = pendingOf(scenario.text);
        const maxTokens = healed.tokens.length;
        const plain = await greedyDecode(
          openTarget(logitsOf),
          Int32Array.from(PROMPT),
          { maxTokens, isEndToken: () => false, constraint },
          CLOCK,
          NEVER,
        );
        expect(healed.tokens).toEqual(plain.tokens);
        expectCover(scenario.text, healed.tokens);
        expect(healed.numPasses).toBe(maxTokens);
        for (const logProb of healed.logProbs) expect(logProb).toBeLessThanOrEqual(0);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("where one cover is possible it is plain decoding under the constraint", async () => {
    const pieces = [bytesOf("x"), bytesOf("ab"), bytesOf("cd"), bytesOf("c!"), bytesOf("d")];
    const vocabulary = vocabularyOf(pieces);
    const pending = PendingText.of(vocabulary, Uint8Array.from(bytesOf("abcd")))!;
    for (const seed of [1, 2, 3]) {
      const logitsOf = hashedLogits(pieces.length, 2, seed);
      const open = () => new FakeTarget({ vocabSize: pieces.length, logitsOf });
      const promptTokens = Int32Array.of(0, 4);
      const { tokens } = await healTokens({ target: open(), promptTokens, pending }, NEVER);
      const limits = { maxTokens: 2, isEndToken: () => false, constraint: pending };
      const plain = await greedyDecode(open(), promptTokens, limits, CLOCK, NEVER);
      expect(Array.from(tokens)).toEqual([1, 2]);
      expect(plain.tokens).toEqual(tokens);
    }
  });

  test("says what the last token adds to the text", async () => {
    // Whatever comes, append is likelier.
    const logitsOf: LogitsOf = () => uniform().map((_, token) => (token === 4 ? 9 : 0));
    const { tokens, newText } = await heal(openTarget(logitsOf), "app");
    expect(Array.from(tokens)).toEqual([4]);
    expect(newText).toBe("end");
  });

  test("an end token never covers, whatever its bytes", async () => {
    const logitsOf: LogitsOf = () => uniform().map((_, token) => (token === END ? 9 : 0));
    const { tokens, alternatives } = await heal(openTarget(logitsOf), "app");
    for (const one of [tokens, ...alternatives.map((other) => other.tokens)]) {
      expect(Array.from(one)).not.toContain(END);
    }
  });

  test("logits that are no numbers, or none at all, still give a cover", async () => {
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      for (const maxBranches of [1, 8]) {
        const target = openTarget(() => new Float32Array(PIECES.length).fill(value), {
          maxBranches,
        });
        const { tokens, logProbs } = await heal(target, ".append");
        expectCover(".append", tokens);
        for (const logProb of logProbs) expect(logProb).not.toBeNaN();
      }
    }
  });
});
