import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Draft, TopProbs } from "../../src/core/tree/drafter.ts";
import {
  checkDraftTree,
  type DraftSource,
  type DraftTree,
  ROOT,
} from "../../src/core/tree/draftTree.ts";
import { fuseDraftTrees } from "../../src/core/tree/fuseDraftTrees.ts";
import {
  DEFAULT_PRUNING,
  type PruneSettings,
  pruneRetrieval,
  type SourceDraft,
} from "../../src/core/tree/pruneRetrieval.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, pathTokens, treeOf } from "../support/trees.ts";

const VOCAB_SIZE = 6;
const ANY = { vocabSize: VOCAB_SIZE, isEndToken: () => false };

function topProbs(...pairs: readonly (readonly [token: number, prob: number])[]): TopProbs {
  return {
    tokens: Int32Array.from(pairs, ([token]) => token),
    probs: Float32Array.from(pairs, ([, prob]) => prob),
  };
}

/** Some of the vocabulary, with falling probabilities that add up to 1 at most. */
const arbitraryTopProbs: fc.Arbitrary<TopProbs> = fc
  .tuple(
    fc.shuffledSubarray(
      Array.from({ length: VOCAB_SIZE }, (_, token) => token),
      { minLength: 1 },
    ),
    fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 7, maxLength: 7 }),
  )
  .map(([tokens, weights]) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const probs = weights.map((weight) => weight / total).sort((a, b) => b - a);
    return topProbs(...tokens.map((token, rank) => [token, probs[rank]!] as const));
  });

/** A draft model's tree: the distribution at the root is known, elsewhere it may be. */
const arbitraryModelDraft: fc.Arbitrary<Draft> = fc
  .tuple(
    arbitraryTree(VOCAB_SIZE, 10),
    fc.array(fc.option(arbitraryTopProbs, { nil: undefined }), { minLength: 10, maxLength: 10 }),
    arbitraryTopProbs,
  )
  .map(([tree, known, atRoot]) => ({
    ...tree,
    nextProbs: [atRoot, ...known.slice(1, tree.size)],
  }));

const arbitraryDrafts: fc.Arbitrary<readonly SourceDraft[]> = fc
  .tuple(
    arbitraryTree(VOCAB_SIZE, 12),
    arbitraryTree(VOCAB_SIZE, 12),
    arbitraryTree(VOCAB_SIZE, 8),
    fc.option(arbitraryModelDraft, { nil: undefined }),
  )
  .map(([workspace, suffixMatch, recycling, draftModel]) => [
    { source: "workspace", draft: workspace },
    { source: "suffixMatch", draft: suffixMatch },
    { source: "recycling", draft: recycling },
    ...(draftModel === undefined ? [] : [{ source: "draftModel", draft: draftModel } as const]),
  ]);
const arbitrarySettings: fc.Arbitrary<PruneSettings> = fc.record({
  minProb: fc.double({ min: 0, max: 0.3, noNaN: true }),
  minShare: fc.double({ min: 0, max: 1, noNaN: true }),
  byRecycling: fc.boolean(),
});

const pathsOf = (tree: DraftTree) =>
  new Set(Array.from(tree.tokens.keys(), (node) => pathTokens(tree, node).join()));
const draftOf = (drafts: readonly SourceDraft[], wanted: DraftSource) =>
  drafts.find(({ source }) => source === wanted)?.draft;

/** The most that a token can have, and what it needs. */
function judged({ tokens, probs }: TopProbs, token: number, settings: PruneSettings) {
  const listed = probs[tokens.indexOf(token)];
  const rest = probs.reduce((left, prob) => left - prob, 1);
  const most = listed ?? Math.max(0, Math.min(probs.at(-1)!, rest));
  return { most, needed: Math.max(settings.minProb, settings.minShare * probs[0]!) };
}

function forAll(
  check: (
    drafts: readonly SourceDraft[],
    settings: PruneSettings,
    pruned: readonly DraftTree[],
  ) => void,
): void {
  fc.assert(
    fc.property(arbitraryDrafts, arbitrarySettings, (drafts, settings) =>
      check(drafts, settings, pruneRetrieval(drafts, settings)),
    ),
    { numRuns: NUM_RUNS },
  );
}

