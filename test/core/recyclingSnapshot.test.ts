import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isNgramEntry, NgramStore } from "../../src/core/drafters/ngramStore.ts";
import { decodeRecycling, encodeRecycling } from "../../src/core/drafters/recyclingSnapshot.ts";
import { RecyclingStore } from "../../src/core/drafters/recyclingStore.ts";
import { isMatrixRow } from "../../src/core/drafters/successorMatrix.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import {
  arbitraryDamage,
  arbitraryForgery,
  changedWord,
  elsewhere,
  resealed,
} from "../support/snapshotBytes.ts";

const TOKENIZER = "sha256:1f2e";
const VOCAB_SIZE = 12;

const token = fc.nat(VOCAB_SIZE - 1);

/** Stores that have read text and been told what the target says. */
const arbitraryStore = fc
  .tuple(
    fc.array(token, { maxLength: 60, size: "max" }),
    fc.array(
      fc.record({
        recent: fc.array(token, { maxLength: 5 }),
        tokens: fc.uniqueArray(token, { maxLength: VOCAB_SIZE, size: "max" }),
        scale: fc.double({ min: 0, max: 30, noNaN: true }),
      }),
      { maxLength: 30, size: "max" },
    ),
  )
  .map(([text, lessons]) => {
    const store = new RecyclingStore(VOCAB_SIZE);
    store.learnFile(Int32Array.from(text));
    for (const { recent, tokens, scale } of lessons) {
      const logits = Float32Array.from(tokens, (_, rank) => -rank * scale);
      store.learnRow(recent, { tokens: Int32Array.from(tokens), logits });
    }
    return store;
  });

const arbitraryBytes = arbitraryStore.map((store) => encodeRecycling(store, TOKENIZER));

const contentOf = (store: RecyclingStore) => ({
  rows: [...store.matrix.rows()],
  ngrams: [...store.ngrams.entries()],
});

const decode = (bytes: Uint8Array, tokenizer = TOKENIZER, vocabSize = VOCAB_SIZE) =>
  decodeRecycling(bytes, tokenizer, vocabSize);

const reasonOf = (...args: Parameters<typeof decode>) => decode(...args).reason;

/** A row of text, one of the target, an n-gram; all words are known by their place. */
const SMALL = (() => {
  const store = new RecyclingStore(VOCAB_SIZE);
  store.learnFile(Int32Array.of(1, 2));
  const logits = Float32Array.of(0, 0);
  store.learnRow([3, 4], { tokens: Int32Array.of(5, 6), logits });
  return encodeRecycling(store, TOKENIZER);
})();

