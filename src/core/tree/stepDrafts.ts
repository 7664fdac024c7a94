/** What the drafters of one step proposed, fused. */

import type { Token } from "../base/tokens.ts";
import { type DraftTree, ROOT, sourceBit } from "./draftTree.ts";
import { type DraftableTokens, fuseDraftTrees } from "./fuseDraftTrees.ts";
import { type PruneSettings, pruneRetrieval, type SourceDraft } from "./pruneRetrieval.ts";

/** How drafts become one tree. */
export interface FuseSettings extends DraftableTokens {
  /** Absent: retrieved drafts are not pruned. */
  readonly pruning?: PruneSettings | undefined;
}

export class StepDrafts {
  /** Bits of the sources that drafted, also of those that had nothing to say. */
  readonly sources: number;
  /** Nodes that pruning took. */
  readonly numPruned: number;
  /** The union of all drafts. */
  readonly fused: DraftTree;
  /** First tokens that only pruned drafts had. */
  readonly prunedFirst: ReadonlySet<Token>;

  /** @param drafts - valid, and nobody else's to change. */
  constructor(rootToken: Token, drafts: readonly SourceDraft[], settings: FuseSettings) {
    this.sources = drafts.reduce((bits, { source }) => bits | sourceBit(source), 0);
    const all = drafts.map(({ draft }) => draft);
    const kept = prunedTrees(drafts, settings.pruning);
    this.numPruned = sizeOf(all) - sizeOf(kept);
    this.fused = fuseDraftTrees(rootToken, kept, settings);
    const isKept = firstTokens(kept);
    this.prunedFirst = new Set([...firstTokens(all)].filter((token) => !isKept.has(token)));
  }
}

function prunedTrees(
  drafts: readonly SourceDraft[],
  pruning: PruneSettings | undefined,
): readonly DraftTree[] {
  return pruning === undefined ? drafts.map(({ draft }) => draft) : pruneRetrieval(drafts, pruning);
}

function firstTokens(trees: readonly DraftTree[]): Set<Token> {
  const tokens = new Set<Token>();
  for (const tree of trees) {
    for (let node = 1; node < tree.size; node++) {
      if (tree.parents[node] === ROOT) tokens.add(tree.tokens[node]!);
    }
  }
  return tokens;
}

function sizeOf(trees: readonly DraftTree[]): number {
  return trees.reduce((sum, { size }) => sum + size, 0);
}
