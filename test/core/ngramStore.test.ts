import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_MAX_NGRAMS,
  MAX_COUNT,
  MAX_NGRAM,
  MIN_NGRAM,
  NgramStore,
} from "../../src/core/drafters/ngramStore.ts";
import {
  areSuccessors,
  MAX_SUCCESSORS,
  type Successors,
} from "../../src/core/drafters/successors.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const rowOf = (...pairs: readonly (readonly [token: number, prob: number])[]): Successors => ({
  tokens: Int32Array.from(pairs, ([token]) => token),
  probs: Float32Array.from(pairs, ([, prob]) => prob),
});

const pairsOf = (row: Successors | undefined) =>
  row && Array.from(row.tokens, (token, rank) => [token, row.probs[rank]!] as const);

/** Rows as a target gives them: falling shares of 1. */
const arbitraryRow = fc
  .uniqueArray(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 1000 })), {
    selector: ([token]) => token,
    minLength: 1,
    maxLength: MAX_SUCCESSORS,
  })
  .map((entries) => {
    const sum = entries.reduce((all, [, weight]) => all + weight, 0);
    const falling = entries.sort((a, b) => b[1] - a[1]);
    return rowOf(...falling.map(([token, weight]) => [token, weight / sum] as const));
  });

const arbitraryKey = fc.array(fc.nat(2), { minLength: MIN_NGRAM, maxLength: MAX_NGRAM });

const arbitraryOperation = fc.record({
  key: arbitraryKey,
  row: fc.option(arbitraryRow, { nil: undefined }),
});

/** STAND's merge rule (arXiv 2506.04708), on maps. */
function mergedNaively(old: Successors, fresh: Successors, count: number): [number, number][] {
  const merged = new Map<number, number>();
  for (const [token, prob] of pairsOf(old)!) merged.set(token, (prob * count) / (count + 1));
  for (const [token, prob] of pairsOf(fresh)!) {
    merged.set(token, (merged.get(token) ?? 0) + prob / (count + 1));
  }
  return [...merged].sort((a, b) => b[1] - a[1]).slice(0, MAX_SUCCESSORS);
}

