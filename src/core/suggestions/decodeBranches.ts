/**
 * Several suggestions side by side: k continuations of the prompt as k sequences of one cache, a pass for all of them
 * at a time. They share the cells of the prompt and of the first suggestion up to where they part; each has its own
 * draft tree in the pass, and one budget of nodes is shared by expected gain.
 */

import { concatTokens, TokenBuffer } from "../base/tokens.ts";
import type { DecodeObserver } from "../decode/speculativeDecode.ts";
import type { BranchedTarget, PerBranch, TargetBranches } from "../tree/branchedTarget.ts";
import { type DecodeStats, emptyDecodeStats } from "../tree/decodeStats.ts";
import type { Drafter, GenerationContext } from "../tree/drafter.ts";
import type { DraftTree } from "../tree/draftTree.ts";
import type { GenerationLimits } from "../tree/generation.ts";
import { type SharedLimits, shareNodes } from "./branchBudget.ts";
import { BranchRun, type BranchStart, type ScoredSuggestion } from "./branchRun.ts";
import { BranchPool, type BranchSelection } from "./branchSelection.ts";
import { RejoinDrafter } from "./rejoinDrafter.ts";

/** Makes drafters' scores comparable between sources; `AcceptanceTable` is one. Outlives the decode. */
export interface DraftCalibration {
  calibrate(tree: DraftTree): DraftTree;
  learn(candidates: DraftTree, committed: Int32Array): void;
}

/** What a pass may spend on drafts. */
export interface BranchBudget {
  /** Drafted nodes of all branches in one pass; cut to what the target can evaluate. */
  readonly maxDraftNodes: number;
  /** Measured ms of a pass by its rows; absent: all nodes within the limits are verified. */
  readonly passMs?: (numRows: number) => number;
  readonly calibration?: DraftCalibration;
}

export interface BranchDecodeParams extends BranchBudget {
  /** Holds, or is given, the prompt and the first suggestion. */
  readonly target: BranchedTarget;
  /** Of the first suggestion. */
  readonly context: GenerationContext;
  readonly firstTokens: Int32Array;
  /** The best first: where the context gets full, the last end first. */
  readonly starts: readonly BranchStart[];
  /** Which of the starts are decoded; absent: all of them, to their ends. */
  readonly selection?: BranchSelection;
  /** Limits of one suggestion, the shared tokens included; each call a fresh stop rule. */
  readonly newLimits: () => GenerationLimits;
  /** Drafters beside that of the first suggestion's own text; fresh ones for each branch. */
  readonly draftersOf?: (start: BranchStart) => readonly Drafter[];
  readonly observer: Pick<DecodeObserver, "now" | "onDrafterFailure"> & {
    /** A branch has ended, by the index of its start; others may go on. */
    readonly onSuggestion?: (index: number, suggestion: ScoredSuggestion) => void;
  };
}

export interface BranchDecode {
  /** In the order of the starts; [starts.length] without a selection, otherwise those that were decoded to their ends. */
  readonly suggestions: readonly ScoredSuggestion[];
  /** Branches that were given up as they seemed to repeat a better suggestion. */
  readonly numStopped: number;
  /** Branches that ended with a line as the price of all suggestions was spent. */
  readonly numCut: number;
  /** Over all branches; `numSteps` counts passes. */
  readonly stats: DecodeStats;
}

/**
 * Continues each start with the target's greedy choices. Every branch's output is what greedy decoding of prompt,
 * shared tokens and start gives alone, except where the shared context gets full or the selection ends it earlier.
 *
 * @throws RangeError for a start that is not one; EngineError from the target; AbortError. At every throw, too, the
 *   target's cache holds the prompt and the first suggestion, as far as they were decoded, and nothing else.
 */
export async function decodeBranches(
  params: BranchDecodeParams,
  signal: AbortSignal,
): Promise<BranchDecode> {
  const { target, context, firstTokens, starts, observer } = params;
  const stats = emptyDecodeStats();
  const firstText = new TokenBuffer(firstTokens);
  const runs = starts.map((start) => openRun(start, firstText, params, stats));
  const pool = new BranchPool(runs, firstTokens, params.selection, params.passMs);
  const reported = new Set<BranchRun>();
  const update = async () => {
    const begun = pool.update();
    for (const run of pool.ended) {
      if (reported.has(run)) continue;
      reported.add(run);
      observer.onSuggestion?.(runs.indexOf(run), run.suggestion);
    }
    if (params.maxDraftNodes === 0) return;
    for (const run of begun) if (!run.isOver) await run.begin(signal);
  };
  const opened = runs.filter((run) => !run.isOver);
  if (opened.length === 0) await update();
  else {
    const prefillStart = observer.now();
    const numShared = Math.max(...starts.map((start) => start.numShared), firstTokens.length - 1);
    const shared = firstTokens.subarray(0, numShared);
    await target.prefill(concatTokens(context.promptTokens, shared), signal);
    stats.timings.prefillMs = observer.now() - prefillStart;
    await update();
    const lengths = opened.map((run) => context.promptTokens.length + run.numShared);
    using branches = target.openBranches(Int32Array.from(lengths));
    while (pool.active.length > 0) {
      await decodeStep(opened, pool, branches, params, stats, signal);
      await update();
    }
  }
  const suggestions = pool.ended.map((run) => run.suggestion);
  const { numStopped, numCut } = pool;
  return { suggestions, numStopped, numCut, stats };
}

