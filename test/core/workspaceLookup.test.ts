import { describe, expect, test } from "vitest";
import { joinFactor, occurrenceWeight } from "../../src/core/index/hitWeight.ts";
import { MAX_MATCH_LENGTH } from "../../src/core/index/suffixMatch.ts";
import { WorkspaceIndex } from "../../src/core/index/workspaceIndex.ts";
import { type LookupPlace, MAX_STEPS } from "../../src/core/index/workspaceSearch.ts";

const LIMITS = { maxHits: 16, maxContinuation: 8 };

function indexOf(files: Readonly<Record<string, readonly number[]>>): WorkspaceIndex {
  const index = new WorkspaceIndex();
  for (const [path, tokens] of Object.entries(files)) {
    index.setFile(path, Int32Array.from(tokens));
  }
  return index;
}

/** The token that the best hit proposes. */
function bestNext(index: WorkspaceIndex, context: readonly number[], place: LookupPlace) {
  return index.lookup(Int32Array.from(context), place, LIMITS)[0]?.continuation[0];
}

describe("WorkspaceIndex.lookup", () => {
  test("prefers the longer match", () => {
    const index = indexOf({ a: [1, 2, 3, 4, 50], b: [9, 9, 3, 4, 60], c: [8, 2, 3, 4, 70] });
    expect(bestNext(index, [1, 2, 3, 4], {})).toBe(50);
    expect(bestNext(index, [2, 3, 4], {})).not.toBe(60);
  });

  test("prefers the same file to the same folder, that to an imported file, that to the rest", () => {
    const index = indexOf({
      "x/own.ts": [1, 2, 50],
      "x/near.ts": [1, 2, 60],
      "y/imported.ts": [1, 2, 70],
      "z/rest.ts": [1, 2, 80],
    });
    const importedIds = new Set([index.fileId("y/imported.ts")!]);
    const place = { fileId: index.fileId("x/own.ts")!, folder: "x", importedIds };
    const order = () =>
      index.lookup(Int32Array.of(1, 2), place, LIMITS).map(({ continuation }) => continuation[0]);
    expect(order()).toEqual([50, 60, 70, 80]);
    index.removeFile("x/own.ts");
    expect(order()).toEqual([60, 70, 80]);
    index.renameFile("x/near.ts", "elsewhere.ts");
    expect(order()).toEqual([70, 80, 60]);
  });

  test("prefers files that were touched lately", () => {
    const index = indexOf({ a: [1, 2, 50], b: [1, 2, 60] });
    expect(bestNext(index, [1, 2], {})).toBe(60);
    index.touchFile("a");
    expect(bestNext(index, [1, 2], {})).toBe(50);
  });

  test("prefers what runs into the text after the cursor, within bounds", () => {
    const index = indexOf({ a: [1, 2, 50, 51, 40, 41], b: [1, 2, 60, 61, 62, 63] });
    expect(bestNext(index, [1, 2], {})).toBe(60);
    expect(bestNext(index, [1, 2], { suffixTokens: Int32Array.of(40, 41, 42) })).toBe(50);
    expect(joinFactor(4)).toBeLessThanOrEqual(4);
    // A far longer match outweighs all the rest together.
    expect(occurrenceWeight(24, "rest", 1000)).toBeGreaterThan(
      occurrenceWeight(10, "sameFile", 0) * joinFactor(4),
    );
  });

  test("never finds the cursor itself, nor text that the file does not hold any more", () => {
    const index = indexOf({ a: [1, 2, 3, 4, 5, 6, 7, 8] });
    const fileId = index.fileId("a")!;
    const context = Int32Array.of(1, 2, 3, 4);
    expect(index.lookup(context, { fileId }, LIMITS)).toHaveLength(1);
    const placeBefore = (...suffix: number[]) => ({
      fileId,
      suffixTokens: Int32Array.from(suffix),
    });
    expect(index.lookup(context, placeBefore(5, 6, 7, 8), LIMITS)).toEqual([]);
    expect(index.lookup(context, placeBefore(5, 6, 7, 8, 9), LIMITS)).toHaveLength(1);
    // The end of the text after the cursor, and not of what stands there.
    expect(index.lookup(context, placeBefore(5), LIMITS)).toHaveLength(1);
    expect(index.lookup(context, placeBefore(), LIMITS)).toHaveLength(1);
    const elsewhere = { suffixTokens: Int32Array.of(5, 6, 7, 8) };
    expect(index.lookup(context, elsewhere, LIMITS)).toHaveLength(1);
    index.setFile(
      "a",
      Int32Array.from({ length: 30 }, (_, token) => token),
    );
    const rest = Array.from({ length: 16 }, (_, at) => at + 5);
    expect(index.lookup(context, placeBefore(...rest), LIMITS)).toEqual([]);
    expect(index.lookup(context, placeBefore(...rest.slice(0, 7)), LIMITS)).toHaveLength(1);
    index.setFile("a", Int32Array.of(1, 2, 3, 4, 9, 9));
    expect(index.lookup(context, { fileId }, LIMITS)[0]?.continuation).toEqual([9, 9]);
  });

  test("finds the longest match though the short run is too common to be walked through", () => {
    const common = Array.from({ length: 4 * MAX_STEPS }, (_, i) => (i % 3 === 2 ? 9 + i : i % 3));
    const index = indexOf({ old: [5, 6, 7, 0, 1, 50], new: common });
    const [best] = index.lookup(Int32Array.of(5, 6, 7, 0, 1), {}, LIMITS);
    expect(best).toMatchObject({ matchLength: 5, offset: 5 });
  });

  test("finds the best of many", () => {
    const index = indexOf({ best: [7, 1, 2, 50] });
    for (let i = 0; i < 100; i++) index.setFile(`f${i}`, Int32Array.of(1, 2, 60 + i));
    expect(bestNext(index, [7, 1, 2], {})).toBe(50);
    expect(bestNext(index, [7, 1, 2], { suffixTokens: Int32Array.of(9) })).toBe(50);
  });

  test("looks nowhere for less than two tokens, and for none at all", () => {
    const index = indexOf({ a: [1, 1, 1, 1] });
    expect(index.lookup(Int32Array.of(1), {}, LIMITS)).toEqual([]);
    expect(index.lookup(new Int32Array(0), {}, LIMITS)).toEqual([]);
    expect(index.lookup(Int32Array.of(1, -1), {}, LIMITS)).toEqual([]);
    expect(index.lookup(Int32Array.of(-1, 1, 1), {}, LIMITS)).not.toEqual([]);
    expect(new WorkspaceIndex().lookup(Int32Array.of(1, 1), {}, LIMITS)).toEqual([]);
  });

  test("keeps to its limits, and says at most 64 of a longer match", () => {
    const index = indexOf({ a: Array.from({ length: 300 }, () => 7) });
    const hits = index.lookup(new Int32Array(200).fill(7), {}, { maxHits: 3, maxContinuation: 2 });
    expect(hits.map(({ matchLength }) => matchLength)).toEqual([64, 64, 64]);
    expect(MAX_MATCH_LENGTH).toBe(64);
    for (const { continuation } of hits) expect(continuation.length).toBeLessThanOrEqual(2);
  });

  test("hands out copies that outlive the file", () => {
    const index = indexOf({ a: [1, 2, 3, 4] });
    const [hit] = index.lookup(Int32Array.of(1, 2), {}, LIMITS);
    index.removeFile("a");
    expect(hit?.continuation).toEqual([3, 4]);
  });
});
