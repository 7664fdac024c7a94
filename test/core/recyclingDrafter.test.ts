import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { meanAcceptanceLength } from "../../src/core/decodeStats.ts";
import { checkDraftTree, type DraftTree, ROOT, survivals } from "../../src/core/draftTree.ts";
import type { Generation } from "../../src/core/generation.ts";
import {
  NUM_SUCCESSORS,
  RecyclingDrafter,
  RecyclingStore,
} from "../../src/core/recyclingDrafter.ts";
import { speculativeDecode } from "../../src/core/speculativeDecode.ts";
import { committedTokens, verifyGreedy } from "../../src/core/verifyGreedy.ts";
import { FakeTarget, hashedLogits, type LogitsOf } from "../fakes/fakeTarget.ts";
import { CLOCK } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

const EMPTY = new Int32Array(0);

const rowOf = (store: RecyclingStore, token: number) =>
  Array.from({ length: NUM_SUCCESSORS }, (_, rank) => store.successor(token, rank)?.token).filter(
    (successor) => successor !== undefined,
  );

/** A first-order Markov chain that is sure of its next state. */
const chainLogits =
  (next: readonly number[]): LogitsOf =>
  (history) =>
    Float32Array.from(next, (_, token) => (token === next[history.at(-1)!] ? 20 : 0));

/** Runs a request; the first step's accepted tokens come back beside the generation. */
async function generate(
  next: readonly number[],
  store: RecyclingStore,
  maxTokens: number,
): Promise<Generation & { firstAccepted: number }> {
  const lengths: number[] = [];
  const promptTokens = Int32Array.of(0);
  const generation = await speculativeDecode(
    {
      target: new FakeTarget({ vocabSize: next.length, logitsOf: chainLogits(next) }),
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

/** Evaluates a tree below a prompt that ends with its root, and lets a drafter learn the step. */
async function learnStep(store: RecyclingStore, tree: DraftTree, logitsOf: LogitsOf) {
  const target = new FakeTarget({ vocabSize: store.vocabSize, logitsOf, maxBranches: 64 });
  const prefixTokens = tree.tokens.slice(0, 1);
  const drafter = new RecyclingDrafter(store);
  await drafter.begin({ promptTokens: prefixTokens, prefixTokens, suffixTokens: EMPTY });
  const logits = await target.evaluateTree(tree, NEVER);
  const path = verifyGreedy(tree, (node) => logits.argmax(node));
  drafter.learn({ tree, path, committed: committedTokens(tree, path), logits });
  return { path, logits };
}

describe("RecyclingStore", () => {
  test("a row is the target's top successors, the score of each its share of them", () => {
    const store = new RecyclingStore(10);
    store.learnRow(3, Int32Array.of(5, 6), Float32Array.of(1, 1));
    expect(rowOf(store, 3)).toEqual([5, 6]);
    expect(store.successor(3, 0)!.score).toBeCloseTo(store.successor(3, 1)!.score);
    expect(store.successor(3, 0)!.score).toBeLessThan(0.5);
  });

  test("a newer row replaces all of an older one", () => {
    const store = new RecyclingStore(10);
    store.learnRow(3, Int32Array.of(5, 6, 7), Float32Array.of(3, 2, 1));
    store.learnRow(3, Int32Array.of(8), Float32Array.of(3));
    expect(rowOf(store, 3)).toEqual([8]);
  });

  test("a hot start ranks the text's own successors by count, newest first among equals", () => {
    const store = new RecyclingStore(10);
    store.learnBigrams(Int32Array.of(1, 4, 1, 2, 1, 3, 1, 3, 1, 5));
    expect(rowOf(store, 1)).toEqual([3, 5, 2, 4]);
    expect(store.successor(1, 0)!.score).toBeGreaterThan(store.successor(1, 1)!.score);
  });

  test("a hot start leaves rows alone that the target has filled", () => {
    const store = new RecyclingStore(10);
    store.learnRow(1, Int32Array.of(7), Float32Array.of(1));
    store.learnBigrams(Int32Array.of(1, 2, 3));
    expect(rowOf(store, 1)).toEqual([7]);
    expect(rowOf(store, 2)).toEqual([3]);
  });

  test("tokens outside the vocabulary have no row", () => {
    const store = new RecyclingStore(4);
    for (const token of [-1, 4, 1e9]) {
      store.learnRow(token, Int32Array.of(1), Float32Array.of(1));
      expect(store.successor(token, 0)).toBeUndefined();
    }
    expect(store.successor(1, NUM_SUCCESSORS)).toBeUndefined();
    for (let token = 0; token < 4; token++) expect(rowOf(store, token)).toEqual([]);
  });
});

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

  test("accepts to its full depth once it has passed every state of a Markov chain", async () => {
    const next = Array.from({ length: 10 }, (_, state) => (state + 3) % 10);
    const store = new RecyclingStore(next.length);
    await generate(next, store, next.length);
    const { stats } = await generate(next, store, 70);
    expect(stats.acceptedPerStep).toEqual([0, 0, 0, 0, 0, 0, 10]);
    expect(meanAcceptanceLength(stats)).toBe(7);
  });

  test("a warm store accepts at least what a cold one does in the first step of a replayed request", async () => {
    const arbitraryChain = fc.array(fc.nat(8), { minLength: 9, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(arbitraryChain, async (next) => {
        const store = new RecyclingStore(next.length);
        const cold = await generate(next, store, 16);
        const warm = await generate(next, store, 16);
        expect(warm.firstAccepted).toBeGreaterThanOrEqual(cold.firstAccepted);
        expect(warm.firstAccepted).toBe(6);
        expect(warm.tokens).toEqual(cold.tokens);
      }),
      { numRuns: NUM_RUNS },
    );
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

  test("drafts valid trees within the budget, and nothing from an empty store", async () => {
    const arbitraryRows = fc.array(
      fc.tuple(fc.nat(5), fc.uniqueArray(fc.nat(5), { minLength: 1 })),
    );
    const arbitraryBudget = fc.record({
      maxNodes: fc.nat(30),
      maxDepth: fc.nat(8),
      minSurvival: fc.constantFrom(0, 0.1),
    });
    await fc.assert(
      fc.asyncProperty(arbitraryRows, arbitraryBudget, async (rows, budget) => {
        const store = new RecyclingStore(6);
        for (const [token, row] of rows) {
          store.learnRow(
            token,
            Int32Array.from(row),
            Float32Array.from(row, (_, rank) => -rank),
          );
        }
        const drafter = new RecyclingDrafter(store);
        const tokens = Int32Array.of(0);
        await drafter.begin({ promptTokens: tokens, prefixTokens: tokens, suffixTokens: EMPTY });
        const tree = await drafter.draft(0, budget);
        expect(checkDraftTree(tree)).toBeUndefined();
        expect(tree.size - 1).toBeLessThanOrEqual(budget.maxNodes);
        expect(Math.max(...tree.depths)).toBeLessThanOrEqual(budget.maxDepth);
        if (rows.length === 0) expect(tree.size).toBe(1);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
