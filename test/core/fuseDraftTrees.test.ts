import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkDraftTree, type DraftTree, ROOT, sourceBit } from "../../src/core/tree/draftTree.ts";
import { fuseDraftTrees } from "../../src/core/tree/fuseDraftTrees.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, pathTokens, treeOf } from "../support/trees.ts";

const MODEL_BIT = sourceBit("draftModel");
const ANY = { vocabSize: 100, isEndToken: () => false };
const arbitraryDrafts = fc.array(arbitraryTree(4, 15), { maxLength: 4 });

/** What a tree says, whatever its row order: path → score and sources. */
function byPath(tree: DraftTree): Map<string, { score: number; sources: number }> {
  return new Map(
    Array.from(tree.tokens.keys(), (node) => [
      pathTokens(tree, node).join(),
      { score: tree.scores[node]!, sources: tree.sources[node]! },
    ]),
  );
}

describe("fuseDraftTrees", () => {
  test("unites exactly the paths of all drafts into one valid tree", () => {
    fc.assert(
      fc.property(arbitraryDrafts, (drafts) => {
        const fused = fuseDraftTrees(0, drafts, ANY);
        expect(checkDraftTree(fused)).toBeUndefined();
        const wanted = new Set(["", ...drafts.flatMap((draft) => [...byPath(draft).keys()])]);
        expect(new Set(byPath(fused).keys())).toEqual(wanted);
        expect(fused.size).toBe(wanted.size);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("keeps every proposing source's bit, and scores at least as high as each, or as the draft model", () => {
    fc.assert(
      fc.property(arbitraryDrafts, (drafts) => {
        const fused = byPath(fuseDraftTrees(0, drafts, ANY));
        for (const [path, { score, sources }] of drafts.flatMap((draft) => [...byPath(draft)])) {
          const isJudged = (fused.get(path)!.sources & ~sources & MODEL_BIT) !== 0;
          if (!isJudged) expect(fused.get(path)!.score).toBeGreaterThanOrEqual(score);
          if (path !== "") expect(fused.get(path)!.sources & sources).toBe(sources);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("changes nothing in a tree that is already fused", () => {
    fc.assert(
      fc.property(arbitraryDrafts, (drafts) => {
        const fused = fuseDraftTrees(0, drafts, ANY);
        expect(fuseDraftTrees(0, [fused], ANY)).toEqual(fused);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("says the same of every path in any order of the drafts", () => {
    fc.assert(
      fc.property(arbitraryDrafts, (drafts) => {
        const forwards = byPath(fuseDraftTrees(0, drafts, ANY));
        const backwards = byPath(fuseDraftTrees(0, drafts.toReversed(), ANY));
        expect(new Set(backwards.keys())).toEqual(new Set(forwards.keys()));
        for (const [path, { score, sources }] of forwards) {
          expect(backwards.get(path)!.score).toBeCloseTo(score, 5);
          expect(backwards.get(path)!.sources).toBe(sources);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("leaves out ids outside the vocabulary, with everything below them and nothing else", () => {
    const foreign = 3;
    fc.assert(
      fc.property(arbitraryDrafts, (drafts) => {
        const fused = fuseDraftTrees(0, drafts, { ...ANY, vocabSize: foreign });
        const paths = drafts.flatMap((draft) =>
          Array.from(draft.tokens.keys(), (node) => pathTokens(draft, node)),
        );
        const wanted = paths.filter((path) => !path.includes(foreign)).map(String);
        expect(new Set(byPath(fused).keys())).toEqual(new Set(["", ...wanted]));
        expect(fused.tokens[ROOT]).toBe(0);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("takes the root it is given, not the drafts' own", () => {
    const fused = fuseDraftTrees(8, [treeOf(1, [[0, 2]]), treeOf(3, [[0, 4]])], ANY);
    expect(Array.from(fused.tokens)).toEqual([8, 2, 4]);
    expect(Array.from(fuseDraftTrees(8, [], ANY).tokens)).toEqual([8]);
  });

  test("shares no array with a draft", () => {
    const draft = treeOf(0, [[0, 1]]);
    const fused = fuseDraftTrees(0, [draft], ANY);
    draft.tokens.fill(9);
    expect(Array.from(fused.tokens)).toEqual([0, 1]);
  });

  test("keeps an end token but nothing below it", () => {
    const end = 2;
    fc.assert(
      fc.property(arbitraryDrafts, (drafts) => {
        const fused = fuseDraftTrees(0, drafts, { ...ANY, isEndToken: (token) => token === end });
        const paths = drafts.flatMap((draft) =>
          Array.from(draft.tokens.keys(), (node) => pathTokens(draft, node)),
        );
        const wanted = paths.filter((path) => !path.slice(0, -1).includes(end)).map(String);
        expect(new Set(byPath(fused).keys())).toEqual(new Set(["", ...wanted]));
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