describe("pruneRetrieval", () => {
  test("what is fused is a trie, the union of what was kept", () => {
    forAll((_drafts, _settings, pruned) => {
      const fused = fuseDraftTrees(0, pruned, ANY);
      expect(checkDraftTree(fused)).toBeUndefined();
      expect(pathsOf(fused)).toEqual(
        new Set(["", ...pruned.flatMap((tree) => [...pathsOf(tree)])]),
      );
    });
  });

  test("first tokens that are retrieved stay if the draft model thinks them possible, and only then", () => {
    forAll((drafts, settings, pruned) => {
      const atRoot = draftOf(drafts, "draftModel")?.nextProbs?.[ROOT];
      if (atRoot === undefined) return;
      for (const [index, source] of (["workspace", "suffixMatch"] as const).entries()) {
        const kept = pathsOf(pruned[index]!);
        for (const path of pathsOf(draftOf(drafts, source)!)) {
          if (path === "" || path.includes(",")) continue;
          const { most, needed } = judged(atRoot, Number(path), settings);
          expect(kept.has(path)).toBe(most >= needed);
        }
      }
    });
  });

  test("takes whole subtrees, changes no column of what stays, and no draft of any other source", () => {
    forAll((drafts, _settings, pruned) => {
      for (const [index, { source, draft }] of drafts.entries()) {
        const kept = pruned[index]!;
        expect(checkDraftTree(kept)).toBeUndefined();
        if (source === "recycling" || source === "draftModel") expect(kept).toBe(draft);
        const paths = Array.from(draft.tokens.keys(), (node) => pathTokens(draft, node).join());
        for (let node = 1; node < kept.size; node++) {
          const origin = paths.indexOf(pathTokens(kept, node).join());
          expect(origin).toBeGreaterThan(0);
          for (const column of ["scores", "sources", "ranks", "matchLengths"] as const) {
            expect(kept[column][node]).toBe(draft[column][origin]);
          }
        }
      }
    });
  });

  test("changes nothing the second time", () => {
    forAll((drafts, settings, pruned) => {
      const again = pruned.map((tree, index) => ({
        source: drafts[index]!.source,
        draft: { ...drafts[index]!.draft, ...tree },
      }));
      expect(pruneRetrieval(again, settings).map(pathsOf)).toEqual(pruned.map(pathsOf));
    });
  });

  test("keeps the same in any order of the drafts, so that their fusion says the same", () => {
    forAll((drafts, settings, pruned) => {
      const backwards = pruneRetrieval(drafts.toReversed(), settings).toReversed();
      expect(backwards.map(pathsOf)).toEqual(pruned.map(pathsOf));
      const paths = pathsOf(fuseDraftTrees(0, pruned, ANY));
      expect(pathsOf(fuseDraftTrees(0, backwards.toReversed(), ANY))).toEqual(paths);
    });
  });

  test("higher thresholds keep no more", () => {
    forAll((drafts, settings, pruned) => {
      const stricter = pruneRetrieval(drafts, {
        ...settings,
        minProb: settings.minProb + 0.05,
        minShare: Math.min(1, settings.minShare + 0.05),
      });
      for (const [index, tree] of stricter.entries()) {
        for (const path of pathsOf(tree)) expect(pathsOf(pruned[index]!).has(path)).toBe(true);
      }
    });
  });

  test("where the draft has the same path, its distribution there judges what comes next", () => {
    const workspace = treeOf(0, [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 4],
      [4, 2],
    ]);
    const model = {
      ...treeOf(0, [
        [0, 1],
        [1, 5],
      ]),
      nextProbs: [topProbs([1, 0.6], [4, 0.3]), topProbs([5, 0.9], [3, 0.09]), undefined],
    };
    const drafts = [
      { source: "workspace", draft: workspace },
      { source: "draftModel", draft: model },
    ] as const;
    const [kept] = pruneRetrieval(drafts, { ...DEFAULT_PRUNING, minShare: 0.05 });
    // 2 is not what the model sees after 1; after 4, which it has not looked beyond, anything may come.
    expect(pathsOf(kept!)).toEqual(new Set(["", "1", "4", "4,2"]));
  });

  test("a token that the distribution does not list has what the list leaves, the last one's at most", () => {
    const workspace = treeOf(0, [[0, 5]]);
    const keeps = (...pairs: readonly (readonly [number, number])[]) => {
      const draft = { ...treeOf(0, []), nextProbs: [topProbs(...pairs)] };
      const drafts = [
        { source: "workspace", draft: workspace },
        { source: "draftModel", draft },
      ] as const;
      return pruneRetrieval(drafts, { ...DEFAULT_PRUNING, minShare: 0.1 })[0]!.size === 2;
    };
    expect(keeps([1, 0.5], [2, 0.1])).toBe(true);
    expect(keeps([1, 0.5], [2, 0.04])).toBe(false);
    expect(keeps([1, 0.6], [2, 0.39])).toBe(false);
  });

  test("without a draft model the recycling store judges first tokens, if it is asked to and knows any", () => {
    const suffixMatch = treeOf(0, [
      [0, 1],
      [1, 5],
      [0, 2],
      [0, 3],
    ]);
    const prune = (recycling: DraftTree, byRecycling: boolean) =>
      pruneRetrieval(
        [
          { source: "suffixMatch", draft: suffixMatch },
          { source: "recycling", draft: recycling },
        ],
        { ...DEFAULT_PRUNING, minShare: 0.1, byRecycling },
      )[0]!;
    const row = treeOf(0, [
      [0, 1, 0.5],
      [0, 2, 0.04],
    ]);
    expect(pathsOf(prune(row, true))).toEqual(new Set(["", "1", "1,5"]));
    expect(prune(row, false)).toBe(suffixMatch);
    expect(prune(treeOf(0, []), true)).toBe(suffixMatch);
  });
});
