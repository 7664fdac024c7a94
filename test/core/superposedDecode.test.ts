import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NgramModel } from "../../src/core/suggestions/ngramModel.ts";
import {
  paperSettings,
  type SuperposedSettings,
} from "../../src/core/suggestions/superposedCandidates.ts";
import {
  mixRows,
  type SuperposedParams,
  superposedDecode,
} from "../../src/core/suggestions/superposedDecode.ts";
import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import { decodePlain, type Scenario } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

interface Case {
  readonly vocabSize: number;
  readonly order: number;
  readonly seed: number;
  readonly prompt: readonly number[];
  readonly kept: readonly number[];
  readonly learned: readonly number[];
  readonly settings: SuperposedSettings;
  readonly endTokens: readonly number[];
  readonly numFree: number;
}

const PLAIN: Case = {
  vocabSize: 9,
  order: 2,
  seed: 4,
  prompt: [1, 2, 3, 4, 5],
  kept: [6, 7],
  learned: [1, 2, 3, 4, 5, 6, 7, 8, 0, 2, 4, 6, 8, 1, 3, 5, 7],
  settings: paperSettings(3),
  endTokens: [],
  numFree: 200,
};

const arbitraryCase: fc.Arbitrary<Case> = fc.integer({ min: 4, max: 12 }).chain((vocabSize) => {
  const token = fc.nat(vocabSize - 1);
  return fc.record({
    vocabSize: fc.constant(vocabSize),
    order: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(),
    prompt: fc.array(token, { minLength: 1, maxLength: 12 }),
    kept: fc.array(token, { maxLength: 4 }),
    learned: fc.array(token, { maxLength: 40 }),
    settings: fc.record({
      numDrafts: fc.integer({ min: 1, max: 4 }),
      numCandidates: fc.integer({ min: 1, max: 16 }),
      maxTokens: fc.integer({ min: 1, max: 12 }),
      temperature: fc.constantFrom(0.06, 1),
      ngramWeight: fc.constantFrom(0, 0.54, 1),
    }),
    endTokens: fc.array(token, { maxLength: 2 }),
    numFree: fc.oneof(fc.constant(200), fc.nat(6)),
  });
});

function open({ vocabSize, order, seed, prompt, kept, numFree }: Case): FakeBranchedTarget {
  const contextSize = prompt.length + kept.length + numFree;
  const logitsOf = hashedLogits(vocabSize, order, seed);
  return new FakeBranchedTarget({ vocabSize, logitsOf, contextSize });
}

function paramsOf(scenario: Case, model: FakeBranchedTarget): SuperposedParams {
  const { prompt, kept, learned, settings, endTokens } = scenario;
  const ngrams = new NgramModel();
  ngrams.learn(Int32Array.from(learned));
  return {
    model,
    promptTokens: Int32Array.from(prompt),
    keptTokens: Int32Array.from(kept),
    prefixTokens: Int32Array.from(prompt),
    ngrams,
    settings,
    endsDraft: (token) => endTokens.includes(token),
  };
}

async function greedyOf({ vocabSize, order, seed, prompt }: Case, maxTokens: number) {
  const scenario: Scenario = {
    vocabSize,
    order,
    seed,
    prompt,
    drafters: [],
    maxDraftNodes: 0,
    passMs: undefined,
    maxTokens,
    maxBranches: 8,
    numFree: 4096,
    endTokens: [],
    stopAt: undefined,
  };
  return Array.from((await decodePlain(scenario)).tokens);
}

