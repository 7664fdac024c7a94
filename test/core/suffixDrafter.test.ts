import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hitConfidence } from "../../src/core/drafters/hitTree.ts";
import { SuffixDrafter } from "../../src/core/drafters/suffixDrafter.ts";
import { checkDraftTree, type DraftTree, rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { pathTokens } from "../support/trees.ts";

const BUDGET = { maxNodes: 16, maxDepth: 16, minSurvival: 0 };

/** The draft after a prefix, with a suffix behind the cursor and output that came since. */
async function draftAfter(
  texts: { prefix: readonly number[]; suffix?: readonly number[]; output?: readonly number[] },
  maxDepth = BUDGET.maxDepth,
): Promise<DraftTree> {
  const { prefix, suffix = [], output = [] } = texts;
  const drafter = new SuffixDrafter();
  const prefixTokens = Int32Array.from(prefix);
  await drafter.begin({
    promptTokens: prefixTokens,
    prefixTokens,
    suffixTokens: Int32Array.from(suffix),
  });
  const committed = Int32Array.from(output);
  if (output.length > 0) drafter.learn({ committed } as never);
  const root = committed.at(-1) ?? prefixTokens.at(-1) ?? 0;
  return drafter.draft(root, { ...BUDGET, maxDepth });
}

const branch = (tree: DraftTree) => {
  const deepest = tree.depths.indexOf(Math.max(...tree.depths));
  return pathTokens(tree, deepest);
};

describe("SuffixDrafter", () => {
  test("copies what followed the longest earlier occurrence of the text's end", async () => {
    const tree = await draftAfter({ prefix: [1, 2, 3, 4, 5, 9, 2, 3] }, 3);
    expect(branch(tree)).toEqual([4, 5, 9]);
    expect(tree.scores[1]).toBeCloseTo(hitConfidence(2, 1));
  });

  test("copies from the text behind the cursor, and never across its end", async () => {
    const tree = await draftAfter({ prefix: [9, 1, 2], suffix: [1, 2, 3, 4] });
    expect(branch(tree)).toEqual([3, 4]);
  });

  test("goes on from its own output", async () => {
    const tree = await draftAfter({ prefix: [1, 2, 3, 4, 5, 6], output: [1, 2, 3] }, 2);
    expect(branch(tree)).toEqual([4, 5]);
  });

  test("offers each continuation of equally long matches, the newest first, with split scores", async () => {
    const tree = await draftAfter({ prefix: [1, 2, 5, 1, 2, 6, 1, 2] }, 1);
    expect(Array.from(tree.tokens)).toEqual([2, 6, 5]);
    expect(tree.scores[1]).toBeCloseTo(hitConfidence(2, 1) / 2);
    expect(tree.scores[2]).toBeCloseTo(hitConfidence(2, 1) / 2);
  });

  test("drafts nothing where nothing matches", async () => {
    expect(await draftAfter({ prefix: [1, 2, 3] })).toEqual(rootOnlyTree(3));
    expect(await draftAfter({ prefix: [] })).toEqual(rootOnlyTree(0));
  });

  test("forgets the previous generation at begin", async () => {
    const drafter = new SuffixDrafter();
    const tokens = Int32Array.of(1, 2, 1);
    const empty = new Int32Array(0);
    await drafter.begin({ promptTokens: tokens, prefixTokens: tokens, suffixTokens: empty });
    expect((await drafter.draft(1, BUDGET)).size).toBeGreaterThan(1);
    await drafter.begin({ promptTokens: empty, prefixTokens: empty, suffixTokens: empty });
    drafter.learn({ committed: Int32Array.of(1) } as never);
    expect((await drafter.draft(1, BUDGET)).size).toBe(1);
  });

  test("drafts valid trees of tokens it has seen, within the depth, whatever the text", async () => {
    // Without `size` there would be 10 at most.
    const arbitraryTokens = fc.array(fc.nat(3), { maxLength: 60, size: "max" });
    await fc.assert(
      fc.asyncProperty(
        arbitraryTokens,
        arbitraryTokens,
        arbitraryTokens,
        fc.integer({ min: 1, max: 20 }),
        async (prefix, suffix, output, maxDepth) => {
          const tree = await draftAfter({ prefix, suffix, output }, maxDepth);
          expect(checkDraftTree(tree)).toBeUndefined();
          expect(Math.max(...tree.depths)).toBeLessThanOrEqual(maxDepth);
          const seen = new Set([...prefix, ...suffix, ...output]);
          for (const token of tree.tokens.subarray(1)) expect(seen.has(token)).toBe(true);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});
