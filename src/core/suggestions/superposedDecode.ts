/**
 * Superposed Decoding: k drafts for the price of one. Each step feeds one vector, the weighted mean of the drafts' last
 * token embeddings, and all drafts choose from the one distribution that comes out; n-grams tell them apart. The rows it
 * leaves in the cache are no draft's own, so all of it happens on a branch that is dropped at the end.
 *
 * @see Shen et al., Superposed Decoding: Multiple Generations from a Single Autoregressive Inference Pass
 *   (arXiv 2405.18400, NeurIPS 2024), Algorithm 1. We depart in one point: step 0 renormalises over the
 *   best m tokens as every other step does, since rows are read by their best entries only.
 */

import { concatTokens, type Token } from "../base/tokens.ts";
import type { BranchedTarget, TargetBranches } from "../tree/branchedTarget.ts";
import { ROOT, rootOnlyTree } from "../tree/draftTree.ts";
import type { TopK, TreeLogits } from "../tree/targetModel.ts";
import { constrainedRow, constraintAfter, type TokenConstraint } from "../tree/tokenConstraint.ts";
import type { NgramModel } from "./ngramModel.ts";
import {
  mixtureWeights,
  type PartialDraft,
  type SuperposedSettings,
  scoreCandidates,
  selectDrafts,
  sharpened,
} from "./superposedCandidates.ts";

export interface SuperposedParams {
  /** The target, or a draft model of its vocabulary. */
  readonly model: BranchedTarget;
  /** Its last token is the first input. */
  readonly promptTokens: Int32Array;
  /** What the cache shall hold behind the prompt before and after: the first suggestion, or nothing. */
  readonly keptTokens: Int32Array;
  /** The text before the cursor without markers, whose end begins every n-gram. */
  readonly prefixTokens: Int32Array;
  readonly ngrams: NgramModel;
  readonly settings: SuperposedSettings;
  /** Whether a token ends a draft; it is not part of it. */
  readonly endsDraft: (token: Token) => boolean;
  /** What the drafts may be; absent: anything. */
  readonly constraint?: TokenConstraint | undefined;
}

/** A proposal for a suggestion; what it is worth the target says (`verifyDrafts.ts`). */
export interface SuperposedDraft {
  /** [1 … maxTokens] */
  readonly tokens: Int32Array;
  /** ln of the superposed score; comparable within one call only. */
  readonly logScore: number;
}

/** n-grams look back no further. */
const MAX_HISTORY = 8;
/** Of a row that stands alone. */
const ONE_ROW = { nodes: new Int32Array(0), bonusToken: 0 };

/**
 * @returns at most numDrafts different drafts, best first; none where the context has no room. And the model's passes.
 * @throws EngineError from the model; AbortError. At every throw, too, the cache holds the prompt, but for its last
 *   token if nothing is kept behind it, and the kept tokens.
 */
export async function superposedDecode(
  params: SuperposedParams,
  signal: AbortSignal,
): Promise<{ drafts: SuperposedDraft[]; numPasses: number }> {
  const { model, promptTokens, keptTokens, settings } = params;
  await model.prefill(concatTokens(promptTokens, keptTokens).subarray(0, -1), signal);
  const finished: PartialDraft[] = [];
  using branch = model.openBranches(Int32Array.of(promptTokens.length - 1));
  if (branch.numFree < 1) return { drafts: [], numPasses: 0 };
  const [logits] = await branch.evaluateTrees([rootOnlyTree(promptTokens.at(-1)!)], signal);
  branch.commit([ONE_ROW]);
  let live = firstDrafts(logits!, params, finished);
  let numPasses = 1;
  for (let length = 1; length < settings.maxTokens && live.length > 0; length++) {
    if (branch.numFree < 1 || isSettled(live, finished, settings.numDrafts)) break;
    const tops = await evaluateMixture(branch, live, params, signal);
    live = chooseDrafts(scoreAll(live, tops, params), params, finished);
    numPasses++;
  }
  const drafts = [...finished, ...live]
    .sort((a, b) => b.logScore - a.logScore)
    .slice(0, settings.numDrafts)
    .map(({ tokens, logScore }) => ({ tokens: Int32Array.from(tokens), logScore }));
  return { drafts, numPasses };
}

/** Scores never rise, so no live draft can still displace the finished ones. */
function isSettled(
  live: readonly PartialDraft[],
  finished: readonly PartialDraft[],
  numDrafts: number,
): boolean {
  const best = live[0]?.logScore ?? Number.NEGATIVE_INFINITY;
  return finished.filter(({ logScore }) => logScore >= best).length >= numDrafts;
}

/** Draft i starts with the i-th best token. */
function firstDrafts(
  logits: TreeLogits,
  params: SuperposedParams,
  finished: PartialDraft[],
): readonly PartialDraft[] {
  const { settings, constraint } = params;
  const row = constrainedRow(logits, ROOT, constraint);
  const top = row.topK(Math.max(settings.numCandidates, settings.numDrafts));
  const logProbs = sharpened(top, settings.temperature);
  const candidates = Array.from(top.tokens, (token, rank) => ({
    tokens: [token],
    logScore: logProbs[rank]!,
  }));
  return chooseDrafts(candidates, params, finished);
}

function chooseDrafts(
  candidates: readonly PartialDraft[],
  { settings, endsDraft }: SuperposedParams,
  finished: PartialDraft[],
): readonly PartialDraft[] {
  const selection = selectDrafts(candidates, settings.numDrafts, endsDraft);
  for (const draft of selection.finished) {
    // A draft of nothing is none, and another end token makes no other draft.
    const text = draft.tokens.join();
    const isNew = finished.every(({ tokens }) => tokens.join() !== text);
    if (text !== "" && isNew) finished.push(draft);
  }
  return selection.live;
}

function scoreAll(live: readonly PartialDraft[], tops: readonly TopK[], params: SuperposedParams) {
  const history = Array.from(params.prefixTokens.subarray(-MAX_HISTORY));
  return scoreCandidates(live, tops, params.settings, params.ngrams, history);
}

/** One row of x = Σ γ_i E[last token of draft i], and for each draft the best tokens that may follow it. */
async function evaluateMixture(
  branch: TargetBranches,
  live: readonly PartialDraft[],
  { model, settings, constraint }: SuperposedParams,
  signal: AbortSignal,
): Promise<TopK[]> {
  const weights = mixtureWeights(live);
  const rows = model.embeddingRows(Int32Array.from(live, ({ tokens }) => tokens.at(-1)!));
  const mixture = mixRows(rows, weights);
  const [logits] = await branch.evaluateEmbeddings([rootOnlyTree(0)], mixture, signal);
  const tops = live.map(({ tokens }) =>
    constrainedRow(logits!, ROOT, constraintAfter(constraint, tokens)).topK(settings.numCandidates),
  );
  branch.commit([ONE_ROW]);
  return tops;
}

/**
 * [width] the weighted sum of embedding rows.
 * @param rows - [weights.length, width]
 */
export function mixRows(rows: Float32Array, weights: Float64Array): Float32Array {
  const width = rows.length / weights.length;
  const mixture = new Float32Array(width);
  weights.forEach((weight, row) => {
    for (let i = 0; i < width; i++) mixture[i]! += weight * rows[row * width + i]!;
  });
  return mixture;
}
