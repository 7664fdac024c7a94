/**
 * From the first suggestion to the others: what an engine or a benchmark calls. Two proposers, whose proposals the target
 * itself finishes and scores: its own alternatives at early positions, and Superposed Decoding. Which of them are
 * offered, `rankSuggestions.ts` says.
 */

import { commonPrefixLength, type Token } from "../base/tokens.ts";
import type { DraftPolicy } from "../budget/draftPolicy.ts";
import { speculativeDecode } from "../decode/speculativeDecode.ts";
import type { BranchedTarget } from "../tree/branchedTarget.ts";
import { type DecodeStats, emptyDecodeStats } from "../tree/decodeStats.ts";
import type { Drafter } from "../tree/drafter.ts";
import type { Generation } from "../tree/generation.ts";
import type { Opening } from "../tree/opening.ts";
import { type BranchPoint, BranchPointCollector, type TokenText } from "./branchPoints.ts";
import type { BranchStart, ScoredSuggestion } from "./branchRun.ts";
import type { BranchSelection } from "./branchSelection.ts";
import { type BranchDecode, type BranchDecodeParams, decodeBranches } from "./decodeBranches.ts";
import type { NgramModel } from "./ngramModel.ts";
import type { SuperposedSettings } from "./superposedCandidates.ts";
import { superposedDecode } from "./superposedDecode.ts";
import {
  DRAFT_FLOORS,
  type DraftFloors,
  type VerifiedDraft,
  verifyDrafts,
} from "./verifyDrafts.ts";

/** Branches that may take a suggestion's place: each more leaves fewer leaves for the draft trees of all. */
const NUM_RESERVES = 8;

/** What both proposers are given. */
export interface AlternativesParams
  extends Omit<BranchDecodeParams, "firstTokens" | "starts" | "selection"> {
  /** The target's greedy completion, decoded already. */
  readonly first: Pick<Generation, "tokens" | "finishReason" | "stats">;
}

/** Asks for suggestions of which each can be offered. */
interface OfferableParams {
  /** Suggestions beside the first, at most. */
  readonly count: number;
  /** What would be shown of an output. With it, others are decoded in place of those that would not be offered. */
  readonly textOf?: BranchSelection["textOf"];
}

export interface BranchAlternatives extends AlternativesParams, OfferableParams {
  /** Watched the decoding of the first suggestion, and its opening if it has one. */
  readonly branchPoints: BranchPointCollector;
}

/** What decodes the first suggestion and the others in the same passes. */
export interface TogetherParams extends Omit<AlternativesParams, "first">, OfferableParams {
  readonly text: TokenText;
  /** Of the first suggestion; `draftersOf` makes those of the others. */
  readonly drafters: () => readonly Drafter[];
  /** Until the branches part. */
  readonly policy?: DraftPolicy;
  /** What the first begins with, and others might. */
  readonly opening?: Opening | undefined;
}

export interface TogetherDecode extends BranchDecode {
  readonly first: ScoredSuggestion;
  /** Passes until the branches parted. */
  readonly headStats: DecodeStats;
}

export interface SuperposedAlternatives extends AlternativesParams {
  /** Runs the superposition: a draft model of the target's vocabulary, or the target. */
  readonly proposer: BranchedTarget;
  readonly ngrams: NgramModel;
  readonly settings: SuperposedSettings;
  readonly endsDraft: (token: Token) => boolean;
  readonly floors?: DraftFloors;
}

/**
 * Suggestions that leave the first where the target itself might have; none where its state cannot be branched.
 * @throws what {@link decodeBranches} throws.
 */
export function decodeAlternatives(
  params: BranchAlternatives,
  signal: AbortSignal,
): Promise<BranchDecode> {
  const { first, branchPoints, target, textOf, passMs } = params;
  const { tokens, finishReason, stats } = first;
  // Where the model ended the output itself it might have gone on.
  const numTokens = tokens.length + (finishReason === "endToken" ? 1 : 0);
  const count = Math.min(params.count, target.maxOpenBranches);
  const numStarts = numStartsOf(count, target.maxOpenBranches, textOf !== undefined);
  const starts = branchPoints.choose(numStarts, numTokens).map(startOf);
  const spentMs = spentOn(stats, passMs);
  const selection = textOf && { selection: { count, textOf, firstFinish: finishReason, spentMs } };
  return decodeBranches({ ...params, firstTokens: tokens, starts, ...selection }, signal);
}

/** What passes cost, each as if it had had as many rows as all had on average; in passes where t(n) is not known. */
function spentOn(
  { numSteps, numDraftTokens }: DecodeStats,
  passMs: (numRows: number) => number = () => 1,
): number {
  return numSteps === 0 ? 0 : numSteps * passMs(Math.round(1 + numDraftTokens / numSteps));
}

/** Branches opened for so many suggestions: others wait, as far as there are sequences. */
function numStartsOf(count: number, maxOpen: number, hasSelection: boolean): number {
  return Math.min(maxOpen, hasSelection ? count + NUM_RESERVES : count);
}

function startOf({ position, tokens, logProbs }: BranchPoint): BranchStart {
  return { numShared: position, tokens, logProbs };
}

