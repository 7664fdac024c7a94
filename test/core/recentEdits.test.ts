import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RecentEdits } from "../../src/core/index/recentEdits.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const tokens = (...ids: readonly number[]) => Int32Array.from(ids);

describe("RecentEdits", () => {
  test("what it says turns the text before the edits into the text now", () => {
    const text = fc.array(fc.nat(3), { maxLength: 40 }).map((ids) => Int32Array.from(ids));
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 6 }), (versions) => {
        const edits = new RecentEdits();
        for (let at = 1; at < versions.length; at++) {
          edits.note("a", versions[at - 1]!, versions[at]!);
        }
        const [first, last] = [versions[0]!, versions.at(-1)!];
        const stretch = edits.stretchOf("a", last);
        if (stretch === undefined) return;
        const { removed, from, to } = stretch;
        const restored = [...last.slice(0, from), ...removed, ...last.slice(to)];
        // Edits that were taken back begin anew, so it is one of the versions.
        expect(versions.map((version) => Array.from(version))).toContainEqual(restored);
        if (versions.length === 2) expect(restored).toEqual(Array.from(first));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("adds up what is near, begins anew where it would be too long, and knows the last files", () => {
    const edits = new RecentEdits();
    const long = Int32Array.from({ length: 2_000 }, (_, index) => index);
    const first = long.slice();
    first[10] = -1;
    const second = first.slice();
    second[20] = -2;
    edits.note("a", long, first);
    edits.note("a", first, second);
    expect(edits.stretchOf("a", second)).toMatchObject({ from: 10, to: 21 });
    const third = second.slice();
    third[1_900] = -3;
    edits.note("a", second, third);
    expect(edits.stretchOf("a", third)).toEqual({ removed: tokens(1_900), from: 1_900, to: 1_901 });
    edits.note("b", long, tokens());
    expect(edits.stretchOf("b", tokens())).toBeUndefined();
    for (let file = 0; file < 9; file++) edits.note(`f${file}`, tokens(1), tokens(2));
    expect(edits.keys).toEqual(["f8", "f7", "f6", "f5", "f4", "f3", "f2", "f1"]);
    edits.forget("f8");
    expect(edits.stretchOf("f8", tokens(2))).toBeUndefined();
  });
});
