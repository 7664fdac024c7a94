import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import { RecyclingDrafter } from "../../src/core/drafters/recyclingDrafter.ts";
import { RecyclingStore } from "../../src/core/drafters/recyclingStore.ts";
import { NUM_SUCCESSORS } from "../../src/core/drafters/successorMatrix.ts";
import { meanAcceptanceLength } from "../../src/core/tree/decodeStats.ts";
import { checkDraftTree, type DraftTree, ROOT, survivals } from "../../src/core/tree/draftTree.ts";
import type { Generation } from "../../src/core/tree/generation.ts";
import { committedTokens, verifyGreedy } from "../../src/core/tree/verifyGreedy.ts";
import { FakeTarget, hashedLogits, type LogitsOf } from "../fakes/fakeTarget.ts";
import { CLOCK } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

const EMPTY = new Int32Array(0);

const rowOf = (store: RecyclingStore, token: number) =>
  Array.from(store.find([token])?.tokens ?? []);

/** A first-order Markov chain that is sure of its next state. */
const chainLogits =
  (next: readonly number[]): LogitsOf =>
  (history) =>
    Float32Array.from(next, (_, token) => (token === next[history.at(-1)!] ? 20 : 0));

/** Runs a request; the first step's accepted tokens come back beside the generation. */
async function generate(
  logitsOf: LogitsOf,
  store: RecyclingStore,
  maxTokens: number,
  prompt: readonly number[] = [0],
): Promise<Generation & { firstAccepted: number }> {
  const lengths: number[] = [];
  const promptTokens = Int32Array.from(prompt);
  const generation = await speculativeDecode(
    {
      target: new FakeTarget({ vocabSize: store.vocabSize, logitsOf, maxBranches: 64 }),
      drafters: [new RecyclingDrafter(store)],
      context: { promptTokens, prefixTokens: promptTokens, suffixTokens: EMPTY },
      limits: { maxTokens, isEndToken: () => false },
      maxDraftNodes: 20,
      observer: { ...CLOCK, onStep: (_tree, committed) => lengths.push(committed.length - 1) },
    },
    NEVER,
  );
  return { ...generation, firstAccepted: lengths[0]! };
}

/** Evaluates a tree below a prompt that ends with its root, and lets a drafter learn the step, asked for a draft or not. */
async function learnStep(
  store: RecyclingStore,
  tree: DraftTree,
  logitsOf: LogitsOf,
  isAsked = true,
) {
  const target = new FakeTarget({ vocabSize: store.vocabSize, logitsOf, maxBranches: 64 });
  const prefixTokens = tree.tokens.slice(0, 1);
  const drafter = new RecyclingDrafter(store);
  await drafter.begin({ promptTokens: prefixTokens, prefixTokens, suffixTokens: EMPTY });
  const budget = { maxNodes: 0, maxDepth: 0, minSurvival: 0 };
  if (isAsked) await drafter.draft(tree.tokens[0]!, budget);
  const logits = await target.evaluateTree(tree, NEVER);
  const path = verifyGreedy(tree, (node) => logits.argmax(node));
  drafter.learn({ tree, path, committed: committedTokens(tree, path), logits });
  return { path, logits };
}

