import { describe, expect, test } from "vitest";
import { TokenBuffer } from "../../src/core/base/tokens.ts";
import { RejoinDrafter } from "../../src/core/suggestions/rejoinDrafter.ts";
import { checkDraftTree, type DraftTree, rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { NEVER } from "../support/never.ts";
import { pathTokens } from "../support/trees.ts";

const OTHER = new TokenBuffer(Int32Array.of(10, 11, 12, 13, 14, 15, 16));
const BUDGET = { maxNodes: 16, maxDepth: 16, minSurvival: 0 };

/** The drafted paths, leaf by leaf. */
function pathsOf(tree: DraftTree): number[][] {
  expect(checkDraftTree(tree)).toBeUndefined();
  const parents = new Set(tree.parents);
  return Array.from({ length: tree.size }, (_, node) => node)
    .filter((node) => node > 0 && !parents.has(node))
    .map((leaf) => pathTokens(tree, leaf));
}

async function commit(drafter: RejoinDrafter, tokens: readonly number[]): Promise<void> {
  const target = new FakeTarget({ vocabSize: 20, logitsOf: hashedLogits(20, 1) });
  const tree = rootOnlyTree(1);
  const logits = await target.evaluateTree(tree, NEVER);
  const path = { nodes: new Int32Array(0), bonusToken: tokens.at(-1)! };
  drafter.learn({ tree, path, committed: Int32Array.from(tokens), logits });
}

describe("RejoinDrafter", () => {
  test("takes the first token for a substitute: the other text goes on behind it", async () => {
    const drafter = new RejoinDrafter(OTHER, 2, Int32Array.of(99));
    expect(pathsOf(await drafter.draft(99, BUDGET))).toEqual([[13, 14, 15, 16]]);
  });

  test("goes on where the branch's last tokens occur in the other text", async () => {
    const drafter = new RejoinDrafter(OTHER, 1, Int32Array.of(13));
    const tree = await drafter.draft(13, BUDGET);
    expect(pathsOf(tree)).toEqual([[14, 15, 16]]);
    // The longer both texts have been the same, the surer.
    expect([...tree.scores].toSorted()).toEqual([...tree.scores.subarray(1), 1]);
  });

  test("prefers the longest agreement, and of equals the nearest place", async () => {
    const other = new TokenBuffer(Int32Array.of(1, 7, 8, 2, 7, 8, 3, 9, 8, 4));
    const drafter = new RejoinDrafter(other, 1, Int32Array.of(99));
    await commit(drafter, [7, 8]);
    // Own tokens 99 7 8: the straight place is after index 3.
    const paths = pathsOf(await drafter.draft(8, { ...BUDGET, maxDepth: 2 }));
    expect(paths[0]).toEqual([2, 7]);
    expect(paths[1]).toEqual([3, 9]);
  });

  test("has nothing to say once the texts have parted, nor behind the other's end", async () => {
    const drafter = new RejoinDrafter(OTHER, 0, Int32Array.of(99));
    await commit(drafter, [98]);
    expect((await drafter.draft(98, BUDGET)).size).toBe(1);
    const late = new RejoinDrafter(OTHER, 7, Int32Array.of(99));
    expect((await late.draft(99, BUDGET)).size).toBe(1);
  });

  test("follows a text that still grows", async () => {
    const growing = new TokenBuffer(Int32Array.of(1, 2));
    const drafter = new RejoinDrafter(growing, 1, Int32Array.of(9));
    expect((await drafter.draft(9, BUDGET)).size).toBe(1);
    growing.append([3, 4]);
    expect(pathsOf(await drafter.draft(9, BUDGET))).toEqual([[3, 4]]);
  });

  test("keeps to its budget", async () => {
    const drafter = new RejoinDrafter(OTHER, 0, Int32Array.of(99));
    expect((await drafter.draft(99, { ...BUDGET, maxDepth: 2 })).size).toBe(3);
    expect((await drafter.draft(99, { ...BUDGET, maxNodes: 1 })).size).toBe(2);
    expect((await drafter.draft(99, { ...BUDGET, minSurvival: 0.2 })).size).toBe(2);
  });
});
