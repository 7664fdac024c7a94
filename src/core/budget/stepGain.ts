/** What a step's choice of nodes brings, and what it would have brought without one of the sources. In tokens; pure. */

import { type DraftSource, type DraftTree, ROOT, sourceBit } from "../tree/draftTree.ts";
import {
  chooseNumNodes,
  type NodeChoice,
  type RankedNodes,
  rankNodes,
  treeOfRanked,
  type VerifyCost,
  type VerifyLimits,
} from "./draftBudget.ts";

/** What a choice is made by. */
export interface ChoiceTerms {
  readonly limits: VerifyLimits;
  readonly cost: VerifyCost;
  /** What survival as a whole is off by. */
  readonly correction: number;
}

/** The best nodes of a tree whose scores are calibrated. */
export function chooseNodes(
  calibrated: DraftTree,
  { limits, cost, correction }: ChoiceTerms,
): { readonly ranked: RankedNodes; readonly choice: NodeChoice } {
  const ranked = rankNodes(calibrated, limits);
  const survival = ranked.survival.map((value) => Math.min(1, value * correction));
  return { ranked, choice: chooseNumNodes(survival, cost) };
}

/** Expected gain of the best choice without the nodes that only this source proposed: known with little noise. */
export function gainWithoutNodes(
  calibrated: DraftTree,
  source: DraftSource,
  terms: ChoiceTerms,
): number {
  const bit = sourceBit(source);
  const scores = calibrated.scores.map((score, node) =>
    calibrated.sources[node] === bit ? 0 : score,
  );
  return chooseNodes({ ...calibrated, scores }, terms).choice.gain;
}

/** A pass that was made. */
export interface MadePass {
  readonly numRows: number;
  readonly numAccepted: number;
  /** [numAccepted + 1] what the target chose. */
  readonly committed: Int32Array;
}

/**
 * What a pass brought beyond the best one with other drafts; the target's choices tell how far those would have held.
 * Less than 0 where they would have done better.
 *
 * @param others - calibrated for drafts of the other sources alone.
 */
export function realisedGain(pass: MadePass, others: DraftTree, terms: ChoiceTerms): number {
  const { passMs, treeMs, tokensPerMs } = terms.cost;
  const { ranked, choice } = chooseNodes(others, terms);
  const instead = treeOfRanked(ranked, choice.numNodes);
  const msOf = (numRows: number) => passMs(numRows) + (numRows > 1 ? treeMs : 0);
  const costMs = msOf(pass.numRows) - msOf(instead.size);
  return pass.numAccepted - numAcceptedOf(instead, pass.committed) - tokensPerMs * costMs;
}

/** How many nodes the target would have accepted: by what it chose as far as that is known, then by their scores. */
function numAcceptedOf(tree: DraftTree, committed: Int32Array): number {
  let depth = 0;
  let at: number = ROOT;
  for (let node = 1; node < tree.size && depth < committed.length; node++) {
    if (tree.parents[node] !== at || tree.tokens[node] !== committed[depth]) continue;
    at = node;
    depth++;
  }
  if (depth < committed.length) return depth;
  const survival = new Float32Array(tree.size);
  survival[at] = 1;
  let expected = depth;
  for (let node = at + 1; node < tree.size; node++) {
    survival[node] = survival[tree.parents[node]!]! * tree.scores[node]!;
    expected += survival[node]!;
  }
  return expected;
}
