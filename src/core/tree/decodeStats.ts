/** Counters of one generation; every rate is derived from them. */
import { DRAFT_SOURCES, type DraftSource, type DraftTree, sourcesOf } from "./draftTree.ts";
import type { AcceptedPath } from "./verifyGreedy.ts";

/** How one source's drafts fared. A node of two sources counts for both. */
export interface SourceStats {
  /** Nodes drafted, before fusion and budget. */
  numProposed: number;
  /** Nodes that reached the target. */
  numVerified: number;
  numAccepted: number;
}

/** Where the time of a generation went, in ms. */
export interface PhaseTimings {
  prefillMs: number;
  /** Drafters' start. */
  beginMs: number;
  /** Drafters' reading of their own prompts, between the passes. */
  readMs: number;
  draftMs: number;
  /** Fusion and budget. */
  fuseMs: number;
  evaluateMs: number;
  verifyMs: number;
  commitMs: number;
  learnMs: number;
}

export interface DecodeStats {
  /** Tokens of the prompt, and how many of them the KV cache already held. */
  numPromptTokens: number;
  numReusedTokens: number;
  /** Target passes after the prefill. */
  numSteps: number;
  /** Tokens that the steps brought to the output, an end token included; what a step accepted beyond the end is not. */
  numCommittedTokens: number;
  /** Nodes verified, roots not counted. */
  numDraftTokens: number;
  numAcceptedTokens: number;
  /** How many of them the scores promised, where they are calibrated. */
  expectedAcceptedTokens: number;
  /** [deepest + 1] number of steps that accepted exactly that many tokens. */
  readonly acceptedPerStep: number[];
  readonly bySource: Record<DraftSource, SourceStats>;
  readonly timings: PhaseTimings;
}

export function emptyDecodeStats(): DecodeStats {
  const bySource = Object.fromEntries(
    DRAFT_SOURCES.map((source) => [source, { numProposed: 0, numVerified: 0, numAccepted: 0 }]),
  ) as Record<DraftSource, SourceStats>;
  return {
    numPromptTokens: 0,
    numReusedTokens: 0,
    numSteps: 0,
    numCommittedTokens: 0,
    numDraftTokens: 0,
    numAcceptedTokens: 0,
    expectedAcceptedTokens: 0,
    acceptedPerStep: [],
    bySource,
    timings: {
      prefillMs: 0,
      beginMs: 0,
      readMs: 0,
      draftMs: 0,
      fuseMs: 0,
      evaluateMs: 0,
      verifyMs: 0,
      commitMs: 0,
      learnMs: 0,
    },
  };
}

/**
 * Counts one step into `stats`.
 * @param numKept - committed tokens, the bonus included, that the output took before it ended.
 */
export function countStep(
  stats: DecodeStats,
  tree: DraftTree,
  path: AcceptedPath,
  numKept: number,
): void {
  const kept = path.nodes.subarray(0, numKept);
  const numAccepted = kept.length;
  stats.numSteps++;
  stats.numCommittedTokens += numKept;
  stats.numDraftTokens += tree.size - 1;
  stats.numAcceptedTokens += numAccepted;
  while (stats.acceptedPerStep.length <= numAccepted) stats.acceptedPerStep.push(0);
  stats.acceptedPerStep[numAccepted]!++;
  for (let node = 1; node < tree.size; node++) {
    for (const source of sourcesOf(tree.sources[node]!)) stats.bySource[source].numVerified++;
  }
  for (const node of kept) {
    for (const source of sourcesOf(tree.sources[node]!)) stats.bySource[source].numAccepted++;
  }
}

/** Counts what one drafter proposed into `stats`. */
export function countProposals(stats: DecodeStats, source: DraftSource, draft: DraftTree): void {
  stats.bySource[source].numProposed += draft.size - 1;
}

/** Tokens committed per step, the bonus token included; 0 before the first step. */
export function meanAcceptanceLength(
  stats: Pick<DecodeStats, "numSteps" | "numCommittedTokens">,
): number {
  return stats.numSteps === 0 ? 0 : stats.numCommittedTokens / stats.numSteps;
}
