import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkDraftTree, DRAFT_SOURCES, sourceBit } from "../../src/core/tree/draftTree.ts";
import { fuseDraftTrees } from "../../src/core/tree/fuseDraftTrees.ts";
import { DEFAULT_PRUNING, type SourceDraft } from "../../src/core/tree/pruneRetrieval.ts";
import { StepDrafts } from "../../src/core/tree/stepDrafts.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

const ANY = { vocabSize: 6, isEndToken: () => false };
const arbitraryDrafts: fc.Arbitrary<readonly SourceDraft[]> = fc.uniqueArray(
  fc.record({ source: fc.constantFrom(...DRAFT_SOURCES), draft: arbitraryTree(6, 10) }),
  { selector: ({ source }) => source },
);

describe("StepDrafts", () => {
  test("without pruning it is the fusion of all drafts", () => {
    fc.assert(
      fc.property(arbitraryDrafts, (drafts) => {
        const step = new StepDrafts(3, drafts, ANY);
        const trees = (kept: readonly SourceDraft[]) => kept.map(({ draft }) => draft);
        expect(step.fused).toEqual(fuseDraftTrees(3, trees(drafts), ANY));
        expect(checkDraftTree(step.fused)).toBeUndefined();
        expect(step.sources).toBe(drafts.reduce((bits, d) => bits + sourceBit(d.source), 0));
        expect(step.numPruned).toBe(0);
        expect(step.prunedFirst.size).toBe(0);
      }),
    );
  });

  test("a source that had nothing to say took part", () => {
    const step = new StepDrafts(3, [{ source: "workspace", draft: treeOf(3, []) }], ANY);
    expect(step.sources).toBe(sourceBit("workspace"));
  });

  test("the draft model prunes what others retrieved", () => {
    const nextProbs = [{ tokens: Int32Array.of(1, 2), probs: Float32Array.of(0.9, 0.1) }];
    const drafts: readonly SourceDraft[] = [
      {
        source: "workspace",
        draft: treeOf(3, [
          [0, 4],
          [1, 5],
          [0, 1],
        ]),
      },
      { source: "draftModel", draft: { ...treeOf(3, [[0, 1]]), nextProbs } },
    ];
    const step = new StepDrafts(3, drafts, { ...ANY, pruning: DEFAULT_PRUNING });
    expect(Array.from(step.fused.tokens)).toEqual([3, 1]);
    expect(step.numPruned).toBe(2);
    expect(Array.from(step.prunedFirst)).toEqual([4]);
  });

  test("a first token that another source keeps was not pruned", () => {
    const nextProbs = [{ tokens: Int32Array.of(1), probs: Float32Array.of(1) }];
    const drafts: readonly SourceDraft[] = [
      { source: "workspace", draft: treeOf(3, [[0, 4]]) },
      { source: "recycling", draft: treeOf(3, [[0, 4]]) },
      { source: "draftModel", draft: { ...treeOf(3, [[0, 1]]), nextProbs } },
    ];
    const step = new StepDrafts(3, drafts, { ...ANY, pruning: DEFAULT_PRUNING });
    expect(step.numPruned).toBe(1);
    expect(step.prunedFirst.size).toBe(0);
  });
});
