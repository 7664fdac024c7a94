/**
 * RASD's pruning: a retrieved continuation stays only where the draft model, or else the recycling store, thinks its
 * tokens possible. Between the drafts and their fusion; pure.
 *
 * @see RASD (arXiv 2503.03434), §3. We depart in one point: of a distribution only
 *   its likeliest tokens are known, so any other token counts as the most that it can be.
 */

import type { Token } from "../base/tokens.ts";
import type { Draft, TopProbs } from "./drafter.ts";
import { type DraftSource, type DraftTree, DraftTreeBuilder, ROOT } from "./draftTree.ts";

/** Whose drafts are pruned: those that copy what stood elsewhere. */
const RETRIEVAL_SOURCES: readonly DraftSource[] = ["workspace", "suffixMatch"];

/** Below what chance a retrieved token goes. */
export interface PruneSettings {
  /** The chance itself (τ_abs); 0 … 1. */
  readonly minProb: number;
  /** Its share of the likeliest token's (τ_rel); 0 … 1. */
  readonly minShare: number;
  /** Whether the recycling store judges first tokens in steps without a draft model. */
  readonly byRecycling: boolean;
}

/** §4.1's values. */
export const DEFAULT_PRUNING: PruneSettings = { minProb: 1e-4, minShare: 0.02, byRecycling: false };

/** A draft and who made it. */
export interface SourceDraft {
  readonly source: DraftSource;
  readonly draft: Draft;
}

/** What is known of the next token somewhere. */
interface Judgement extends TopProbs {
  /** The most that a token can have which is not listed. */
  readonly otherProb: number;
}

/** The drafts, in their order, without what pruning takes; the same where nobody can judge. Nothing else changes. */
export function pruneRetrieval(
  drafts: readonly SourceDraft[],
  settings: PruneSettings,
): readonly DraftTree[] {
  const judge = judgeOf(drafts, settings);
  return drafts.map(({ source, draft }) =>
    judge === undefined || !RETRIEVAL_SOURCES.includes(source)
      ? draft
      : prune(draft, judge, settings),
  );
}

/** A tree of what is known, and what is known at its nodes. */
interface Judge {
  readonly tree: DraftTree;
  readonly at: (node: number) => Judgement | undefined;
}

function judgeOf(
  drafts: readonly SourceDraft[],
  { byRecycling }: PruneSettings,
): Judge | undefined {
  const draftOf = (wanted: DraftSource) => drafts.find(({ source }) => source === wanted)?.draft;
  const model = draftOf("draftModel");
  if (model?.nextProbs?.[ROOT] !== undefined) {
    return { tree: model, at: (node) => boundOthers(model.nextProbs?.[node]) };
  }
  const row = byRecycling ? draftOf("recycling") : undefined;
  const first = row && firstTokens(row);
  return row && first && { tree: row, at: (node) => (node === ROOT ? first : undefined) };
}

function boundOthers(known: TopProbs | undefined): Judgement | undefined {
  if (known === undefined) return undefined;
  const rest = known.probs.reduce((left, prob) => left - prob, 1);
  return { ...known, otherProb: Math.max(0, Math.min(known.probs.at(-1) ?? 1, rest)) };
}

/** The store's row at the root: what it does not hold, the target has not thought likely there. */
function firstTokens(row: DraftTree): Judgement | undefined {
  const nodes = childrenOf(row, ROOT).sort((a, b) => row.scores[b]! - row.scores[a]!);
  if (nodes.length === 0) return undefined;
  return {
    tokens: Int32Array.from(nodes, (node) => row.tokens[node]!),
    probs: Float32Array.from(nodes, (node) => row.scores[node]!),
    otherProb: 0,
  };
}

function prune(draft: DraftTree, judge: Judge, settings: PruneSettings): DraftTree {
  const kept = new DraftTreeBuilder(draft.tokens[ROOT]!);
  // [draft.size] the same path in what is kept and in the judge's tree; -1 where there is none.
  const keptNodes = new Int32Array(draft.size).fill(-1);
  const judgeNodes = new Int32Array(draft.size).fill(-1);
  keptNodes[ROOT] = ROOT;
  judgeNodes[ROOT] = ROOT;
  for (let node = 1; node < draft.size; node++) {
    const parent = draft.parents[node]!;
    const token = draft.tokens[node]!;
    const judgeParent = judgeNodes[parent]!;
    const known = judgeParent === -1 ? undefined : judge.at(judgeParent);
    if (keptNodes[parent] === -1) continue;
    if (known !== undefined && !isPossible(token, known, settings)) continue;
    keptNodes[node] = kept.add(keptNodes[parent]!, token, {
      score: draft.scores[node]!,
      source: draft.sources[node]!,
      rank: draft.ranks[node]!,
      matchLength: draft.matchLengths[node]!,
    });
    if (judgeParent !== -1) {
      const same = childrenOf(judge.tree, judgeParent).find(
        (child) => judge.tree.tokens[child] === token,
      );
      judgeNodes[node] = same ?? -1;
    }
  }
  return kept.size === draft.size ? draft : kept.finish();
}

function isPossible(
  token: Token,
  { tokens, probs, otherProb }: Judgement,
  { minProb, minShare }: PruneSettings,
): boolean {
  const index = tokens.indexOf(token);
  const prob = index === -1 ? otherProb : probs[index]!;
  return prob >= Math.max(minProb, minShare * (probs[0] ?? 0));
}

function childrenOf(tree: DraftTree, parent: number): number[] {
  const children: number[] = [];
  for (let node = parent + 1; node < tree.size; node++) {
    if (tree.parents[node] === parent) children.push(node);
  }
  return children;
}
