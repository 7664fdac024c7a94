/** A mask that forbids tokens holds in plain, speculative, branched and superposed decoding; its oracle is the row itself. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import {
  decodeAlternatives,
  decodeSuperposedAlternatives,
} from "../../src/core/suggestions/alternativeSuggestions.ts";
import { BranchPointCollector } from "../../src/core/suggestions/branchPoints.ts";
import { NgramModel } from "../../src/core/suggestions/ngramModel.ts";
import { paperSettings } from "../../src/core/suggestions/superposedCandidates.ts";
import { superposedDecode } from "../../src/core/suggestions/superposedDecode.ts";
import { NO_FLOORS, verifyDrafts } from "../../src/core/suggestions/verifyDrafts.ts";
import type { TreeLogits } from "../../src/core/tree/targetModel.ts";
import { constrainedRow } from "../../src/core/tree/tokenConstraint.ts";
import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import {
  arbitraryScenario,
  CLOCK,
  contextOf,
  decodePlain,
  decodeSpeculatively,
  openDrafters,
  type Scenario,
} from "../support/decodeScenarios.ts";
import { arbitraryForbidden, type Forbidden, forbiddenAt, maskOf } from "../support/masks.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const VOCAB_SIZE = 13;
const PROMPT = [1, 2, 3, 4, 5, 6];
/** The best token of every row is forbidden somewhere, as each token is. */
const FORBIDDEN: Forbidden = Array.from({ length: VOCAB_SIZE }, (_, position) =>
  Array.from({ length: 5 }, (_, index) => (position * 3 + index * 2) % VOCAB_SIZE),
);
const MASK = maskOf(FORBIDDEN, VOCAB_SIZE);
const newLimits = () => ({ maxTokens: 12, isEndToken: () => false, constraint: MASK });

function openFake(seed: number): FakeBranchedTarget {
  const logitsOf = hashedLogits(VOCAB_SIZE, 2, seed);
  return new FakeBranchedTarget({ vocabSize: VOCAB_SIZE, logitsOf });
}

/** Logits of one row. */
function rowLogits(row: Float32Array): TreeLogits {
  const topK = (_: number, k: number) => {
    const order = Array.from(row.keys())
      .sort((a, b) => row[b]! - row[a]! || a - b)
      .slice(0, Math.min(k, 64));
    return {
      tokens: Int32Array.from(order),
      logits: Float32Array.from(order, (token) => row[token]!),
    };
  };
  return {
    topK,
    argmax: () => topK(0, 1).tokens[0]!,
    logit: (_, token) => row[token]!,
    logSumExp: () => Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)),
  };
}

/** The best allowed token of each row, one by one. */
function bestAllowed(scenario: Scenario, numTokens: number): number[] {
  const { vocabSize, order, seed, prompt, forbidden } = scenario;
  const logitsOf = hashedLogits(vocabSize, order, seed);
  const output: number[] = [];
  while (output.length < numTokens) {
    const row = logitsOf([...prompt, ...output]);
    let best = -1;
    for (let token = 0; token < vocabSize; token++) {
      if (forbiddenAt(forbidden, output.length).includes(token)) continue;
      if (best === -1 || row[token]! > row[best]!) best = token;
    }
    output.push(best);
  }
  return output;
}

function expectAllowed(tokens: Int32Array): void {
  for (const [position, token] of tokens.entries()) {
    expect(forbiddenAt(FORBIDDEN, position)).not.toContain(token);
  }
}

