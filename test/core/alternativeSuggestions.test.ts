import { describe, expect, test } from "vitest";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import {
  decodeAlternatives,
  decodeSuperposedAlternatives,
} from "../../src/core/suggestions/alternativeSuggestions.ts";
import { BranchPointCollector } from "../../src/core/suggestions/branchPoints.ts";
import { NgramModel } from "../../src/core/suggestions/ngramModel.ts";
import { paperSettings } from "../../src/core/suggestions/superposedCandidates.ts";
import { NO_FLOORS } from "../../src/core/suggestions/verifyDrafts.ts";
import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { CLOCK, contextOf } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";

const VOCAB_SIZE = 13;
const PROMPT = [1, 2, 3, 4, 5, 6];
const context = contextOf(PROMPT);
const newLimits = () => ({ maxTokens: 12, isEndToken: (token: number) => token === 0 });
const text = { pieceOf: (token: number) => `t${token} `, isEndToken: newLimits().isEndToken };

function openFake(seed: number): FakeBranchedTarget {
  return new FakeBranchedTarget({
    vocabSize: VOCAB_SIZE,
    logitsOf: hashedLogits(VOCAB_SIZE, 2, seed),
  });
}

async function decodeFirst(target: FakeBranchedTarget) {
  const branchPoints = new BranchPointCollector(text);
  const first = await speculativeDecode(
    {
      target,
      drafters: [],
      context,
      limits: newLimits(),
      maxDraftNodes: 0,
      observer: { ...CLOCK, onVerified: (step) => branchPoints.observe(step) },
    },
    NEVER,
  );
  const common = { target, context, first, newLimits, maxDraftNodes: 8, observer: CLOCK };
  return { first, branchPoints, common };
}

/** Each as greedy decoding from its first token that is not the first suggestion's. */
async function expectGreedyAfter(target: FakeBranchedTarget, tokens: Int32Array, numGiven: number) {
  const prompt = [...PROMPT, ...tokens.subarray(0, numGiven)];
  const { tokens: rest } = await speculativeDecode(
    {
      target,
      drafters: [],
      context: contextOf(prompt),
      limits: { ...newLimits(), maxTokens: 12 - numGiven },
      maxDraftNodes: 0,
      observer: CLOCK,
    },
    NEVER,
  );
  expect([...tokens.subarray(numGiven)]).toEqual([...rest]);
}

describe("decodeAlternatives", () => {
  test("gives other suggestions than the first, each the target's own after its alternative", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const target = openFake(seed);
      const { first, branchPoints, common } = await decodeFirst(target);
      const before = target.numPasses;
      const { suggestions, stats } = await decodeAlternatives(
        { ...common, branchPoints, count: 4 },
        NEVER,
      );
      expect(suggestions).toHaveLength(4);
      expect(target.numPasses - before).toBe(stats.numSteps);
      const texts = [first, ...suggestions].map(({ tokens }) => tokens.join(" "));
      expect(new Set(texts).size).toBe(5);
      const points = branchPoints.choose(4, first.tokens.length + 1);
      for (const [index, { tokens, logProbs }] of suggestions.entries()) {
        expect(logProbs.length).toBe(tokens.length);
        const numGiven = points[index]!.position + 1;
        if (numGiven <= tokens.length) await expectGreedyAfter(openFake(seed), tokens, numGiven);
      }
    }
  });

  test("asks for no more branches than the target has", async () => {
    const target = openFake(1);
    const { branchPoints, common } = await decodeFirst(target);
    const { suggestions } = await decodeAlternatives({ ...common, branchPoints, count: 99 }, NEVER);
    expect(suggestions.length).toBeLessThanOrEqual(target.maxOpenBranches);
    const none = await decodeAlternatives({ ...common, branchPoints, count: 0 }, NEVER);
    expect(none.suggestions).toEqual([]);
  });
});

describe("with a selection", () => {
  const textOf = ({ tokens }: { tokens: Int32Array }) =>
    String.fromCharCode(...tokens.map((t) => 97 + t));

  test("others take the places of those without a text, from the reserves", async () => {
    const { branchPoints, common } = await decodeFirst(openFake(1));
    const decode = (own: (suggestion: { tokens: Int32Array }) => string) =>
      decodeAlternatives({ ...common, branchPoints, count: 2, textOf: own, passMs }, NEVER);
    // Rows are so dear that a few more branches, one row at a time, are within the price of three.
    const passMs = (numRows: number) => numRows ** 2;
    const shown = await decode(textOf);
    const hidden = await decode(() => "");
    expect(hidden.suggestions.length).toBeGreaterThan(shown.suggestions.length);
    expect(hidden.suggestions.length).toBeLessThanOrEqual(2 + 8);
  });
});

describe("a target whose state cannot be branched", () => {
  test("gives no others", async () => {
    const target = new FakeBranchedTarget({
      vocabSize: VOCAB_SIZE,
      logitsOf: hashedLogits(VOCAB_SIZE, 2, 1),
      maxBranches: 1,
    });
    const { branchPoints, common } = await decodeFirst(target);
    const none = await decodeAlternatives({ ...common, branchPoints, count: 3 }, NEVER);
    expect(none.suggestions).toEqual([]);
    const superposed = await decodeSuperposedAlternatives(
      {
        ...common,
        proposer: target,
        ngrams: new NgramModel(),
        settings: paperSettings(3),
        endsDraft: text.isEndToken,
      },
      NEVER,
    );
    expect(superposed.suggestions).toEqual([]);
  });
});

describe("decodeSuperposedAlternatives", () => {
  test.each(["target", "draft"] as const)(
    "drafts of the %s are scored, and finished by the target",
    async (kind) => {
      const target = openFake(3);
      const { first, common } = await decodeFirst(target);
      const proposer = kind === "target" ? target : openFake(5);
      const ngrams = new NgramModel();
      ngrams.learn(Int32Array.from({ length: 300 }, (_, index) => (index * index) % VOCAB_SIZE));
      const { suggestions } = await decodeSuperposedAlternatives(
        {
          ...common,
          proposer,
          ngrams,
          settings: paperSettings(4, 6),
          endsDraft: text.isEndToken,
          floors: NO_FLOORS,
        },
        NEVER,
      );
      expect(suggestions.length).toBeGreaterThan(1);
      for (const { tokens, logProbs } of suggestions) {
        expect(tokens.join(" ")).not.toBe(first.tokens.join(" "));
        expect(logProbs.length).toBe(tokens.length);
        // A draft ends at the sixth token, or before an end token; from there on it is the target's.
        await expectGreedyAfter(openFake(3), tokens, Math.min(6, tokens.length));
      }
      const trunk = [...PROMPT, ...first.tokens];
      expect(target.rows).toEqual(trunk.slice(0, target.kvLength));
      expect(proposer.hasOpenBranches).toBe(false);
    },
  );

  test("drafts that say what the first says are no suggestions", async () => {
    const target = openFake(3);
    const { common } = await decodeFirst(target);
    const { suggestions } = await decodeSuperposedAlternatives(
      {
        ...common,
        proposer: target,
        ngrams: new NgramModel(),
        settings: { ...paperSettings(1, 6), numCandidates: 1 },
        endsDraft: text.isEndToken,
      },
      NEVER,
    );
    expect(suggestions).toEqual([]);
  });
});
