import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hitConfidence } from "../../src/core/drafters/hitTree.ts";
import { WorkspaceDrafter } from "../../src/core/drafters/workspaceDrafter.ts";
import { WorkspaceIndex } from "../../src/core/index/workspaceIndex.ts";
import {
  checkDraftTree,
  type DraftTree,
  rootOnlyTree,
  sourceBit,
  survivals,
} from "../../src/core/tree/draftTree.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { pathTokens } from "../support/trees.ts";

const BUDGET = { maxNodes: 16, maxDepth: 16, minSurvival: 0 };

function indexOf(...files: readonly (readonly number[])[]): WorkspaceIndex {
  const index = new WorkspaceIndex();
  for (const [i, tokens] of files.entries()) index.setFile(`f${i}`, Int32Array.from(tokens));
  return index;
}

async function beginAt(
  index: WorkspaceIndex,
  prefix: readonly number[],
  suffix: readonly number[] = [],
): Promise<WorkspaceDrafter> {
  const drafter = new WorkspaceDrafter(index, "suffixMatch");
  const prefixTokens = Int32Array.from(prefix);
  await drafter.begin({
    promptTokens: prefixTokens,
    prefixTokens,
    suffixTokens: Int32Array.from(suffix),
  });
  return drafter;
}

const commit = (drafter: WorkspaceDrafter, ...tokens: number[]) =>
  drafter.learn({ committed: Int32Array.from(tokens) } as never);

const branch = (tree: DraftTree) => pathTokens(tree, tree.depths.indexOf(Math.max(...tree.depths)));

const firstTokens = (tree: DraftTree) =>
  Array.from(tree.tokens.keys())
    .filter((node) => tree.parents[node] === 0)
    .map((node) => tree.tokens[node]);