describe("constrainedRow", () => {
  test("is the row without what may not come", () => {
    const rows = fc.integer({ min: 2, max: 200 }).chain((vocabSize) =>
      fc.record({
        row: fc.array(fc.constantFrom(-2, -1, 0, 0.5, 3, Number.NEGATIVE_INFINITY), {
          minLength: vocabSize,
          maxLength: vocabSize,
        }),
        forbidden: fc.uniqueArray(fc.nat(vocabSize - 1), { maxLength: vocabSize - 1 }),
        k: fc.integer({ min: 1, max: 20 }),
      }),
    );
    fc.assert(
      fc.property(rows, ({ row, forbidden, k }) => {
        const logits = rowLogits(Float32Array.from(row));
        const left = row.map((logit, token) => (forbidden.includes(token) ? -Infinity : logit));
        const order = Array.from(left.keys())
          .filter((token) => left[token]! > -Infinity)
          .sort((a, b) => left[b]! - left[a]! || a - b);
        const masked = constrainedRow(logits, 0, maskOf([forbidden], row.length));
        for (const token of row.keys()) expect(masked.logit(token)).toBe(left[token]);
        if (order.length === 0) {
          expect(forbidden).not.toContain(masked.argmax());
          expect(masked.logSumExp()).toBe(Number.NEGATIVE_INFINITY);
          return;
        }
        expect(masked.argmax()).toBe(order[0]);
        expect(Array.from(masked.topK(k).tokens)).toEqual(order.slice(0, k));
        const sum = left.reduce((total, logit) => total + Math.exp(logit), 0);
        expect(masked.logSumExp()).toBeCloseTo(Math.log(sum), 9);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("a mask that forbids tokens", () => {
  test("plain and speculative decoding give the best of what it leaves", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScenario(), async (scenario) => {
        const unlimited = { endTokens: [], stopAt: undefined, opening: undefined };
        const roomy = { ...scenario, numFree: 4096, ...unlimited };
        const expected = bestAllowed(roomy, roomy.maxTokens);
        expect(Array.from((await decodePlain(roomy)).tokens)).toEqual(expected);
        expect(Array.from((await decodeSpeculatively(roomy)).tokens)).toEqual(expected);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("drafts of what it leaves are still accepted", async () => {
    // Beyond the first few tokens what recycling learned comes again.
    const scenario: Scenario = {
      vocabSize: VOCAB_SIZE,
      order: 1,
      seed: 3,
      prompt: PROMPT,
      drafters: ["recycling", "suffixMatch"],
      maxDraftNodes: 12,
      passMs: undefined,
      maxTokens: 60,
      maxBranches: 8,
      numFree: 4096,
      endTokens: [],
      stopAt: undefined,
      forbidden: [[1, 4, 7]],
    };
    const { tokens, stats } = await decodeSpeculatively(scenario);
    expect(Array.from(tokens)).toEqual(bestAllowed(scenario, 60));
    expect(Array.from(tokens)).not.toEqual(bestAllowed({ ...scenario, forbidden: undefined }, 60));
    expect(stats.numAcceptedTokens).toBeGreaterThan(20);
  });

  test("every branch keeps to it", async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const target = openFake(seed);
      const context = contextOf(PROMPT);
      const limits = newLimits();
      const text = { pieceOf: (token: number) => `t${token} `, isEndToken: () => false };
      const branchPoints = new BranchPointCollector(text, limits.constraint);
      const common = { target, context, maxDraftNodes: 8 };
      const drafters = openDrafters(plainScenario(seed));
      const observer = { ...CLOCK, onVerified: branchPoints.observe.bind(branchPoints) };
      const first = await speculativeDecode({ ...common, drafters, limits, observer }, NEVER);
      const draftersOf = () => openDrafters(plainScenario(seed));
      const asked = { ...common, first, branchPoints, count: 3, newLimits, draftersOf };
      const { suggestions } = await decodeAlternatives({ ...asked, observer: CLOCK }, NEVER);
      expect(Array.from(first.tokens)).toEqual(bestAllowed(plainScenario(seed), 12));
      expect(suggestions.length).toBeGreaterThan(0);
      for (const { tokens } of suggestions) expectAllowed(tokens);
    }
  });

  test("superposed drafts and what comes of them keep to it", async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const ngrams = new NgramModel();
      ngrams.learn(Int32Array.from(bestAllowed({ ...plainScenario(seed), forbidden: [] }, 40)));
      const { promptTokens, prefixTokens } = contextOf(PROMPT);
      const settings = paperSettings(3);
      const { drafts } = await superposedDecode(
        {
          model: openFake(seed),
          promptTokens,
          prefixTokens,
          keptTokens: new Int32Array(0),
          ngrams,
          settings,
          endsDraft: () => false,
          constraint: MASK,
        },
        NEVER,
      );
      expect(drafts.length).toBeGreaterThan(0);
      for (const { tokens } of drafts) expectAllowed(tokens);

      const first = await decodePlain(plainScenario(seed));
      const target = openFake(seed);
      const { suggestions } = await decodeSuperposedAlternatives(
        {
          target,
          proposer: target,
          context: contextOf(PROMPT),
          first,
          ngrams,
          settings,
          endsDraft: () => false,
          floors: NO_FLOORS,
          newLimits,
          maxDraftNodes: 8,
          observer: CLOCK,
        },
        NEVER,
      );
      for (const { tokens } of suggestions) expectAllowed(tokens);
    }
  });

  test("a draft that somebody else wrote ends before what may not come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(VOCAB_SIZE - 1), { minLength: 1, maxLength: 8 }),
        arbitraryForbidden(VOCAB_SIZE),
        async (draft, forbidden) => {
          const target = openFake(1);
          const params = {
            target,
            promptTokens: Int32Array.from(PROMPT),
            keptTokens: new Int32Array(0),
            drafts: [Int32Array.from(draft)],
            floors: NO_FLOORS,
            constraint: maskOf(forbidden, VOCAB_SIZE),
          };
          const [verified] = await verifyDrafts(params, NEVER);
          const end = draft.findIndex((token, at) => forbiddenAt(forbidden, at).includes(token));
          expect(Array.from(verified!.tokens)).toEqual(
            draft.slice(0, end === -1 ? draft.length : end),
          );
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});

function plainScenario(seed: number): Scenario {
  return {
    vocabSize: VOCAB_SIZE,
    order: 2,
    seed,
    prompt: PROMPT,
    drafters: ["recycling", "suffixMatch"],
    maxDraftNodes: 8,
    passMs: undefined,
    maxTokens: 12,
    maxBranches: 8,
    numFree: 4096,
    endTokens: [],
    stopAt: undefined,
    forbidden: FORBIDDEN,
  };
}
