/** What the target thinks of drafts that something else wrote: all of them as one tree, in one pass. */

import { concatTokens } from "../base/tokens.ts";
import type { BranchedTarget } from "../tree/branchedTarget.ts";
import { type DraftTree, DraftTreeBuilder, ROOT } from "../tree/draftTree.ts";
import type { TreeLogits } from "../tree/targetModel.ts";
import { constrainedRow, type TokenConstraint } from "../tree/tokenConstraint.ts";
import { MIN_ALTERNATIVE_LOG_PROB } from "./branchPoints.ts";

/** Where a draft is cut: before the first token under a floor. Natural logarithms. */
export interface DraftFloors {
  /** Of one token. */
  readonly minTokenLogProb: number;
  /** Of the mean from the draft's start to the token, over {@link MIN_MEAN_TOKENS} at least. */
  readonly minMeanLogProb: number;
}

/** Missing tokens count as certain: where a text begins even the target's own choice is often unlikely. */
export const MIN_MEAN_TOKENS = 4;

/** A token as unlikely as an alternative may be; one in ten on average. */
export const DRAFT_FLOORS: DraftFloors = {
  minTokenLogProb: MIN_ALTERNATIVE_LOG_PROB,
  minMeanLogProb: Math.log(0.1),
};
export const NO_FLOORS: DraftFloors = {
  minTokenLogProb: Number.NEGATIVE_INFINITY,
  minMeanLogProb: Number.NEGATIVE_INFINITY,
};

export interface VerifyDraftsParams {
  readonly target: BranchedTarget;
  readonly promptTokens: Int32Array;
  /** What the cache shall hold behind the prompt before and after; see `SuperposedParams`. */
  readonly keptTokens: Int32Array;
  readonly drafts: readonly Int32Array[];
  readonly floors?: DraftFloors;
  /** What the outputs may be: a draft ends before a token that may not come. */
  readonly constraint?: TokenConstraint | undefined;
}

/** What is left of a draft. */
export interface VerifiedDraft {
  readonly tokens: Int32Array;
  /** [tokens.length] natural log-probabilities under the target. */
  readonly logProbs: Float64Array;
}

/**
 * Log-probabilities of every token of every draft, by one pass over their trie. Where the pass has too few rows for
 * all, every draft loses its end.
 *
 * @returns [drafts.length] the drafts up to a floor; possibly nothing of one.
 * @throws RangeError for more drafts than a branch has leaves; EngineError; AbortError. The cache holds the same as
 *   before, at every throw, too.
 */
export async function verifyDrafts(
  params: VerifyDraftsParams,
  signal: AbortSignal,
): Promise<VerifiedDraft[]> {
  const { target, promptTokens, keptTokens, drafts, floors = DRAFT_FLOORS, constraint } = params;
  await target.prefill(concatTokens(promptTokens, keptTokens).subarray(0, -1), signal);
  using branch = target.openBranches(Int32Array.of(promptTokens.length - 1));
  const { tree, paths } = trieOf(
    promptTokens.at(-1)!,
    drafts,
    Math.min(branch.maxNodes, branch.numFree),
  );
  if (tree.size === 1) return drafts.map((draft) => cutDraft(draft, new Float64Array(0), floors));
  const [logits] = await branch.evaluateTrees([tree], signal);
  const logProbs = nodeLogProbs(tree, logits!, constraint);
  return drafts.map((draft, index) =>
    cutDraft(
      draft,
      Float64Array.from(paths[index]!, (node) => logProbs[node]!),
      floors,
    ),
  );
}

/** The drafts as one tree of at most `maxSize` nodes, and the nodes of each; longer ones end where it is full. */
function trieOf(rootToken: number, drafts: readonly Int32Array[], maxSize: number) {
  const trie = new DraftTreeBuilder(rootToken);
  const paths: number[][] = drafts.map(() => []);
  const maxLength = Math.max(0, ...drafts.map(({ length }) => length));
  // Level by level, so that all lose alike.
  for (let depth = 0; depth < maxLength && trie.size < maxSize; depth++) {
    drafts.forEach((draft, index) => {
      const path = paths[index]!;
      if (path.length < depth || depth >= draft.length) return;
      const parent = path.at(-1) ?? ROOT;
      const known = trie.child(parent, draft[depth]!);
      if (known === -1 && trie.size >= maxSize) return;
      path.push(known !== -1 ? known : trie.add(parent, draft[depth]!, { score: 1, source: 0 }));
    });
  }
  return { tree: trie.finish(), paths };
}

/** [tree.size] ln P(the node's token | its path); the root has none. Row by row, as a row is dear to load. */
function nodeLogProbs(
  tree: DraftTree,
  logits: TreeLogits,
  constraint: TokenConstraint | undefined,
): Float64Array {
  const logProbs = new Float64Array(tree.size);
  /** [tree.size] what may come behind a node. */
  const states = [constraint];
  const children: number[][] = Array.from({ length: tree.size }, () => []);
  for (let node = 1; node < tree.size; node++) children[tree.parents[node]!]!.push(node);
  children.forEach((nodes, parent) => {
    if (nodes.length === 0) return;
    const row = constrainedRow(logits, parent, states[parent]);
    const logSumExp = row.logSumExp();
    for (const node of nodes) {
      const token = tree.tokens[node]!;
      logProbs[node] = row.logit(token) - logSumExp;
      states[node] = states[parent]?.after(token);
    }
  });
  return logProbs;
}

function cutDraft(
  draft: Int32Array,
  logProbs: Float64Array,
  { minTokenLogProb, minMeanLogProb }: DraftFloors,
): VerifiedDraft {
  let sum = 0;
  let length = 0;
  for (const logProb of logProbs) {
    sum += logProb;
    const mean = sum / Math.max(MIN_MEAN_TOKENS, length + 1);
    if (
      logProb === Number.NEGATIVE_INFINITY ||
      !(logProb >= minTokenLogProb && mean >= minMeanLogProb)
    )
      break;
    length++;
  }
  return { tokens: draft.slice(0, length), logProbs: logProbs.slice(0, length) };
}