/** One pass for all branches that go on. */
async function decodeStep(
  runs: readonly BranchRun[],
  pool: BranchPool,
  branches: TargetBranches,
  params: BranchDecodeParams,
  stats: DecodeStats,
  signal: AbortSignal,
): Promise<void> {
  const { calibration, observer } = params;
  signal.throwIfAborted();
  const seated = seatRuns(pool.active, branches, params.passMs);
  if (seated.length === 0) return;
  const limits = sharedLimits(seated, branches, params);
  const candidates = await draftAll(seated, limits, signal);
  const calibrated = candidates.map((tree) => calibration?.calibrate(tree) ?? tree);
  const drafts = shareNodes(calibrated, limits);
  const perBranch = <T>(of: (run: BranchRun, index: number) => T): PerBranch<T> =>
    runs.map((run) => (seated.includes(run) ? of(run, seated.indexOf(run)) : undefined));

  const evaluateStart = observer.now();
  const rows = perBranch((run, index) => run.rowsFor(drafts[index]!));
  pool.notePass(rows.reduce((sum, tree) => sum + (tree?.size ?? 0), 0));
  const logits = await branches.evaluateTrees(rows, signal);
  const verifyStart = observer.now();
  const read = logits.filter((view) => view !== undefined);
  const steps = seated.map((run, index) => run.verify(drafts[index]!, read[index]!));
  const commitStart = observer.now();
  branches.commit(perBranch((_, index) => steps[index]!.rowPath));
  const commitEnd = observer.now();
  for (const [index, step] of steps.entries()) {
    stats.numCommittedTokens += step.committed.length;
    stats.numDraftTokens += step.tree.size - 1;
    stats.numAcceptedTokens += step.path.nodes.length;
    calibration?.learn(candidates[index]!, step.committed);
    seated[index]!.learn(step);
  }
  stats.numSteps++;
  stats.timings.evaluateMs += verifyStart - evaluateStart;
  stats.timings.verifyMs += commitStart - verifyStart;
  stats.timings.commitMs += commitEnd - commitStart;
  stats.timings.learnMs += observer.now() - commitEnd;
}

function openRun(
  start: BranchStart,
  firstText: TokenBuffer,
  params: BranchDecodeParams,
  stats: DecodeStats,
): BranchRun {
  const { target, context, newLimits, draftersOf, observer } = params;
  const { numShared, tokens, logProbs } = start;
  if (tokens.length === 0 || numShared > firstText.length) {
    throw new RangeError(`a branch of ${tokens.length} tokens after ${numShared} shared ones`);
  }
  if (logProbs.length !== numShared + tokens.length) {
    throw new RangeError(
      `${logProbs.length} log-probabilities, ${numShared + tokens.length} tokens`,
    );
  }
  const own = draftersOf?.(start) ?? [];
  const drafters = [new RejoinDrafter(firstText, numShared, tokens), ...own];
  const limits = newLimits();
  return new BranchRun(start, { target, context, firstText, drafters, limits, observer, stats });
}

/**
 * Those that take part in the next pass: in order, as long as rows are left. Whom no pass or the context has room for ends. Where
 * the cost of rows is known, only so many as bring the most tokens per ms: on a CPU a second row may be dearer than a
 * second pass, and the branches then take turns, the best first.
 */
function seatRuns(
  runs: readonly BranchRun[],
  { numFree, maxNodes }: TargetBranches,
  passMs: BranchBudget["passMs"],
): BranchRun[] {
  const seated: BranchRun[] = [];
  let numRows = 0;
  let numSeats = 0;
  let bestRate = 0;
  for (const run of runs) {
    if (run.numRows > maxNodes || numRows + run.numRows > numFree) run.endFull();
    else if (numRows + run.numRows <= maxNodes) {
      seated.push(run);
      numRows += run.numRows;
      const rate = passMs === undefined ? seated.length : seated.length / passMs(numRows);
      if (rate >= bestRate) {
        bestRate = rate;
        numSeats = seated.length;
      }
    }
  }
  return seated.slice(0, numSeats);
}

/** [seated.length] what each branch's drafters propose; each may propose for the whole budget. */
async function draftAll(
  seated: readonly BranchRun[],
  { maxNodes, maxLeaves }: SharedLimits,
  signal: AbortSignal,
): Promise<DraftTree[]> {
  const drafts: DraftTree[] = [];
  for (const run of seated) {
    const limits = { maxNodes, maxBranches: maxLeaves, maxDepth: run.maxDepth };
    drafts.push(await run.draft(limits, signal));
  }
  return drafts;
}

function sharedLimits(
  seated: readonly BranchRun[],
  { maxNodes, numFree, maxLeaves }: TargetBranches,
  { maxDraftNodes, passMs }: BranchDecodeParams,
): SharedLimits {
  const numFixedRows = seated.reduce((sum, run) => sum + run.numRows, 0);
  return {
    maxNodes: Math.max(0, Math.min(maxDraftNodes, maxNodes - numFixedRows, numFree - numFixedRows)),
    numFixedRows,
    maxLeaves,
    maxDepths: seated.map((run) => run.maxDepth),
    ...(passMs === undefined ? {} : { passMs }),
  };
}
