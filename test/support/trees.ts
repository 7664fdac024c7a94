/** Trees for tests: written down, or arbitrary. */
import fc from "fast-check";
import { type DraftTree, DraftTreeBuilder, sourceBit } from "../../src/core/tree/draftTree.ts";

/** A tree from its rows below the root. */
export function treeOf(
  rootToken: number,
  rows: readonly (readonly [parent: number, token: number, score?: number, source?: number])[],
): DraftTree {
  const builder = new DraftTreeBuilder(rootToken);
  for (const [parent, token, score = 0.5, source = sourceBit("recycling")] of rows) {
    builder.add(parent, token, { score, source });
  }
  return builder.finish();
}

/** Arbitrary valid trees; equal siblings merge, so the size is at most `maxSize`. */
export function arbitraryTree(vocabSize: number, maxSize: number): fc.Arbitrary<DraftTree> {
  const row = fc.record({
    parent: fc.nat(),
    token: fc.nat(vocabSize - 1),
    score: fc.float({ min: Math.fround(0.01), max: 1, noNaN: true }),
    source: fc.integer({ min: 0, max: 31 }),
  });
  return fc
    .tuple(fc.nat(vocabSize - 1), fc.array(row, { maxLength: maxSize - 1 }))
    .map(([root, rows]) => {
      const builder = new DraftTreeBuilder(root);
      for (const { parent, ...rest } of rows) {
        builder.add(parent % builder.size, rest.token, { score: rest.score, source: rest.source });
      }
      return builder.finish();
    });
}

/** The tokens from the root's child down to `node`. */
export function pathTokens(tree: DraftTree, node: number): number[] {
  const tokens: number[] = [];
  for (let at = node; at > 0; at = tree.parents[at]!) tokens.unshift(tree.tokens[at]!);
  return tokens;
}
