/** Several drafters' trees become one trie: RASD's longest-prefix merge (arXiv 2503.03434). */

import type { Token } from "../base/tokens.ts";
import { type DraftTree, DraftTreeBuilder, ROOT } from "./draftTree.ts";

/** What may stand where in a fused tree. */
export interface DraftableTokens {
  /** Ids from 0 below this are the target's; a node outside is left out with everything below it. */
  readonly vocabSize: number;
  /** Whether a token ends the output: it may stand, nothing below it can be accepted into the output. */
  readonly isEndToken: (token: Token) => boolean;
}

/**
 * The union of all paths. A node that several sources propose keeps all their bits, and their scores combined as
 * independent estimates. The drafts must be valid.
 */
export function fuseDraftTrees(
  rootToken: Token,
  drafts: readonly DraftTree[],
  { vocabSize, isEndToken }: DraftableTokens,
): DraftTree {
  const fused = new DraftTreeBuilder(rootToken);
  for (const draft of drafts) {
    // [draft.size] node of the draft → node of the union; -1 where it was left out.
    const unionNodes = new Int32Array(draft.size).fill(-1);
    unionNodes[ROOT] = ROOT;
    for (let node = 1; node < draft.size; node++) {
      const parent = unionNodes[draft.parents[node]!]!;
      const token = draft.tokens[node]!;
      if (parent === -1 || !(token >= 0 && token < vocabSize)) continue;
      if (draft.parents[node] !== ROOT && isEndToken(draft.tokens[draft.parents[node]!]!)) continue;
      unionNodes[node] = fused.add(parent, token, {
        score: draft.scores[node]!,
        source: draft.sources[node]!,
      });
    }
  }
  return fused.finish();
}
