/** The tokens that may come while text is pending, against a look at every token of the vocabulary. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PendingText } from "../../src/core/healing/pendingText.ts";
import { constraintAfter } from "../../src/core/tree/tokenConstraint.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { bytesOf, isBeginning, type Piece, vocabularyOf } from "../support/pieces.ts";
import { threadMs } from "../support/threadMs.ts";

/** Few bytes, so that pieces begin and repeat each other; 0 and 255 are where orders go wrong. */
const byte = fc.constantFrom(0, 97, 98, 255);
const pieces = fc.array(fc.array(byte, { maxLength: 7 }), { minLength: 1, maxLength: 60 });
const texts = fc.array(byte, { minLength: 1, maxLength: 8 });

/** Whether tokens write the text and perhaps more. */
function canWrite(all: readonly Piece[], text: Piece): boolean {
  return all.some(
    (piece) =>
      piece.length > 0 &&
      (isBeginning(text, piece) ||
        (isBeginning(piece, text) && canWrite(all, text.slice(piece.length)))),
  );
}

function tokensWhere(all: readonly Piece[], isMeant: (piece: Piece) => boolean): number[] {
  return Array.from(all.keys()).filter((token) => all[token]!.length > 0 && isMeant(all[token]!));
}

describe("SortedVocabulary", () => {
  test("finds what begins with a text, and what a text begins with", () => {
    fc.assert(
      fc.property(pieces, texts, fc.array(fc.nat(59)), (all, text, leftOut) => {
        const vocabulary = vocabularyOf(all, leftOut);
        const left = all.map((piece, token) => (leftOut.includes(token) ? [] : piece));
        const bytes = Uint8Array.from(text);
        const starting = tokensWhere(left, (piece) => isBeginning(text, piece));
        expect(Array.from(vocabulary.startingWith(bytes))).toEqual(starting);
        expect(vocabulary.hasStartingWith(bytes)).toBe(starting.length > 0);
        const isShorter = (piece: Piece) => piece.length < text.length && isBeginning(piece, text);
        expect(Array.from(vocabulary.beginningsOf(bytes)).sort((a, b) => a - b)).toEqual(
          tokensWhere(left, isShorter),
        );
        for (const [token, piece] of all.entries()) {
          expect(Array.from(vocabulary.piece(token))).toEqual(piece);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("knows whether each byte is a token", () => {
    const single = Array.from({ length: 256 }, (_, value) => [value]);
    expect(vocabularyOf([...single, [1, 2]]).hasAllBytes).toBe(true);
    expect(vocabularyOf([...single, [1, 2]], [7]).hasAllBytes).toBe(false);
    expect(vocabularyOf([...single.slice(1), [0, 0]]).hasAllBytes).toBe(false);
  });
});

describe("PendingText", () => {
  test("lets those come that agree with it, both ways, and that lead to its end", () => {
    fc.assert(
      fc.property(pieces, texts, (all, text) => {
        const vocabulary = vocabularyOf(all);
        const bytes = Uint8Array.from(text);
        if (!canWrite(all, text)) {
          expect(() => PendingText.of(vocabulary, bytes)).toThrow(RangeError);
          return;
        }
        const left = [{ pending: PendingText.of(vocabulary, bytes), rest: text }];
        for (let at = left.pop(); at !== undefined; at = left.pop()) {
          const { pending, rest } = at;
          expect(Array.from(pending!.bytes)).toEqual(rest);
          const covers = tokensWhere(all, (piece) => isBeginning(rest, piece));
          const parts = tokensWhere(
            all,
            (piece) =>
              piece.length < rest.length &&
              isBeginning(piece, rest) &&
              canWrite(all, rest.slice(piece.length)),
          );
          expect(Array.from(pending!.covers)).toEqual(covers);
          expect(Array.from(pending!.parts).sort((a, b) => a - b)).toEqual(parts);
          const allowed = [...covers, ...parts].sort((a, b) => a - b);
          expect(Array.from(pending!.next)).toEqual(allowed);
          for (const token of covers) expect(pending!.after(token)).toBeUndefined();
          for (const token of parts) {
            left.push({ pending: pending!.after(token), rest: rest.slice(all[token]!.length) });
          }
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("begins and ends inside a character", () => {
    const [first, ...rest] = bytesOf("é");
    const vocabulary = vocabularyOf([[first!], rest, [...rest, 97], bytesOf("é"), [97]]);
    const pending = PendingText.of(vocabulary, Uint8Array.from(bytesOf("é")))!;
    expect(Array.from(pending.next)).toEqual([0, 3]);
    expect(Array.from(pending.after(0)!.next)).toEqual([1, 2]);
    expect(constraintAfter(pending, [0, 2])).toBeUndefined();
  });

  test("is nothing without text, and over behind what may not come", () => {
    const vocabulary = vocabularyOf([[97], [98], [97, 98], []]);
    expect(PendingText.of(vocabulary, new Uint8Array(0))).toBeUndefined();
    const pending = PendingText.of(vocabulary, Uint8Array.of(97, 97))!;
    expect(pending.after(1)).toBeUndefined();
    expect(pending.after(2)).toBeUndefined();
  });

  test("tokens that are no text never come", () => {
    const all = [bytesOf("a"), bytesOf("ab"), bytesOf("a"), []];
    const pending = PendingText.of(vocabularyOf(all, [1]), Uint8Array.from(bytesOf("a")))!;
    expect(Array.from(pending.next)).toEqual([0, 2]);
  });

  test("is found at once in a large vocabulary", () => {
    // As many tokens as large models have, a third of them behind a space.
    const letters = "etaoinshrdlucmfwypvbgkjqxz";
    const all = Array.from({ length: 152_000 }, (_, token) => {
      let piece = token % 3 === 0 ? " " : "";
      for (let rest = token; rest > 0; rest = Math.floor(rest / 26)) piece += letters[rest % 26];
      return bytesOf(piece);
    });
    const buildStart = threadMs();
    const vocabulary = vocabularyOf(all);
    const buildMs = threadMs() - buildStart;
    const lookups = [" ", "e", " th", "return", " function"].map((text) => {
      const bytes = Uint8Array.from(bytesOf(text));
      return Array.from({ length: 9 }, () => {
        const start = threadMs();
        const numAllowed = PendingText.of(vocabulary, bytes)!.next.length;
        expect(numAllowed).toBeGreaterThan(0);
        return threadMs() - start;
      }).sort((a, b) => a - b)[4]!;
    });
    expect(buildMs).toBeLessThan(2000);
    expect(Math.max(...lookups)).toBeLessThan(1);
  });
});
