import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HASHED_FROM } from "../../src/core/base/snapshotHeader.ts";
import { wordHash } from "../../src/core/base/wordHash.ts";
import {
  decodeAcceptance,
  encodeAcceptance,
} from "../../src/core/calibration/acceptanceSnapshot.ts";
import {
  AcceptanceTable,
  NUM_ACCEPTANCE_COUNTS,
} from "../../src/core/calibration/acceptanceTable.ts";
import { AcceptanceTables } from "../../src/core/calibration/acceptanceTables.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

const MODELS = "sha256:1f2e + sha256:77";
const FIRST_TABLE = 8;

const arbitraryTables: fc.Arbitrary<AcceptanceTables> = fc
  .array(
    fc.tuple(fc.nat(31), arbitraryTree(5, 12), fc.array(fc.nat(5), { maxLength: 4 }), fc.nat(40)),
  )
  .map((steps) => {
    const tables = new AcceptanceTables();
    for (const [sources, tree, committed, count] of steps) {
      const table = tables.of(sources);
      for (let i = 0; i <= count * 30; i++) table.learn(tree, Int32Array.from(committed));
    }
    return tables;
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

function oneTable(): AcceptanceTables {
  return new AcceptanceTables([[3, new AcceptanceTable()]]);
}

const SMALL = encodeAcceptance(oneTable(), MODELS);

describe("encodeAcceptance and decodeAcceptance", () => {
  test("give back what was learned, by set of sources, from any place in memory", () => {
    fc.assert(
      fc.property(arbitraryTables, arbitraryTree(5, 20), fc.nat(9), (tables, tree, shift) => {
        const bytes = encodeAcceptance(tables, MODELS);
        const elsewhere = new Uint8Array(bytes.length + shift).subarray(shift);
        elsewhere.set(bytes);
        const restored = decodeAcceptance(elsewhere, MODELS).tables!;
        for (const [sources, table] of tables.entries()) {
          expect(restored.of(sources).calibrate(tree)).toEqual(table.calibrate(tree));
        }
        expect(encodeAcceptance(restored, MODELS)).toEqual(bytes);
      }),
      { numRuns: NUM_RUNS / 4 },
    );
  });

  test("a restored table goes on learning, and the first one is not touched", () => {
    const tree = treeOf(9, [[0, 1, 0.5, 1]]);
    const tables = oneTable();
    for (let step = 0; step < 100; step++) tables.of(3).learn(tree, Int32Array.of(1));
    const bytes = encodeAcceptance(tables, MODELS);
    const restored = decodeAcceptance(bytes, MODELS).tables!;
    for (let step = 0; step < 2000; step++) restored.of(3).learn(tree, Int32Array.of(2));
    expect(restored.of(3).calibrate(tree).scores[1]).toBeLessThan(0.1);
    expect(tables.of(3).calibrate(tree).scores[1]).toBeGreaterThan(0.9);
    expect(decodeAcceptance(bytes, MODELS).tables!.of(3).counts).toEqual(tables.of(3).counts);
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
          const { tables, reason } = decodeAcceptance(bytes, MODELS);
          if (tables === undefined) expect(reason).toMatch(/./);
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
          const { tables } = decodeAcceptance(resealed(spoiled), MODELS);
          const tree = treeOf(9, [[0, 1, 0.5, 1]]);
          const scores = tables?.of(3).calibrate(tree).scores;
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
    const bytes = resealed(changedWord(SMALL, FIRST_TABLE + 1 + count, floatBits(value)));
    expect(decodeAcceptance(bytes, MODELS).reason).toBe("table 0 is impossible");
    const counts = new Float32Array(NUM_ACCEPTANCE_COUNTS);
    counts[count] = value;
    expect(() => new AcceptanceTable(counts)).toThrow(RangeError);
  });

  test("refuse sources that are none, and a set that is there twice", () => {
    const foreign = resealed(changedWord(SMALL, FIRST_TABLE, 32));
    expect(decodeAcceptance(foreign, MODELS).reason).toBe("table 0 is impossible");
    const two = new AcceptanceTables([
      [1, new AcceptanceTable()],
      [2, new AcceptanceTable()],
    ]);
    const second = FIRST_TABLE + 1 + NUM_ACCEPTANCE_COUNTS;
    const twice = resealed(changedWord(encodeAcceptance(two, MODELS), second, 1));
    expect(decodeAcceptance(twice, MODELS).reason).toBe("table 1 is impossible");
  });

  test("refuse what other models learned, another version, another size", () => {
    expect(decodeAcceptance(SMALL, `${MODELS}!`).reason).toMatch(/other models/);
    expect(decodeAcceptance(resealed(changedWord(SMALL, 1, 2)), MODELS).reason).toMatch(/version/);
    expect(decodeAcceptance(resealed(changedWord(SMALL, 6, 4e9)), MODELS).reason).toMatch(/add up/);
    expect(() => new AcceptanceTable(new Float32Array(3))).toThrow(RangeError);
  });

  test("a table takes 17 KB", () => {
    expect(SMALL.length).toBeLessThan(17_000);
  });
});
