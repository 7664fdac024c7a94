/**
 * From the first suggestion to the others: what an engine or a benchmark calls. Two proposers, whose proposals the target
 * itself finishes and scores: its own alternatives at early positions, and Superposed Decoding. Which of them are
 * offered, `rankSuggestions.ts` says.
 */

import { commonPrefixLength, type Token } from "../base/tokens.ts";
import type { BranchedTarget } from "../tree/branchedTarget.ts";
import { type DecodeStats, emptyDecodeStats } from "../tree/decodeStats.ts";
import type { Generation } from "../tree/generation.ts";
import type { BranchPoint, BranchPointCollector } from "./branchPoints.ts";
import type { BranchStart } from "./branchRun.ts";
import type { BranchSelection } from "./branchSelection.ts";
import { type BranchDecode, type BranchDecodeParams, decodeBranches } from "./decodeBranches.ts";
import type { NgramModel } from "./ngramModel.ts";
import { meanOf } from "./rankSuggestions.ts";
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
  const proposal = await superposedDecode({ ...common, model: proposer, keptTokens: kept }, signal);
  const drafts = proposal.drafts.map(({ tokens }) => tokens);
  const floors = params.floors ?? DRAFT_FLOORS;
  const verified = await verifyDrafts(
    { target, promptTokens, keptTokens, drafts, floors, constraint },
    signal,
  );
  const starts = startsOf(verified, keptTokens).slice(0, target.maxOpenBranches);
  const decoded = await decodeBranches({ ...params, firstTokens: keptTokens, starts }, signal);
  // Passes that no branch made: the one that scored the drafts, and those that proposed them.
  if (drafts.length > 0) decoded.stats.numSteps++;
  if (proposer === target) decoded.stats.numSteps += proposal.numPasses;
  return decoded;
}

/** Drafts that leave the first suggestion, each once, the likeliest first. */
function startsOf(drafts: readonly VerifiedDraft[], firstTokens: Int32Array): BranchStart[] {
  const starts = new Map<string, BranchStart>();
  for (const { tokens, logProbs } of drafts) {
    const numShared = commonPrefixLength(tokens, firstTokens);
    if (numShared === tokens.length) continue;
    starts.set(tokens.join(" "), { numShared, tokens: tokens.slice(numShared), logProbs });
  }
  return [...starts.values()].sort((a, b) => meanOf(b.logProbs) - meanOf(a.logProbs));
}