describe("WorkspaceDrafter", () => {
  test("copies what followed the longest match in the files, up to a file's end", async () => {
    const drafter = await beginAt(indexOf([9, 1, 2, 3, 4, 5]), [7, 1, 2]);
    const tree = await drafter.draft(2, BUDGET);
    expect(branch(tree)).toEqual([3, 4, 5]);
    const confidences = [2, 3, 4].map((length) => Math.fround(hitConfidence(length, 1)));
    expect(Array.from(tree.scores.subarray(1))).toEqual(confidences);
    expect(tree.sources[1]).toBe(sourceBit("suffixMatch"));
  });

  test("shares a path where files agree and splits the score by weight where they part", async () => {
    const index = indexOf([1, 2, 3, 4, 50], [1, 2, 3, 4, 60], [1, 2, 3, 4, 50]);
    const tree = await (await beginAt(index, [1, 2])).draft(2, { ...BUDGET, maxDepth: 3 });
    expect(Array.from(tree.tokens)).toEqual([2, 3, 4, 50, 60]);
    expect(tree.scores[1]).toBeCloseTo(hitConfidence(2, 3));
    expect(tree.scores[2]).toBeCloseTo(hitConfidence(3, 3));
    expect(
      tree.scores[3]! / hitConfidence(4, 2) + tree.scores[4]! / hitConfidence(4, 1),
    ).toBeCloseTo(1);
  });

  test("ranks by the sum of weights, and keeps to one file's text below a fork", async () => {
    const index = indexOf([1, 2, 60, 61], [1, 2, 60, 62], [1, 2, 50, 51]);
    const tree = await (await beginAt(index, [1, 2])).draft(2, BUDGET);
    const paths = Array.from(tree.tokens.keys(), (node) => pathTokens(tree, node).join());
    expect(paths.sort()).toEqual(["", "50", "50,51", "60", "60,61", "60,62"]);
    const isBefore = (a: number, b: number) => tree.tokens.indexOf(a) < tree.tokens.indexOf(b);
    expect([isBefore(60, 50), isBefore(62, 61)]).toEqual([true, true]);
  });

  test("goes on from its own output", async () => {
    const drafter = await beginAt(indexOf([1, 2, 3, 4, 5, 6]), [9, 9]);
    expect(await drafter.draft(9, BUDGET)).toEqual(rootOnlyTree(9));
    commit(drafter, 3, 4);
    expect(branch(await drafter.draft(4, BUDGET))).toEqual([5, 6]);
  });

  test("follows its hits without a search while the output agrees with them", async () => {
    const text = Array.from({ length: 40 }, (_, i) => i + 100);
    const index = indexOf(text);
    const drafter = await beginAt(index, text.slice(0, 10));
    await drafter.draft(109, BUDGET);
    index.removeFile("f0");
    commit(drafter, 110, 111);
    const followed = await drafter.draft(111, { ...BUDGET, maxDepth: 4 });
    expect(branch(followed)).toEqual([112, 113, 114, 115]);
    expect(followed.scores[1]).toBeCloseTo(hitConfidence(12, 1));
    commit(drafter, 112, 7);
    expect((await drafter.draft(7, BUDGET)).size).toBe(1);
  });

  test("searches again where its hits are short or come to an end", async () => {
    const text = Array.from({ length: 20 }, (_, i) => i + 100);
    const index = indexOf(text);
    const short = await beginAt(index, [100, 101]);
    await short.draft(101, BUDGET);
    commit(short, 102);
    index.setFile("f0", Int32Array.of(100, 101, 102, 5));
    expect(branch(await short.draft(102, BUDGET))).toEqual([5]);

    index.setFile("f0", Int32Array.from(text));
    const ending = await beginAt(index, text.slice(0, 10));
    await ending.draft(109, BUDGET);
    commit(ending, 110, 111, 112);
    index.setFile("f0", Int32Array.from([...text.slice(0, 14), 200, 201]));
    expect(branch(await ending.draft(112, BUDGET))).toEqual([113, 200, 201]);
  });

  test("knows where it is: the file's own text first, but not the cursor's, and what joins the suffix", async () => {
    const index = indexOf([1, 2, 30, 1, 2, 31, 40], [1, 2, 60, 61]);
    const drafter = await beginAt(index, [1, 2], []);
    const begin = (suffix: readonly number[]) =>
      drafter.begin({
        promptTokens: Int32Array.of(1, 2),
        prefixTokens: Int32Array.of(1, 2),
        suffixTokens: Int32Array.from(suffix),
      });
    drafter.moveTo({ fileId: 0 });
    await begin([31, 40]);
    expect(firstTokens(await drafter.draft(2, BUDGET))).toEqual([30, 60]);
    drafter.moveTo({});
    await begin([31, 40]);
    expect(firstTokens(await drafter.draft(2, BUDGET))[0]).toBe(31);
  });

  test("forgets the previous generation at begin, and drafts nothing without text or files", async () => {
    const text = Array.from({ length: 30 }, (_, i) => i);
    const drafter = await beginAt(indexOf(text), text.slice(0, 12));
    expect((await drafter.draft(11, BUDGET)).size).toBe(17);
    const none = new Int32Array(0);
    await drafter.begin({ promptTokens: none, prefixTokens: none, suffixTokens: none });
    expect(await drafter.draft(2, BUDGET)).toEqual(rootOnlyTree(2));
    expect(await (await beginAt(indexOf(), [1, 2])).draft(2, BUDGET)).toEqual(rootOnlyTree(2));
  });

  test("drafts valid trees within the budget, whatever the files and the output", async () => {
    const arbitraryTokens = fc.array(fc.nat(3), { maxLength: 60, size: "max" });
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryTokens, { maxLength: 4 }),
        arbitraryTokens,
        arbitraryTokens,
        fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
        fc.record({
          maxNodes: fc.nat(40),
          maxDepth: fc.nat(20),
          minSurvival: fc.float({ min: 0, max: 1, noNaN: true }),
        }),
        async (files, prefix, suffix, steps, budget) => {
          const index = indexOf(...files);
          const drafter = await beginAt(index, prefix, suffix);
          for (const [number, committed] of [[], ...steps].entries()) {
            if (committed.length > 0) commit(drafter, ...committed);
            // Files change while a generation runs.
            if (number === 3) index.setFile("f0", Int32Array.from(suffix));
            if (number === 4) index.removeFile("f1");
            const tree = await drafter.draft(1, budget);
            expect(checkDraftTree(tree)).toBeUndefined();
            expect(tree.size - 1).toBeLessThanOrEqual(budget.maxNodes);
            expect(Math.max(...tree.depths)).toBeLessThanOrEqual(budget.maxDepth);
            // Scores are kept in 32 bits.
            const least = Math.min(...survivals(tree));
            expect(least).toBeGreaterThanOrEqual(budget.minSurvival * (1 - 1e-5));
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("hitConfidence", () => {
  test("is a chance that grows with the match and with the voters", () => {
    for (let length = 2; length < 100; length++) {
      for (let voters = 1; voters < 20; voters++) {
        const confidence = hitConfidence(length, voters);
        expect(confidence).toBeGreaterThan(0);
        expect(confidence).toBeLessThan(1);
        expect(hitConfidence(length + 1, voters)).toBeGreaterThan(confidence);
        expect(hitConfidence(length, voters + 1)).toBeGreaterThan(confidence);
      }
    }
  });
});
