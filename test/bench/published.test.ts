import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SEPARATOR, SuffixMatcher } from "../../src/core/index/suffixMatch.ts";
import { checkDraftTree, type DraftTree } from "../../src/core/tree/draftTree.ts";
import { END, SamDecoding, SearchedText } from "../../tooling/traces/published/samDecoding.ts";
import { SuffixDecoding } from "../../tooling/traces/published/suffixDecoding.ts";
import { TokenRecycling } from "../../tooling/traces/published/tokenRecycling.ts";
import { NEVER } from "../support/never.ts";
import { pathTokens } from "../support/trees.ts";

const BUDGET = { maxNodes: 80, maxDepth: 40, minSurvival: 0 };

function contextOf(prefix: readonly number[]) {
  const prefixTokens = Int32Array.from(prefix);
  return { promptTokens: prefixTokens, prefixTokens, suffixTokens: new Int32Array(0) };
}

const paths = (tree: DraftTree) =>
  Array.from(tree.tokens.keys(), (node) => pathTokens(tree, node).join()).slice(1);

describe("Token Recycling", () => {
  test("drafts the published tree: 80 nodes on six levels, 40 leaves", async () => {
    const matrix = new Map(
      Array.from({ length: 9 }, (_, token) => [
        token,
        Int32Array.from({ length: 8 }, (_rank, rank) => (token + rank + 1) % 9),
      ]),
    );
    const tree = await new TokenRecycling(matrix).draft(0, BUDGET);
    expect(checkDraftTree(tree)).toBeUndefined();
    const levels = [1, 2, 3, 4, 5, 6].map((depth) => tree.depths.filter((d) => d === depth).length);
    expect(levels).toEqual([8, 21, 25, 15, 8, 3]);
    expect(tree.size - new Set(tree.parents.slice(1)).size).toBe(40);
  });
});

describe("SAM-Decoding", () => {
  const arbitraryText = fc.array(fc.nat(3), { maxLength: 60, size: "max" });

  test("its longest match is as long as the product's", () => {
    fc.assert(
      fc.property(arbitraryText, arbitraryText, (suffix, prefix) => {
        const text = new SearchedText();
        text.append([...suffix, END, ...prefix]);
        const matcher = new SuffixMatcher();
        matcher.append([...suffix, SEPARATOR, ...prefix]);
        const { length } = text.longestMatch(text.tokens, 1);
        expect(Math.min(64, length)).toBe(
          prefix.length === 0 ? 0 : (matcher.matches(1)[0]?.length ?? 0),
        );
      }),
    );
  });

  test("drafts four times the match, from its first occurrence", async () => {
    const drafter = new SamDecoding(new SearchedText());
    await drafter.begin(contextOf([1, 2, 3, 4, 5, 6, 7, 2, 9, 2]), NEVER);
    expect(paths(await drafter.draft(2, BUDGET, NEVER)).at(-1)).toBe("3,4,5,6");
  });

  test("leaves short matches to another drafter", async () => {
    const drafter = new SamDecoding(
      new SearchedText(),
      new TokenRecycling(new Map([[2, Int32Array.of(8)]])),
    );
    await drafter.begin(contextOf([1, 2, 3, 1, 2]), NEVER);
    expect(paths(await drafter.draft(2, BUDGET, NEVER))).toEqual(["8"]);
  });
});

describe("SuffixDecoding", () => {
  test("scores a draft by the shares of what followed; the text's end is an occurrence, too", async () => {
    const drafter = new SuffixDecoding([]);
    await drafter.begin(contextOf([1, 2, 3, 9, 1, 2, 3, 8, 1, 2]));
    const tree = await drafter.draft(2, BUDGET);
    expect(paths(tree)).toEqual(["3", "3,9"]);
    expect(tree.scores[1]).toBeCloseTo(2 / 3);
    expect(tree.scores[2]).toBeCloseTo(1 / 2);
  });

  test("drafts from earlier outputs of the session", async () => {
    const outputs = [[4, 5, 6, 7]];
    const drafter = new SuffixDecoding(outputs);
    await drafter.begin(contextOf([4, 5]));
    expect(paths(await drafter.draft(5, BUDGET))).toEqual(["6", "6,7"]);
  });
});
