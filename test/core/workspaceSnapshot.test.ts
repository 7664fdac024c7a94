import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type IndexedFile,
  MAX_FILE_TOKENS,
  WorkspaceIndex,
} from "../../src/core/index/workspaceIndex.ts";
import { decodeIndex, encodeIndex } from "../../src/core/index/workspaceSnapshot.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import {
  arbitraryDamage,
  arbitraryForgery,
  changedWord,
  elsewhere,
  resealed,
} from "../support/snapshotBytes.ts";
import { brokenInvariant } from "../support/workspaceIntegrity.ts";

const TOKENIZER = "sha256:1f2e";

const arbitraryFiles = fc
  .uniqueArray(
    fc.record({
      path: fc.string({ unit: "grapheme", maxLength: 12 }),
      stamp: fc.double(),
      tokens: fc
        .array(fc.nat(200_000), { maxLength: 20, size: "max" })
        .map((tokens) => Int32Array.from(tokens)),
    }),
    { selector: ({ path }) => path, maxLength: 6 },
  )
  .map((files): readonly IndexedFile[] => files);

const reasonOf = (bytes: Uint8Array, tokenizer = TOKENIZER) => decodeIndex(bytes, tokenizer).reason;

const SMALL = encodeIndex(
  [
    { path: "src/ä.ts", stamp: 1.5, tokens: Int32Array.of(1, 2, 3) },
    { path: "b", stamp: -2, tokens: new Int32Array(0) },
  ],
  TOKENIZER,
);

describe("encodeIndex and decodeIndex", () => {
  test("give back the files, in order, from any place in memory", () => {
    fc.assert(
      fc.property(arbitraryFiles, fc.nat(9), (files, shift) => {
        const bytes = encodeIndex(files, TOKENIZER);
        expect(decodeIndex(elsewhere(bytes, shift), TOKENIZER).files).toEqual(files);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("are read from a place in a pooled Buffer, whose slices are views", () => {
    const pool = Buffer.alloc(SMALL.length + 3);
    pool.set(SMALL, 3);
    expect(decodeIndex(pool.subarray(3), TOKENIZER).files).toHaveLength(2);
  });

  test("carry an index over: the same bytes again, the same hits", () => {
    const index = new WorkspaceIndex();
    for (let i = 0; i < 20; i++) {
      index.setFile(
        `f${i}`,
        Int32Array.from({ length: 30 }, (_, at) => (at * (i + 1)) % 5),
        i,
      );
    }
    index.touchFile("f3");
    const bytes = encodeIndex(index.files(), TOKENIZER);
    const restored = new WorkspaceIndex();
    for (const { path, tokens, stamp } of decodeIndex(bytes, TOKENIZER).files ?? []) {
      restored.setFile(path, tokens, stamp);
    }
    expect(brokenInvariant(restored)).toBeUndefined();
    expect(encodeIndex(restored.files(), TOKENIZER)).toEqual(bytes);
  });

  test("leave out a file whose name UTF-8 cannot carry", () => {
    const tokens = Int32Array.of(1);
    const files = [
      { path: "half\ud800", stamp: 0, tokens },
      { path: "\ufeffwhole", stamp: 0, tokens },
    ];
    const decoded = decodeIndex(encodeIndex(files, TOKENIZER), TOKENIZER);
    expect(decoded.files?.map(({ path }) => path)).toEqual(["\ufeffwhole"]);
  });

  test("refuse every cut and every change of a byte", () => {
    for (let length = 0; length < SMALL.length; length++) {
      expect(reasonOf(SMALL.subarray(0, length))).toBeDefined();
    }
    const arbitraryBytes = arbitraryFiles.map((files) => encodeIndex(files, TOKENIZER));
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

  test("take from forged bytes nothing that an index would not", () => {
    const arbitraryBytes = arbitraryFiles.map((files) => encodeIndex(files, TOKENIZER));
    fc.assert(
      fc.property(arbitraryBytes.chain(arbitraryForgery), (forged) => {
        const decoded = decodeIndex(forged, TOKENIZER);
        const index = new WorkspaceIndex(64);
        for (const { path, tokens } of decoded.files ?? []) index.setFile(path, tokens);
        expect(index.numFiles).toBe(decoded.files?.length ?? 0);
        expect(index.numTokens).toBeLessThanOrEqual(forged.length / 4);
        expect(brokenInvariant(index)).toBeUndefined();
      }),
      { numRuns: 5 * NUM_RUNS },
    );
  });

  test("say why they refuse", () => {
    const word = (index: number, value: number) => changedWord(SMALL, index, value);
    expect(reasonOf(SMALL.subarray(0, 30))).toBe("30 bytes are no snapshot");
    expect(reasonOf(SMALL.subarray(0, SMALL.length - 4))).toBe("it has 26 of 27 words");
    expect(reasonOf(word(0, 7))).toBe("it is no snapshot of a workspace index");
    expect(reasonOf(word(1, 2))).toBe("its version is 2, not 1");
    expect(reasonOf(word(20, 9))).toBe("its checksum differs");
    expect(reasonOf(SMALL, "another")).toBe("it is of another tokenizer");
    expect(reasonOf(resealed(word(6, 2 ** 32 - 1)))).toBe("its parts do not add up to its size");
    expect(reasonOf(resealed(word(7, 2)))).toBe("its parts do not add up to its size");
    expect(reasonOf(resealed(word(14, 4)))).toBe("file 0 is longer than what is there");
    expect(reasonOf(resealed(word(16, 99)))).toBe("file 0 is longer than what is there");
    expect(reasonOf(resealed(word(14, 2)))).toBe("it has more than its files");
    expect(reasonOf(resealed(word(18, 2 ** 31)))).toBe("file 0 has negative tokens");
    const noText = resealed(SMALL.map((byte) => (byte === 0xc3 ? 0xff : byte)));
    expect(reasonOf(noText)).toBe("the path of file 0 is not UTF-8");
    const tokens = Int32Array.of(1);
    const tooLong = { path: "a", stamp: 0, tokens: new Int32Array(MAX_FILE_TOKENS + 1) };
    expect(reasonOf(encodeIndex([tooLong], TOKENIZER))).toBe("file 0 is longer than what is there");
    const twice = ["a", "b"].map((path) => ({ path, stamp: 0, tokens }));
    const renamed = encodeIndex(twice, "").map((byte) => (byte === 98 ? 97 : byte));
    expect(reasonOf(resealed(renamed), "")).toBe("file 1 is there twice");
  });
});