describe("NgramStore", () => {
  test("averages as STAND does: a token that one side lacks counts 0 there", () => {
    const [bob, mary, tom, sue] = [1, 2, 3, 4];
    const store = new NgramStore();
    store.observe([8, 9], 2, rowOf([bob, 0.7], [mary, 0.2], [tom, 0.05]));
    store.observe([8, 9], 2, rowOf([mary, 0.6], [bob, 0.3], [sue, 0.05]));
    const row = store.find([8, 9], 2)!;
    expect(Array.from(row.tokens)).toEqual([bob, mary, tom, sue]);
    for (const [rank, prob] of [0.5, 0.4, 0.025, 0.025].entries()) {
      expect(row.probs[rank]).toBeCloseTo(prob, 6);
    }
  });

  test("merges as the rule on maps does, observation after observation", () => {
    fc.assert(
      fc.property(fc.array(arbitraryRow, { minLength: 2, maxLength: 8 }), (rows) => {
        const store = new NgramStore();
        for (const [count, row] of rows.entries()) {
          const known = store.find([1, 2, 3], 3);
          // A copy: the view changes with the store.
          const old = known && rowOf(...pairsOf(known)!);
          store.observe([1, 2, 3], 3, row);
          if (old === undefined) continue;
          const found = store.find([1, 2, 3], 3)!;
          const expected = mergedNaively(old, row, count);
          expect(areSuccessors(found, 31)).toBe(true);
          expect(found.tokens.length).toBe(expected.length);
          for (const [rank, [, prob]] of expected.entries()) {
            // Near ties may stand in either order.
            expect(found.probs[rank]).toBeCloseTo(prob, 6);
          }
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("tells n-grams apart by all of their tokens and by their length", () => {
    const store = new NgramStore();
    const keys = [
      [1, 2],
      [2, 1],
      [0, 1, 2],
      [3, 1, 2],
      [0, 0, 1, 2],
      [2, 0, 1, 2],
      [0, 0],
      [0, 0, 0],
    ];
    for (const [i, key] of keys.entries()) store.observe(key, key.length, rowOf([i, 1]));
    for (const [i, key] of keys.entries()) {
      expect(pairsOf(store.find(key, key.length))).toEqual([[i, 1]]);
      expect(pairsOf(store.find([7, ...key], key.length))).toEqual([[i, 1]]);
    }
    expect(store.find([5, 1, 2], 3)).toBeUndefined();
    expect(store.find([0, 0, 0, 0], 4)).toBeUndefined();
  });

  test("never gives another n-gram's row, in a table with a hundred thousand of them", () => {
    const store = new NgramStore(100_000);
    const key = (i: number) => [i % 7, i % 11, Math.floor(i / 300), i % 300];
    const numKeys = new Set(Array.from({ length: 100_000 }, (_, i) => key(i).join())).size;
    for (let i = 0; i < 100_000; i++) store.observe(key(i), 4, rowOf([i, 1]));
    expect(store.size).toBe(numKeys);
    for (let i = 0; i < 100_000; i++) {
      if (store.find(key(i), 4)?.tokens[0] !== i) throw new Error(`${key(i)}`);
      if (store.find([9, ...key(i).slice(1)], 4) !== undefined) throw new Error("a stranger's row");
    }
    expect(store.checkIntegrity()).toBeUndefined();
  });

  test("never gives another n-gram's row, not even that of one with the same hash", () => {
    // The hash of a pair once its newer token is in; what the older one is mixed with.
    const mixed = (newer: number) => {
      const product = Math.imul(2 ^ newer, 0x2c1b3c6d);
      return product ^ (product >>> 15);
    };
    const store = new NgramStore();
    const pairs = Array.from({ length: 50 }, (_, newer) => [mixed(newer) ^ 12_345, newer]);
    for (const [i, pair] of pairs.entries()) store.observe(pair, 2, rowOf([i, 1]));
    for (const [i, pair] of pairs.entries()) expect(store.find(pair, 2)!.tokens[0]).toBe(i);
    expect(store.checkIntegrity()).toBeUndefined();
  });

  test("a row remembers so many observations, then it forgets", () => {
    const store = new NgramStore();
    for (let i = 0; i < 10 * MAX_COUNT; i++) store.observe([1, 2], 2, rowOf([5, 1]));
    store.observe([1, 2], 2, rowOf([6, 1]));
    expect(store.find([1, 2], 2)!.probs[1]).toBeCloseTo(1 / (MAX_COUNT + 1), 6);
    expect([...store.entries()][0]!.count).toBe(MAX_COUNT);
  });

  test("a full store overwrites what nobody asked for, and keeps what is in use", () => {
    const store = new NgramStore(100);
    for (let i = 0; i < 100; i++) store.observe([1, i], 2, rowOf([i, 1]));
    for (let i = 100; i < 1000; i++) {
      // What was observed again is in use, too.
      expect(store.find([1, 7], 2)).toBeDefined();
      store.observe([1, 8], 2, rowOf([8, 1]));
      store.observe([1, i], 2, rowOf([i, 1]));
      expect(store.size).toBe(100);
    }
    expect(store.find([1, 7], 2)!.tokens[0]).toBe(7);
    expect(store.find([1, 9], 2)).toBeUndefined();
    expect(store.find([1, 999], 2)!.tokens[0]).toBe(999);
    expect(store.checkIntegrity()).toBeUndefined();
  });

  test("whatever happens: what is found is what was observed since it was last unknown", () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryOperation, { maxLength: 200, size: "max" }),
        fc.integer({ min: 1, max: 12 }),
        (operations, maxEntries) => {
          const store = new NgramStore(maxEntries);
          const naive = new NgramStore();
          const known = new Set<string>();
          for (const { key, row } of operations) {
            const found = store.find(key, key.length);
            const name = key.join();
            // Evicted: with all that was known.
            if (found === undefined && store.size === maxEntries) known.delete(name);
            expect(found !== undefined).toBe(known.has(name));
            if (found !== undefined) expect(found).toEqual(naive.find(key, key.length));
            if (row === undefined) continue;
            if (known.has(name)) naive.observe(key, key.length, row);
            else naive.restore({ key: Int32Array.from(key), count: 1, row });
            known.add(name);
            store.observe(key, key.length, row);
            expect(store.size).toBeLessThanOrEqual(maxEntries);
            expect(store.checkIntegrity()).toBeUndefined();
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("lists its entries in the order in which they will be overwritten, and takes them over", () => {
    const store = new NgramStore(4);
    for (let i = 0; i < 6; i++) store.observe([0, i], 2, rowOf([i, 1]));
    expect(Array.from(store.entries(), ({ key }) => key[1])).toEqual([2, 3, 4, 5]);
    const restored = new NgramStore(3);
    for (const entry of store.entries()) restored.restore(entry);
    expect(Array.from(restored.entries(), ({ key }) => key[1])).toEqual([3, 4, 5]);
    expect(restored.checkIntegrity()).toBeUndefined();
  });

  test("needs as much memory as it says, from the first entry to the last", () => {
    const store = new NgramStore();
    expect(store.numBytes).toBe(111 * DEFAULT_MAX_NGRAMS);
    for (let i = 0; i < DEFAULT_MAX_NGRAMS + 9; i++) store.observe([i, i], 2, rowOf([1, 1]));
    expect(store.size).toBe(DEFAULT_MAX_NGRAMS);
    expect(store.numBytes).toBe(111 * DEFAULT_MAX_NGRAMS);
    expect(() => new NgramStore(0)).toThrow(RangeError);
  });
});