/**
 * The first suggestion alone as far as branches may leave it, then all of them side by side: where a pass of k rows costs
 * little more than one of a single row, k suggestions take about the time of one.
 *
 * @returns the first, and `suggestions`, the others.
 * @throws what {@link decodeBranches} throws.
 */
export async function decodeTogether(
  params: TogetherParams,
  signal: AbortSignal,
): Promise<TogetherDecode> {
  const { target, context, text, textOf, drafters, newLimits, maxDraftNodes, observer } = params;
  const { onSuggestion, ...rest } = observer;
  const limits = newLimits();
  const branchPoints = new BranchPointCollector(text, limits.constraint);
  const { opening } = params;
  if (opening !== undefined) branchPoints.open(opening);
  // One for the first, one for another.
  const canBranch = target.maxOpenBranches > 1;
  const { maxPositions } = branchPoints;
  const maxTokens = canBranch ? Math.min(limits.maxTokens, maxPositions) : limits.maxTokens;
  const head = await speculativeDecode(
    {
      target,
      drafters: drafters(),
      context,
      opening,
      limits: { ...limits, maxTokens },
      maxDraftNodes,
      ...(params.policy === undefined ? {} : { policy: params.policy }),
      observer: { ...rest, onVerified: (step) => branchPoints.observe(step) },
    },
    signal,
  );
  const headStats = head.stats;
  const logProbs = branchPoints.logProbs.slice(0, head.tokens.length);
  if (head.finishReason !== "maxTokens" || maxTokens === limits.maxTokens) {
    const { tokens, finishReason } = head;
    onSuggestion?.(0, { tokens, logProbs, finishReason });
    const others = await decodeAlternatives(
      {
        ...params,
        first: head,
        branchPoints,
        observer: { ...rest, onSuggestion: (index, other) => onSuggestion?.(index + 1, other) },
      },
      signal,
    );
    return { ...others, first: { tokens, logProbs, finishReason }, headStats };
  }
  const numShared = head.tokens.length - 1;
  const first = { numShared, tokens: head.tokens.slice(numShared), logProbs, isFirst: true };
  const maxOpen = target.maxOpenBranches - 1;
  const count = Math.min(params.count, maxOpen);
  const points = branchPoints.choose(
    numStartsOf(count, maxOpen, textOf !== undefined),
    head.tokens.length,
  );
  const spentMs = spentOn(headStats, params.passMs);
  const selection = textOf && { selection: { count, textOf, spentMs } };
  const { suggestions, ...counts } = await decodeBranches(
    {
      ...params,
      firstTokens: head.tokens,
      starts: [first, ...points.map(startOf)],
      ...selection,
      draftersOf: (start) => (start.isFirst ? drafters() : (params.draftersOf?.(start) ?? [])),
    },
    signal,
  );
  return {
    first: suggestions[0]!,
    suggestions: suggestions.slice(1),
    ...counts,
    headStats,
  };
}

/**
 * Suggestions that begin with what is left of superposed drafts above the floors, and that the target goes on with. None
 * where a model's state cannot be branched.
 * @throws what {@link decodeBranches} throws, and the proposer.
 */
export async function decodeSuperposedAlternatives(
  params: SuperposedAlternatives,
  signal: AbortSignal,
): Promise<BranchDecode> {
  const { first, target, context, proposer, ngrams, settings, endsDraft } = params;
  if (target.maxOpenBranches === 0 || proposer.maxOpenBranches === 0) {
    return { suggestions: [], numStopped: 0, numCut: 0, stats: emptyDecodeStats() };
  }
  const { promptTokens, prefixTokens } = context;
  const keptTokens = first.tokens;
  const { constraint } = params.newLimits();
  const common = { promptTokens, prefixTokens, ngrams, settings, endsDraft, constraint };
  // Another model's cache need not hold the first suggestion.
  const kept = proposer === target ? keptTokens : new Int32Array(0);
  const proposed = await superposedDecode({ ...common, model: proposer, keptTokens: kept }, signal);
  const drafts = proposed.map(({ tokens }) => tokens);
  const floors = params.floors ?? DRAFT_FLOORS;
  const verified = await verifyDrafts(
    { target, promptTokens, keptTokens, drafts, floors, constraint },
    signal,
  );
  const starts = startsOf(verified, keptTokens).slice(0, target.maxOpenBranches);
  return decodeBranches({ ...params, firstTokens: keptTokens, starts }, signal);
}

/** Drafts that leave the first suggestion, each once, the likeliest first. */
function startsOf(drafts: readonly VerifiedDraft[], firstTokens: Int32Array): BranchStart[] {
  const starts = new Map<string, BranchStart>();
  for (const { tokens, logProbs } of drafts) {
    const numShared = commonPrefixLength(tokens, firstTokens);
    if (numShared === tokens.length) continue;
    starts.set(tokens.join(" "), { numShared, tokens: tokens.slice(numShared), logProbs });
  }
  const meanOf = ({ logProbs }: BranchStart) =>
    logProbs.reduce((sum, value) => sum + value, 0) / logProbs.length;
  return [...starts.values()].sort((a, b) => meanOf(b) - meanOf(a));
}
