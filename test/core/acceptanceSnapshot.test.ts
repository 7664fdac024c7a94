import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HASHED_FROM } from "../../src/core/base/snapshot.ts";
import { wordHash } from "../../src/core/base/wordHash.ts";
import {
  decodeAcceptance,
  encodeAcceptance,
} from "../../src/core/calibration/acceptanceSnapshot.ts";
import {
  AcceptanceTable,
  NUM_ACCEPTANCE_COUNTS,
} from "../../src/core/calibration/acceptanceTable.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

const MODELS = "sha256:1f2e + sha256:77";
const COUNTS_AT = 7;

const arbitraryTable: fc.Arbitrary<AcceptanceTable> = fc
  .array(fc.tuple(arbitraryTree(5, 12), fc.array(fc.nat(5), { maxLength: 4 }), fc.nat(40)))
  .map((steps) => {
    const table = new AcceptanceTable();
    for (const [tree, committed, count] of steps) {
      for (let i = 0; i <= count * 30; i++) table.learn(tree, Int32Array.from(committed));
    }
    return table;
  });

/** Makes the checksum right again, as someone would who wants to be believed. */
function resealed(bytes: Uint8Array): Uint8Array {
  const words = new Uint32Array(bytes.slice().buffer);
  words.set(wordHash(words.subarray(HASHED_FROM)), 3);
  return new Uint8Array(words.buffer);
}

function changedWord(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const words = new Uint32Array(bytes.slice().buffer);
  words[index % words.length] = value;
  return new Uint8Array(words.buffer);
}

function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}

const SMALL = encodeAcceptance(new AcceptanceTable(), MODELS);

describe("encodeAcceptance and decodeAcceptance", () => {
  test("give back what was learned, from any place in memory", () => {
    fc.assert(
      fc.property(arbitraryTable, arbitraryTree(5, 20), fc.nat(9), (table, tree, shift) => {
        const bytes = encodeAcceptance(table, MODELS);
        const elsewhere = new Uint8Array(bytes.length + shift).subarray(shift);
        elsewhere.set(bytes);
        const restored = decodeAcceptance(elsewhere, MODELS).table!;
        expect(restored.calibrate(tree)).toEqual(table.calibrate(tree));
        expect(encodeAcceptance(restored, MODELS)).toEqual(bytes);
      }),
      { numRuns: NUM_RUNS / 4 },
    );
  });

  test("a restored table goes on learning, and the first one is not touched", () => {
    const tree = treeOf(9, [[0, 1, 0.5, 1]]);
    const table = new AcceptanceTable();
    for (let step = 0; step < 100; step++) table.learn(tree, Int32Array.of(1));
    const bytes = encodeAcceptance(table, MODELS);
    const restored = decodeAcceptance(bytes, MODELS).table!;
    for (let step = 0; step < 2000; step++) restored.learn(tree, Int32Array.of(2));
    expect(restored.calibrate(tree).scores[1]).toBeLessThan(0.1);
    expect(table.calibrate(tree).scores[1]).toBeGreaterThan(0.9);
    expect(decodeAcceptance(bytes, MODELS).table!.counts).toEqual(table.counts);
  });

  test("foreign bytes give a reason, never a throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.nat(SMALL.length).map((length) => SMALL.slice(0, length)),
          fc
            .tuple(fc.nat(), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
            .map(([index, value]) => changedWord(SMALL, index, value)),
        ),
        (bytes) => {
          const { table, reason } = decodeAcceptance(bytes, MODELS);
          if (table === undefined) expect(reason).toMatch(/./);
          else expect(bytes).toEqual(SMALL);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("nor do bytes that were sealed again", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 2 ** 32 - 1 })), { minLength: 1 }),
        (changes) => {
          const spoiled = changes.reduce(
            (bytes, [index, value]) => changedWord(bytes, HASHED_FROM + index, value),
            SMALL as Uint8Array,
          );
          const { table } = decodeAcceptance(resealed(spoiled), MODELS);
          const tree = treeOf(9, [[0, 1, 0.5, 1]]);
          const scores = table?.calibrate(tree).scores;
          if (scores !== undefined) expect(scores[1]).toBeGreaterThan(0);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test.each([
    ["hits without trials", 0, 5],
    ["hits below zero", 0, -1],
    ["no numbers", 0, Number.NaN],
    ["more trials than are kept", NUM_ACCEPTANCE_COUNTS - 1, 1e9],
  ])("refuse %s", (_name, count, value) => {
    const bytes = resealed(changedWord(SMALL, COUNTS_AT + count, floatBits(value)));
    expect(decodeAcceptance(bytes, MODELS).reason).toBe("its counts are impossible");
    const counts = new Float32Array(NUM_ACCEPTANCE_COUNTS);
    counts[count] = value;
    expect(() => new AcceptanceTable(counts)).toThrow(RangeError);
  });

  test("refuse what other models learned, another version, another size", () => {
    expect(decodeAcceptance(SMALL, `${MODELS}!`).reason).toMatch(/other models/);
    expect(decodeAcceptance(resealed(changedWord(SMALL, 1, 1)), MODELS).reason).toMatch(/version/);
    expect(decodeAcceptance(resealed(changedWord(SMALL, 6, 4e9)), MODELS).reason).toMatch(/add up/);
    expect(() => new AcceptanceTable(new Float32Array(3))).toThrow(RangeError);
  });

  test("a table takes 5 KB", () => {
    expect(SMALL.length).toBeLessThan(5400);
  });
});
