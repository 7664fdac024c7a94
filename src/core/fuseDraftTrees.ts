/** Several drafters' trees become one trie: RASD's longest-prefix merge (arXiv 2503.03434; ALGORITHMS §4.1, §4.4). */
import { type DraftTree, DraftTreeBuilder, ROOT } from "./draftTree.ts";
import type { Token } from "./tokens.ts";

/**
 * The union of all paths. A node that several sources propose keeps all their bits, and their scores combined as
 * independent estimates. The drafts must be valid.
 *
 * @param isDraftable - whether a token may be drafted at all; a node that fails is left out with everything below it
 *   (ids outside the vocabulary; end tokens may stand but the caller's predicate decides).
 */
export function fuseDraftTrees(
  rootToken: Token,
  drafts: readonly DraftTree[],
  isDraftable: (token: Token) => boolean,
): DraftTree {
  const fused = new DraftTreeBuilder(rootToken);
  for (const draft of drafts) {
    // [draft.size] node of the draft → node of the union; -1 where it was left out.
    const unionNodes = new Int32Array(draft.size).fill(-1);
    unionNodes[ROOT] = ROOT;
    for (let node = 1; node < draft.size; node++) {
      const parent = unionNodes[draft.parents[node]!]!;
      if (parent === -1 || !isDraftable(draft.tokens[node]!)) continue;
      unionNodes[node] = fused.add(parent, draft.tokens[node]!, {
        score: draft.scores[node]!,
        source: draft.sources[node]!,
        rank: draft.ranks[node]!,
        matchLength: draft.matchLengths[node]!,
      });
    }
  }
  return fused.finish();
}