describe("RecyclingDrafter", () => {
  test("a token's row is the target's top-k at its most credible occurrence, accepted ones first", async () => {
    await fc.assert(
      // At most 8 nodes: all are harvested.
      fc.asyncProperty(arbitraryTree(5, 8), fc.nat(), async (tree, seed) => {
        const store = new RecyclingStore(5);
        const { path, logits } = await learnStep(store, tree, hashedLogits(5, 3, seed));
        const survival = survivals(tree);
        const credit = (node: number) => {
          const depth = [ROOT, ...path.nodes].indexOf(node);
          return depth === -1 ? survival[node]! : 2 + depth;
        };
        for (const token of new Set(tree.tokens)) {
          const occurrences = Array.from(tree.tokens.keys())
            .filter((node) => tree.tokens[node] === token)
            .sort((a, b) => credit(b) - credit(a) || a - b);
          const top = logits.topK(occurrences[0]!, NUM_SUCCESSORS);
          expect(rowOf(store, token)).toEqual(Array.from(top.tokens));
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("of a large tree the likeliest nodes are harvested, wherever they stand", async () => {
    // Depth-first: a long unlikely branch before likely siblings.
    const unlikely = Array.from({ length: 10 }, (_, at) => [at, at + 1, 0.1] as const);
    const likely = Array.from({ length: 5 }, (_, at) => [0, 20 + at, 0.9] as const);
    const tree = treeOf(0, [...unlikely, ...likely]);
    const store = new RecyclingStore(30);
    const rejectAll: LogitsOf = () => Float32Array.from({ length: 30 }, (_, token) => token);
    await learnStep(store, tree, rejectAll);
    for (let token = 20; token < 25; token++) expect(rowOf(store, token)[0]).toBe(29);
    expect(rowOf(store, 10)).toEqual([]);
  });

  test("while it sits out it takes what the target went through alone", async () => {
    const tree = treeOf(0, [
      [0, 29, 0.5],
      [0, 20, 0.9],
    ]);
    const store = new RecyclingStore(30);
    const lastFirst: LogitsOf = () => Float32Array.from({ length: 30 }, (_, token) => token);
    const { path } = await learnStep(store, tree, lastFirst, false);
    expect([...path.nodes]).toEqual([1]);
    expect(rowOf(store, 0)[0]).toBe(29);
    expect(rowOf(store, 29)[0]).toBe(29);
    expect(rowOf(store, 20)).toEqual([]);
  });

  test("accepts to its full depth once it has passed every state of a Markov chain", async () => {
    const next = Array.from({ length: 10 }, (_, state) => (state + 3) % 10);
    const store = new RecyclingStore(next.length);
    await generate(chainLogits(next), store, 2 * next.length);
    const { stats } = await generate(chainLogits(next), store, 68);
    expect(stats.acceptedPerStep.at(-1)).toBe(4);
    expect(stats.acceptedPerStep.length).toBe(17);
    expect(meanAcceptanceLength(stats)).toBe(17);
  });

  test("a warm store accepts at least what a cold one does in the first step of a replayed request", async () => {
    const arbitraryChain = fc.array(fc.nat(8), { minLength: 9, maxLength: 9, size: "max" });
    await fc.assert(
      fc.asyncProperty(arbitraryChain, async (next) => {
        const store = new RecyclingStore(next.length);
        const cold = await generate(chainLogits(next), store, 16);
        const warm = await generate(chainLogits(next), store, 16);
        expect(warm.firstAccepted).toBeGreaterThanOrEqual(cold.firstAccepted);
        expect(warm.firstAccepted).toBeGreaterThanOrEqual(6);
        expect(warm.tokens).toEqual(cold.tokens);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("knows what depends on more than one token, as a matrix alone cannot", async () => {
    // What follows is a function of the last n tokens, drawn once; requests start anywhere and are seen once each.
    const meanOf = async (order: number, maxNgrams?: number) => {
      const store = new RecyclingStore(12, maxNgrams);
      const logitsOf = hashedLogits(12, order, 3);
      const random = seededRandom(1);
      let numTokens = 0;
      let numSteps = 0;
      for (let request = 0; request < 60; request++) {
        const prompt = Array.from({ length: 4 }, () => Math.floor(12 * random()));
        const { stats } = await generate(logitsOf, store, 24, prompt);
        if (request < 20) continue;
        numSteps += stats.numSteps;
        numTokens += stats.numSteps + stats.numAcceptedTokens;
      }
      return numTokens / numSteps;
    };
    for (const order of [2, 3]) {
      const matrix = await meanOf(order, 1);
      const ngrams = await meanOf(order);
      expect(ngrams).toBeGreaterThan(1.5 * matrix);
    }
    // Where one token says it all, n-grams cost nothing.
    expect(await meanOf(1)).toBeGreaterThanOrEqual((await meanOf(1, 1)) * 0.95);
  });

  test("the first draft continues the prefix's end, not the marker that ends the prompt", async () => {
    const store = new RecyclingStore(10);
    const drafter = new RecyclingDrafter(store);
    const prefixTokens = Int32Array.of(1, 2, 3, 1);
    const promptTokens = Int32Array.of(8, 1, 2, 3, 1, 9);
    await drafter.begin({ promptTokens, prefixTokens, suffixTokens: EMPTY });
    const tree = await drafter.draft(9, { maxNodes: 4, maxDepth: 2, minSurvival: 0 });
    expect(Array.from(tree.tokens)).toEqual([9, 2, 3]);
  });

  test("says of each node how likely it is there, by the row it is from", async () => {
    const store = new RecyclingStore(10);
    const top = (...tokens: number[]) => ({
      tokens: Int32Array.from(tokens),
      logits: Float32Array.from(tokens, (_, rank) => -rank),
    });
    store.learnRow([1, 2, 3, 4], top(5, 6));
    store.learnRow([9, 5], top(7));
    store.learnRow([4, 6], top(8));
    const drafter = new RecyclingDrafter(store);
    const prefixTokens = Int32Array.of(1, 2, 3, 4);
    await drafter.begin({ promptTokens: prefixTokens, prefixTokens, suffixTokens: EMPTY });
    const tree = await drafter.draft(4, { maxNodes: 9, maxDepth: 2, minSurvival: 0 });
    const nodeOf = (token: number) => tree.tokens.indexOf(token);
    expect(Array.from(tree.tokens).sort()).toEqual([4, 5, 6, 7, 8]);
    const column = (values: ArrayLike<number>) =>
      [5, 6, 7, 8].map((token) => values[nodeOf(token)]);
    const [first, second, ofToken, ofPair] = column(tree.scores) as [
      number,
      number,
      number,
      number,
    ];
    expect(first + second).toBeLessThan(1);
    expect(first).toBeGreaterThan(second);
    expect(ofToken).toBeLessThan(ofPair);
  });

  test("is the same for the same store, text and budget", async () => {
    const logitsOf = hashedLogits(9, 2, 5);
    const trees = await Promise.all(
      [0, 1].map(async () => {
        const store = new RecyclingStore(9);
        await generate(logitsOf, store, 40);
        const drafter = new RecyclingDrafter(store);
        const prefixTokens = Int32Array.of(1, 2, 3);
        await drafter.begin({ promptTokens: prefixTokens, prefixTokens, suffixTokens: EMPTY });
        return drafter.draft(3, { maxNodes: 30, maxDepth: 30, minSurvival: 0 });
      }),
    );
    expect(trees[0]!.size).toBeGreaterThan(5);
    expect(trees[1]).toEqual(trees[0]);
  });

  test("drafts valid trees within the budget, and nothing from an empty store", async () => {
    const arbitraryRows = fc.array(
      fc.tuple(
        fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
        fc.uniqueArray(fc.nat(5), { minLength: 1 }),
      ),
      { maxLength: 40, size: "max" },
    );
    const arbitraryBudget = fc.record({
      maxNodes: fc.nat(30),
      maxDepth: fc.nat(20),
      minSurvival: fc.constantFrom(0, 0.1),
    });
    await fc.assert(
      fc.asyncProperty(arbitraryRows, arbitraryBudget, async (rows, budget) => {
        const store = new RecyclingStore(6);
        for (const [recent, row] of rows) {
          const logits = Float32Array.from(row, (_, rank) => -rank);
          store.learnRow(recent, { tokens: Int32Array.from(row), logits });
        }
        const drafter = new RecyclingDrafter(store);
        const tokens = Int32Array.of(0);
        await drafter.begin({ promptTokens: tokens, prefixTokens: tokens, suffixTokens: EMPTY });
        const tree = await drafter.draft(0, budget);
        expect(checkDraftTree(tree)).toBeUndefined();
        expect(tree.size - 1).toBeLessThanOrEqual(budget.maxNodes);
        expect(Math.max(...tree.depths)).toBeLessThanOrEqual(budget.maxDepth);
        const least = Math.min(...survivals(tree));
        // Scores are kept in 32 bits.
        expect(least).toBeGreaterThanOrEqual(budget.minSurvival * (1 - 1e-5));
        if (rows.length === 0) expect(tree.size).toBe(1);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