describe("superposedDecode", () => {
  test("one draft is plain greedy decoding", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCase, async (scenario) => {
        const settings = { ...scenario.settings, numDrafts: 1, numCandidates: 1 };
        const alone = { ...scenario, settings, endTokens: [], numFree: 200 };
        const { drafts } = await superposedDecode(paramsOf(alone, open(alone)), NEVER);
        expect(drafts).toHaveLength(1);
        expect(Array.from(drafts[0]!.tokens)).toEqual(await greedyOf(alone, settings.maxTokens));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("where one draft has all the weight, it is plain greedy decoding's", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCase, async (scenario) => {
        // At such a temperature every other draft's weight is 0 in a double.
        const settings = { ...scenario.settings, temperature: 1e-7, ngramWeight: 0 };
        const sharp = { ...scenario, settings, endTokens: [], numFree: 200 };
        const { drafts } = await superposedDecode(paramsOf(sharp, open(sharp)), NEVER);
        expect(Array.from(drafts[0]!.tokens)).toEqual(await greedyOf(sharp, settings.maxTokens));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("drafts are different, at most k, within the length, best first, and hold no end token", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCase, async (scenario) => {
        const { settings, endTokens } = scenario;
        const target = open(scenario);
        const { drafts, numPasses } = await superposedDecode(paramsOf(scenario, target), NEVER);
        expect(numPasses).toBe(target.branchPasses.length);
        expect(drafts.length).toBeLessThanOrEqual(settings.numDrafts);
        const texts = drafts.map(({ tokens }) => tokens.join(" "));
        expect(new Set(texts).size).toBe(texts.length);
        drafts.forEach(({ tokens, logScore }, index) => {
          expect(tokens.length).toBeGreaterThan(0);
          expect(tokens.length).toBeLessThanOrEqual(settings.maxTokens);
          expect(logScore).toBeLessThanOrEqual(drafts[index - 1]?.logScore ?? 1e-9);
          for (const token of tokens) expect(endTokens).not.toContain(token);
        });
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("k drafts of n tokens take n passes of one row", async () => {
    for (const numDrafts of [1, 3, 5]) {
      const target = open(PLAIN);
      const scenario = { ...PLAIN, settings: paperSettings(numDrafts, 7) };
      const { drafts } = await superposedDecode(paramsOf(scenario, target), NEVER);
      expect(drafts).toHaveLength(numDrafts);
      expect(target.branchPasses).toEqual(new Array(7).fill(1));
    }
  });

  test("a weight of 0 removes the n-grams", async () => {
    const decode = (learned: readonly number[], ngramWeight: number) => {
      const scenario = { ...PLAIN, learned, settings: { ...PLAIN.settings, ngramWeight } };
      return superposedDecode(paramsOf(scenario, open(scenario)), NEVER);
    };
    expect(await decode(PLAIN.learned, 0)).toEqual(await decode([], 0));
    expect(await decode(PLAIN.learned, 0.54)).not.toEqual(await decode([], 0.54));
  });

  test("afterwards the cache holds the prompt and what was kept, at an abort too", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCase, async (scenario) => {
        const model = open(scenario);
        await superposedDecode(paramsOf(scenario, model), NEVER);
        expect(model.hasOpenBranches).toBe(false);
        expect(model.rows).toEqual([...scenario.prompt, ...scenario.kept].slice(0, -1));
      }),
      { numRuns: NUM_RUNS },
    );
    const expected = await superposedDecode(paramsOf(PLAIN, open(PLAIN)), NEVER);
    const model = open(PLAIN);
    const trunk = [...PLAIN.prompt, ...PLAIN.kept].slice(0, -1);
    for (let n = 1; ; n++) {
      const { signal, wasReached } = countdownSignal(n);
      const outcome = await superposedDecode(paramsOf(PLAIN, model), signal).catch(
        (error: unknown) => error,
      );
      expect(model.hasOpenBranches).toBe(false);
      expect(model.rows).toEqual(trunk.slice(0, model.kvLength));
      expect(await superposedDecode(paramsOf(PLAIN, model), NEVER)).toEqual(expected);
      await model.prefill(new Int32Array(0), NEVER);
      if (!wasReached()) break;
      expect(outcome).toHaveProperty("name", "AbortError");
    }
  });

  test("a full context ends the drafts, not the call", async () => {
    for (let numFree = 0; numFree < 12; numFree++) {
      const scenario = { ...PLAIN, numFree };
      const { drafts } = await superposedDecode(paramsOf(scenario, open(scenario)), NEVER);
      // The last kept token has no cell yet, so one row more is free.
      const length = Math.min(scenario.settings.maxTokens, numFree + 1);
      expect(drafts.map(({ tokens }) => tokens.length)).toEqual([length, length, length]);
    }
  });
});

describe("mixRows", () => {
  test("is the weighted sum", () => {
    const rows = Float32Array.of(1, 2, 3, 10, 20, 30);
    expect([...mixRows(rows, Float64Array.of(0.75, 0.25))]).toEqual([3.25, 6.5, 9.75]);
    expect([...mixRows(rows, Float64Array.of(0, 1))]).toEqual([10, 20, 30]);
  });
});
