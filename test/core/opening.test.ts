/** Output tokens that are known before decoding: counted, shown and continued as if they had been decoded. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import { decodeAlternatives } from "../../src/core/suggestions/alternativeSuggestions.ts";
import { BranchPointCollector } from "../../src/core/suggestions/branchPoints.ts";
import type { GenerationContext } from "../../src/core/tree/drafter.ts";
import type { Opening } from "../../src/core/tree/opening.ts";
import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { decodeAlone } from "../support/branchScenarios.ts";
import {
  arbitraryScenario,
  CLOCK,
  contextOf,
  decodePlain,
  decodeSpeculatively,
  openFake,
} from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { treeOf } from "../support/trees.ts";

const openings = arbitraryScenario().chain((scenario) =>
  fc
    .array(fc.nat(scenario.vocabSize - 1), { minLength: 1, maxLength: 4 })
    .map((opening) => ({ ...scenario, opening })),
);

describe("an opening", () => {
  test("is the output's beginning, and what follows is what would follow a prompt with it", async () => {
    await fc.assert(
      fc.asyncProperty(openings, async (scenario) => {
        const start = { numShared: 0, tokens: scenario.opening };
        const roomy = { ...scenario, numFree: 4096, first: [], starts: [start] };
        const alone = await decodeAlone(roomy, 0);
        for (const decode of [decodePlain, decodeSpeculatively]) {
          const { tokens, finishReason, tokenSources } = await decode(scenario);
          if (finishReason === "contextFull") {
            expect(Array.from(tokens)).toEqual(Array.from(alone.tokens.slice(0, tokens.length)));
          } else expect({ tokens, finishReason }).toEqual(alone);
          const numKnown = Math.min(tokens.length, scenario.opening.length);
          expect(Array.from(tokenSources.slice(0, numKnown))).toEqual(new Array(numKnown).fill(0));
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("that ends the output leaves nothing to draft or to decode", async () => {
    await fc.assert(
      fc.asyncProperty(openings, async (scenario) => {
        const target = openFake(scenario);
        const maxTokens = Math.min(scenario.maxTokens, scenario.opening.length);
        const begun: GenerationContext[] = [];
        const drafter = {
          source: "recycling" as const,
          begin: async (context: GenerationContext) => {
            begun.push(context);
          },
          draft: async (root: number) => treeOf(root, []),
          learn() {},
        };
        const options = { target, drafters: [drafter] };
        const { stats } = await decodeSpeculatively({ ...scenario, maxTokens }, options);
        expect(begun).toEqual([]);
        expect(stats.numSteps).toBe(0);
        expect(target.numPasses).toBe(0);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("is part of the prompt for drafters", async () => {
    const begun: GenerationContext[] = [];
    const opening = [4, 2];
    const prompt = [1, 2, 3, 1, 2, 3, 1];
    await speculativeDecode(
      {
        target: openWide(1),
        drafters: [
          {
            source: "suffixMatch",
            begin: async (given) => {
              begun.push(given);
            },
            draft: async (root) => treeOf(root, []),
            learn() {},
          },
        ],
        context: contextOf(prompt),
        opening: openingOf(opening),
        limits: { maxTokens: 5, isEndToken: () => false },
        maxDraftNodes: 4,
        observer: CLOCK,
      },
      NEVER,
    );
    const { promptTokens, prefixTokens, suffixTokens } = begun[0]!;
    expect(Array.from(promptTokens)).toEqual([...prompt, ...opening]);
    expect(Array.from(prefixTokens)).toEqual([...contextOf(prompt).prefixTokens, ...opening]);
    expect(suffixTokens).toEqual(contextOf(prompt).suffixTokens);
  });
});

const VOCAB_SIZE = 13;
const PROMPT = [1, 2, 3, 4, 5, 6];
const text = {
  pieceOf: (token: number) => `t${token} `,
  isEndToken: (token: number) => token === 0,
};
const newLimits = () => ({ maxTokens: 14, isEndToken: text.isEndToken });

function openWide(seed: number): FakeBranchedTarget {
  return new FakeBranchedTarget({
    vocabSize: VOCAB_SIZE,
    logitsOf: hashedLogits(VOCAB_SIZE, 2, seed),
  });
}

function openingOf(tokens: readonly number[], others: readonly [number[], number][] = []): Opening {
  return {
    tokens: Int32Array.from(tokens),
    logProbs: new Float64Array(tokens.length).fill(-0.5),
    newText: "x",
    alternatives: others.map(([other, logProb]) => ({
      tokens: Int32Array.from(other),
      logProbs: Float64Array.from(other, (_, index) => (index === 0 ? logProb : 0)),
    })),
  };
}

describe("branches of an output that was opened", () => {
  test("leave it by its other openings and behind it, by probability", () => {
    const collector = new BranchPointCollector(text);
    collector.open(
      openingOf(
        [3, 4],
        [
          [[5, 6, 7], -1.1],
          [[8], -4.2],
          [[9], -9],
        ],
      ),
    );
    // One row behind it: the greedy token and two others.
    const values = Float32Array.of(-0.2, -1.5, -3);
    const top = { tokens: Int32Array.of(2, 10, 11), logits: values };
    const logits = { argmax: () => 2, topK: () => top, logSumExp: () => 0, logit: () => 0 };
    collector.observe({
      tree: treeOf(4, []),
      path: { nodes: new Int32Array(0), bonusToken: 2 },
      committed: Int32Array.of(2),
      logits,
    });
    const points = collector.choose(9, 3);
    expect(points.map(({ position, tokens }) => [position, ...tokens])).toEqual([
      [0, 5, 6, 7],
      [2, 10],
      // Unlikely where they stand; -9 is no alternative at all.
      [2, 11],
      [0, 8],
    ]);
    expect(points[1]!.logProbs).toEqual(Float64Array.of(-0.5, -0.5, Math.fround(-1.5)));
    expect(collector.logProbs).toEqual(Float64Array.of(-0.5, -0.5, Math.fround(-0.2)));
  });

  test("another opening that spells the same text is none", () => {
    const pieces = ["", "app", "end", "append", "append(", "ly"];
    const collector = new BranchPointCollector({
      pieceOf: (token) => pieces[token]!,
      isEndToken: () => false,
    });
    collector.open(
      openingOf(
        [3],
        [
          [[1, 2], -0.1],
          [[1], -0.2],
          [[1, 5], -0.3],
        ],
      ),
    );
    const points = collector.choose(9, 4).map(({ tokens }) => Array.from(tokens));
    expect(points).toEqual([[1], [1, 5]]);
  });

  test("text that was typed before the cursor ends no line", () => {
    const collector = new BranchPointCollector(text);
    const pieces = ["{\n  ", "return"];
    const opened = new BranchPointCollector({
      ...text,
      pieceOf: (token) => pieces[token] ?? `z${token}`,
    });
    opened.open({ ...openingOf([0, 1]), newText: "turn" });
    collector.open({ ...openingOf([0, 1]), newText: "turn\n" });
    const top = { tokens: Int32Array.of(2, 10), logits: Float32Array.of(-0.2, -1.5) };
    const logits = { argmax: () => 2, topK: () => top, logSumExp: () => 0, logit: () => 0 };
    const step = {
      tree: treeOf(4, []),
      path: { nodes: new Int32Array(0), bonusToken: 2 },
      committed: Int32Array.of(2),
      logits,
    };
    for (const one of [opened, collector]) one.observe(step);
    expect(opened.choose(9, 4)).toHaveLength(1);
    expect(collector.choose(9, 4)).toHaveLength(0);
  });

  test("are the target's own after what they open with, apart and together", async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const opening = openingOf(
        [3, 4],
        [
          [[5, 6, 7], -0.3],
          [[8], -0.4],
        ],
      );
      const branchPoints = new BranchPointCollector(text);
      branchPoints.open(opening);
      const target = openWide(seed);
      const context = contextOf(PROMPT);
      const first = await speculativeDecode(
        {
          target,
          drafters: [],
          context,
          opening,
          limits: newLimits(),
          maxDraftNodes: 0,
          observer: { ...CLOCK, onVerified: (step) => branchPoints.observe(step) },
        },
        NEVER,
      );
      const common = { context, newLimits, maxDraftNodes: 8, observer: CLOCK, count: 4 };
      const apart = await decodeAlternatives({ ...common, target, first, branchPoints }, NEVER);
      expect(apart.suggestions.length).toBe(4);
      const { suggestions } = apart;
      expect(suggestions.map(({ tokens }) => tokens[0])).toEqual(expect.arrayContaining([5, 8]));
      for (const { tokens, logProbs } of suggestions) {
        expect(logProbs.length).toBe(tokens.length);
        const numGiven =
          tokens[0] === 5 ? 3 : tokens[0] === 8 ? 1 : sharedBeyond(tokens, first.tokens);
        await expectGreedyAfter(seed, tokens, numGiven);
      }
    }
  });
});

/** Tokens up to the first that is not the first suggestion's. */
function sharedBeyond(tokens: Int32Array, first: Int32Array): number {
  const index = tokens.findIndex((token, at) => token !== first[at]);
  expect(index).not.toBe(0);
  return index === -1 ? tokens.length : index + 1;
}

async function expectGreedyAfter(seed: number, tokens: Int32Array, numGiven: number) {
  if (numGiven >= tokens.length) return;
  const { tokens: rest } = await speculativeDecode(
    {
      target: openWide(seed),
      drafters: [],
      context: contextOf([...PROMPT, ...tokens.subarray(0, numGiven)]),
      limits: { ...newLimits(), maxTokens: newLimits().maxTokens - numGiven },
      maxDraftNodes: 0,
      observer: CLOCK,
    },
    NEVER,
  );
  expect(Array.from(tokens.subarray(numGiven))).toEqual(Array.from(rest));
}
