import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RecyclingStore } from "../../src/core/drafters/recyclingStore.ts";
import { NUM_SUCCESSORS } from "../../src/core/drafters/successorMatrix.ts";
import { areSuccessors, MAX_SUCCESSORS, successorsOf } from "../../src/core/drafters/successors.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const topOf = (
  tokens: readonly number[],
  logits: readonly number[] = tokens.map((_, i) => -i),
) => ({
  tokens: Int32Array.from(tokens),
  logits: Float32Array.from(logits),
});

const tokensAfter = (store: RecyclingStore, ...recent: number[]) =>
  Array.from(store.find(recent)?.tokens ?? []);

const text = (...tokens: number[]) => Int32Array.from(tokens);

const unzip = (pairs: readonly (readonly [number, number])[]) =>
  [pairs.map(([token]) => token), pairs.map(([, logit]) => logit)] as const;

describe("RecyclingStore", () => {
  test("finds a row by the longest end of the text that it knows", () => {
    const store = new RecyclingStore(10);
    store.learnRow([1, 2, 3, 4], topOf([5]));
    store.learnRow([9, 3, 4], topOf([6]));
    store.learnRow([8, 4], topOf([7]));
    const keyLengths = [[1, 2, 3, 4], [0, 2, 3, 4], [9, 3, 4], [1, 3, 4], [8, 4], [0, 4], [4]].map(
      (recent) => store.find(recent)?.keyLength,
    );
    expect(keyLengths).toEqual([4, 3, 3, 2, 2, 1, 1]);
    expect(tokensAfter(store, 1, 2, 3, 4)).toEqual([5]);
    expect(tokensAfter(store, 0, 0, 9, 3, 4)).toEqual([6]);
    // Two observations of [3, 4], half each; the matrix has the last.
    expect(tokensAfter(store, 1, 3, 4)).toEqual([5, 6]);
    expect(tokensAfter(store, 4)).toEqual([7]);
    expect(store.find([])).toBeUndefined();
    expect(store.find([0])).toBeUndefined();
  });

  test("keeps the target's shares of its likeliest tokens", () => {
    const store = new RecyclingStore(20);
    const logits = Array.from({ length: MAX_SUCCESSORS }, (_, rank) => Math.log(10 - rank));
    const tokens = logits.map((_, rank) => 19 - rank);
    store.learnRow([1, 2], topOf(tokens, logits));
    const { probs } = store.find([1, 2])!;
    expect(Array.from(probs)).toEqual(logits.map((_, rank) => expect.closeTo((10 - rank) / 55, 6)));
    expect(tokensAfter(store, 2)).toEqual(tokens.slice(0, NUM_SUCCESSORS));
  });

  test("a newer row replaces all of an older one in the matrix, and is averaged into an n-gram's", () => {
    const store = new RecyclingStore(10);
    store.learnRow([1, 3], topOf([5, 6, 7]));
    store.learnRow([1, 3], topOf([8]));
    expect(tokensAfter(store, 3)).toEqual([8]);
    expect(tokensAfter(store, 1, 3)).toEqual([8, 5, 6, 7]);
    expect(store.find([1, 3])!.probs[0]).toBeCloseTo(0.5);
  });

  test("learns nothing from a row without a likeliest token, or without a token before it", () => {
    const store = new RecyclingStore(4);
    for (const logit of [Number.NaN, -Infinity]) store.learnRow([1, 2], topOf([3], [logit]));
    store.learnRow([1, 2], topOf([]));
    store.learnRow([], topOf([3]));
    expect(store.find([1, 2])).toBeUndefined();
    expect(store.ngrams.size).toBe(0);
  });

  test("tokens outside the vocabulary have no row and are in none of the text's", () => {
    const store = new RecyclingStore(4);
    for (const token of [-1, 4, 1e9]) {
      store.learnRow([token], topOf([1]));
      store.learnFile(text(token, 1, token, 2));
      expect(store.find([token])).toBeUndefined();
    }
    expect([...store.matrix.rows()]).toEqual([]);
  });

  test("whatever it learns, its rows are distinct tokens with falling probabilities that add up to 1 at most", () => {
    const token = fc.nat(11);
    const arbitraryTop = fc
      .uniqueArray(fc.tuple(token, fc.double({ min: -200, max: 200, noNaN: true })), {
        selector: ([id]) => id,
        maxLength: 12,
        size: "max",
      })
      .map((top) => top.sort((a, b) => b[1] - a[1]));
    const arbitraryLesson = fc.oneof(
      fc.record({ recent: fc.array(token, { maxLength: 5 }), top: arbitraryTop }),
      fc.record({ file: fc.array(token, { maxLength: 60, size: "max" }) }),
    );
    fc.assert(
      fc.property(fc.array(arbitraryLesson, { maxLength: 40, size: "max" }), (lessons) => {
        const store = new RecyclingStore(12);
        for (const lesson of lessons) {
          if ("file" in lesson) store.learnFile(text(...lesson.file));
          else store.learnRow(lesson.recent, topOf(...unzip(lesson.top)));
        }
        const rows = Array.from(store.ngrams.entries(), ({ row }) => row);
        for (let id = 0; id < 12; id++) {
          const row = store.find([id]);
          if (row !== undefined) rows.push(row);
        }
        for (const row of rows) expect(areSuccessors(row, 12)).toBe(true);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

test("rows that are learned later are there whenever the store is read, as if learned at once", () => {
  const arbitraryRow = fc.record({
    recent: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
    top: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 4 }),
    isLater: fc.boolean(),
    isRead: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(arbitraryRow, { maxLength: 200, size: "max" }), (rows) => {
      const [store, oracle] = [new RecyclingStore(6), new RecyclingStore(6)];
      for (const { recent, top, isLater, isRead } of rows) {
        const lesson = topOf(
          top,
          top.map((_, rank) => -rank),
        );
        if (isLater) store.learnRowLater(recent, lesson);
        else store.learnRow(recent, lesson);
        oracle.learnRow(recent, lesson);
        if (isRead) expect(store.find(recent)).toEqual(oracle.find(recent));
      }
      expect([...store.ngrams.entries()]).toEqual([...oracle.ngrams.entries()]);
      expect([...store.matrix.rows()]).toEqual([...oracle.matrix.rows()]);
    }),
    { numRuns: NUM_RUNS },
  );
});

test("rows do not wait for ever", () => {
  const store = new RecyclingStore(200);
  for (let token = 1; token <= 100; token++) store.learnRowLater([0, token], topOf([5], [1]));
  // What waits is learned by whoever looks; what does not was learned before.
  expect(store.numWaiting).toBeLessThan(64);
  expect(store.ngrams.size).toBe(100);
  expect(store.numWaiting).toBe(0);
});

describe("successorsOf", () => {
  test("leaves out what is too unlikely for 32 bits, before it is scaled or after", () => {
    const row = (...logits: number[]) =>
      successorsOf({
        tokens: Int32Array.from(logits.keys()),
        logits: Float32Array.from(logits),
      });
    expect(row(0, -200)).toEqual({ tokens: text(0), probs: Float32Array.of(1) });
    // The least positive number, halved.
    expect(row(0, 0, -103.2)).toEqual({ tokens: text(0, 1), probs: Float32Array.of(0.5, 0.5) });
  });
});

describe("the hot start", () => {
  test("ranks a text's own successors by count, newest first among equals", () => {
    const store = new RecyclingStore(10);
    store.learnFile(text(1, 4, 1, 2, 1, 3, 1, 3, 1, 5));
    expect(tokensAfter(store, 1)).toEqual([3, 5, 2, 4]);
    // Five seen, and one for what was not.
    expect(Array.from(store.find([1])!.probs)).toEqual(
      [2, 1, 1, 1].map((count) => expect.closeTo(count / 6)),
    );
  });

  test("adds up over files, however they are sliced", () => {
    const arbitraryText = fc.array(fc.nat(20), { maxLength: 200, size: "max" });
    fc.assert(
      fc.property(fc.array(arbitraryText), fc.integer({ min: 1, max: 50 }), (files, step) => {
        const whole = new RecyclingStore(21);
        const sliced = new RecyclingStore(21);
        for (const file of files) {
          const tokens = text(...file);
          whole.learnFile(tokens);
          for (let start = 0; start < tokens.length; start += step) {
            sliced.learnFile(tokens.subarray(start, start + step + 1));
          }
        }
        expect([...sliced.matrix.rows()]).toEqual([...whole.matrix.rows()]);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("is exact for a token with few successors, and finds a frequent one among many", () => {
    const store = new RecyclingStore(2000);
    // Half of all that follows 0 is 1, and it comes late; the rest is different each time.
    for (let i = 0; i < 500; i++) store.learnFile(text(0, 1000 + i));
    for (let i = 0; i < 500; i++) store.learnFile(text(0, 1));
    const [first] = [...store.matrix.rows()];
    expect(first!.tokens[0]).toBe(1);
    expect(first!.tokens.length).toBe(NUM_SUCCESSORS);
    expect(first!.values.reduce((sum, count) => sum + count, 0)).toBe(1000);
  });

  test("forgets slowly: counts are halved before they could grow for ever", () => {
    const store = new RecyclingStore(4);
    for (let i = 0; i < 5000; i++) store.learnFile(text(0, i < 4500 ? 1 : 2));
    const [row] = [...store.matrix.rows()];
    expect(Math.max(...row!.values)).toBeLessThan(1024);
    expect(row!.tokens[0]).toBe(1);
    for (let i = 0; i < 1000; i++) store.learnFile(text(0, 2));
    expect([...store.matrix.rows()][0]!.tokens[0]).toBe(2);
  });

  test("the edited file outweighs the workspace", () => {
    const store = new RecyclingStore(10);
    for (let i = 0; i < 5; i++) store.learnFile(text(1, 2));
    store.learnBigrams(text(1, 3));
    expect(tokensAfter(store, 1)).toEqual([3, 2]);
  });

  test("leaves rows alone that the target has filled, and is overwritten by it", () => {
    const store = new RecyclingStore(10);
    store.learnRow([1], topOf([7]));
    store.learnFile(text(1, 2, 3));
    store.learnBigrams(text(1, 2));
    expect(tokensAfter(store, 1)).toEqual([7]);
    expect(tokensAfter(store, 2)).toEqual([3]);
    store.learnRow([2], topOf([8]));
    expect(tokensAfter(store, 2)).toEqual([8]);
  });

  test("takes 66 bytes per token of the vocabulary", () => {
    expect(new RecyclingStore(1000).matrix.numBytes).toBe(66_000);
  });
});