describe("encodeRecycling and decodeRecycling", () => {
  test("give back the store, from any place in memory, and the same bytes again", () => {
    fc.assert(
      fc.property(arbitraryStore, fc.nat(9), (store, shift) => {
        const bytes = encodeRecycling(store, TOKENIZER);
        const { store: restored } = decode(elsewhere(bytes, shift));
        expect(contentOf(restored!)).toEqual(contentOf(store));
        expect(restored!.ngrams.checkIntegrity()).toBeUndefined();
        expect(encodeRecycling(restored!, TOKENIZER)).toEqual(bytes);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("write only the rows in use", () => {
    expect(encodeRecycling(new RecyclingStore(152_000), TOKENIZER).length).toBe(52);
    const store = new RecyclingStore(152_000);
    store.learnFile(Int32Array.of(7, 8, 9));
    expect(encodeRecycling(store, TOKENIZER).length).toBe(52 + 2 * 16);
  });

  test("refuse every cut and every change of a byte", () => {
    for (let length = 0; length < SMALL.length; length++) {
      expect(reasonOf(SMALL.subarray(0, length))).toBeDefined();
    }
    fc.assert(
      fc.property(arbitraryBytes.chain(arbitraryDamage), (damaged) => {
        expect(reasonOf(damaged)).toBeDefined();
      }),
      { numRuns: 5 * NUM_RUNS },
    );
  });

  test("refuse noise, and never throw at it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: "max" }), (bytes) => {
        expect(reasonOf(bytes)).toBeDefined();
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("take from forged bytes nothing that a store would not hold", () => {
    fc.assert(
      fc.property(arbitraryBytes.chain(arbitraryForgery), (forged) => {
        const { store, reason } = decode(forged);
        expect(store === undefined).toBe(reason !== undefined);
        if (store === undefined) return;
        const { rows, ngrams } = contentOf(store);
        for (const row of rows) expect(isMatrixRow(row, VOCAB_SIZE)).toBe(true);
        for (const entry of ngrams) expect(isNgramEntry(entry, VOCAB_SIZE)).toBe(true);
        expect(store.ngrams.checkIntegrity()).toBeUndefined();
        // It can be lived with.
        store.learnRow([1, 2, 3, 4], { tokens: Int32Array.of(5), logits: Float32Array.of(1) });
        store.learnFile(Int32Array.of(1, 2, 3, 4));
        for (let id = 0; id < VOCAB_SIZE; id++) store.find([id]);
      }),
      { numRuns: 5 * NUM_RUNS },
    );
  });

  test("reserve no more than the bytes have, whatever they claim", () => {
    for (const index of [5, 6, 7, 8, 9]) {
      expect(reasonOf(resealed(changedWord(SMALL, index, 2 ** 31)))).toBeDefined();
    }
    const { store } = decode(SMALL);
    expect(store!.ngrams.numBytes).toBe(new NgramStore().numBytes);
  });

  test("say why they refuse", () => {
    // 10 header, 2 row tokens, 4 key, 3 shapes, 1 + 2 + 2 successors, 5 values, 3 text.
    expect(SMALL.length).toBe(4 * 32);
    const word = (index: number, value: number) => resealed(changedWord(SMALL, index, value));
    expect(reasonOf(changedWord(SMALL, 0, 7))).toBe("it is no snapshot of a recycling store");
    expect(reasonOf(changedWord(SMALL, 1, 9))).toBe("its version is 9, not 2");
    // What an earlier build kept of any document.
    expect(reasonOf(changedWord(SMALL, 1, 1))).toBe("its version is 1, not 2");
    expect(reasonOf(SMALL, "another")).toBe("it is of another tokenizer");
    expect(reasonOf(SMALL, TOKENIZER, 13)).toBe("its vocabulary has 12 tokens, not 13");
    expect(reasonOf(word(8, 3))).toBe("its parts do not add up to its size");
    const notOfMatrix = "row 0 is none of a matrix";
    expect(reasonOf(word(10, VOCAB_SIZE))).toBe(notOfMatrix);
    expect(reasonOf(word(10, 2 ** 31))).toBe(notOfMatrix);
    // Lengths and kinds: none, an empty one's, unknown; longer than there are successors.
    for (const shape of [0, 1, 1 + 256 * 3]) expect(reasonOf(word(16, shape))).toBe(notOfMatrix);
    expect(reasonOf(word(16, 255 + 256))).toBe("row 0 is longer than what is there");
    expect(reasonOf(word(19, VOCAB_SIZE))).toBe(notOfMatrix);
    // 1.5, 0 and NaN are no counts.
    for (const bits of [0x3fc0_0000, 0, 0x7fc0_0000]) {
      expect(reasonOf(word(24, bits))).toBe(notOfMatrix);
    }
    // Twice the same successor; probabilities that rise, or are more than 1 together.
    for (const [index, value] of [
      [21, 5],
      [26, 0x3f40_0000],
      [25, 0x3f80_0000],
    ] as const) {
      expect(reasonOf(word(index, value))).toBe("row 1 is none of a matrix");
    }
    // A key of one token, and one outside; no observation; a probability of 0.
    const changes = [
      [14, 2 ** 32 - 1],
      [15, VOCAB_SIZE],
      [18, 2],
      [28, 0],
    ] as const;
    for (const [index, value] of changes) {
      expect(reasonOf(word(index, value))).toBe("row 2 is none of an n-gram");
    }
    expect(reasonOf(word(18, 1 + 256))).toBe("it has more than its rows");
  });
});
