/**
 * The loop. Read this first: draft → fuse → budget → evaluate → verify → commit → learn, until a limit or an abort.
 * One target pass per turn. Whatever the drafters propose, the output is the target's own greedy output.
 */

import type { VerifyLimits } from "../budget/draftBudget.ts";
import type { DraftPolicy } from "../budget/draftPolicy.ts";
import { countStep, emptyDecodeStats } from "../tree/decodeStats.ts";
import {
  contextAfter,
  type Drafter,
  type GenerationContext,
  type VerifiedStep,
} from "../tree/drafter.ts";
import type { DraftTree } from "../tree/draftTree.ts";
import { type Generation, type GenerationLimits, OutputCollector } from "../tree/generation.ts";
import { type Opening, takeKnown } from "../tree/opening.ts";
import type { TargetModel } from "../tree/targetModel.ts";
import { TokenChooser } from "../tree/tokenChooser.ts";
import { committedTokens, verifyGreedy } from "../tree/verifyGreedy.ts";
import { DrafterPanel } from "./drafterPanel.ts";

/** What a decoder tells its caller while it runs. */
export interface DecodeObserver {
  /** Clock in ms; only differences are used. */
  readonly now: () => number;
  /** Output tokens as they are committed, first those of an opening; possibly none in a step. */
  readonly onTokens?: (tokens: Int32Array) => void;
  /** A drafter failed or returned no tree, and sits out the rest of the generation. */
  readonly onDrafterFailure?: (drafter: Drafter, reason: string) => void;
  /** Each step's tree and outcome, for traces; the tree is the one that was verified. */
  readonly onStep?: (tree: DraftTree, committed: Int32Array) => void;
  /** The same with the logits, before the tokens are out: how likely they are, and what else the target might have chosen (`branchPoints.ts`). */
  readonly onVerified?: (step: VerifiedStep) => void;
}

/** Everything one generation needs. */
export interface SpeculativeParams {
  readonly target: TargetModel;
  /** Tried in this order; may be empty, which is plain decoding. */
  readonly drafters: readonly Drafter[];
  readonly context: GenerationContext;
  /** What the output begins with, if that is known; drafters see it as a part of the prompt. */
  readonly opening?: Opening | undefined;
  readonly limits: GenerationLimits;
  /** Nodes one pass verifies at most, the root not counted; cut to what the target can evaluate. */
  readonly maxDraftNodes: number;
  /** Decides within that; absent: all that is drafted is verified. */
  readonly policy?: DraftPolicy;
  readonly observer: DecodeObserver;
}

/**
 * Continues the prompt with the target's greedy choices, several per pass where drafts hold.
 *
 * @throws RangeError if the prompt is empty or maxTokens is not positive; EngineError from the target; AbortError.
 *   At every throw the target's cache equals its committed tokens.
 * @see Miao et al., SpecInfer (arXiv 2305.09781), tree verification.
 */
export async function speculativeDecode(
  params: SpeculativeParams,
  signal: AbortSignal,
): Promise<Generation> {
  const { target, observer, opening } = params;
  const { now } = observer;
  if (params.context.promptTokens.length === 0) throw new RangeError("the prompt is empty");
  const output = new OutputCollector(params.limits);
  const chooser = new TokenChooser(params.limits.constraint);
  const stats = emptyDecodeStats();
  const context = opening ? contextAfter(params.context, opening.tokens) : params.context;
  const drafters = new DrafterPanel({ ...params, context }, stats);
  takeKnown(opening?.tokens ?? [], output, chooser);
  if (output.length > 0) observer.onTokens?.(output.tokensFrom(0));

  const start = now();
  let rootToken = context.promptTokens.at(-1)!;
  stats.numPromptTokens = context.promptTokens.length;
  stats.numReusedTokens = await target.prefill(context.promptTokens.subarray(0, -1), signal);
  stats.timings.prefillMs = now() - start;

  try {
    const beginStart = now();
    const isOver = output.finishReason !== undefined;
    if (!isOver && verifyLimits(params, output).maxNodes > 0) await drafters.begin(signal);
    stats.timings.beginMs = now() - beginStart;

    while (output.finishReason === undefined && target.kvLength < target.contextSize) {
      signal.throwIfAborted();
      const plan = await drafters.draft(rootToken, verifyLimits(params, output), signal);
      const drafted = plan.tree;
      const evaluateStart = now();
      const logits = await target.evaluateTree(drafted, signal);
      const verifyStart = now();
      const path = verifyGreedy(drafted, (node) => chooser.choose(logits, node));
      const committed = committedTokens(drafted, path);
      const commitStart = now();
      target.commit(path);
      const commitEnd = now();

      const step = { tree: drafted, path, committed, logits };
      observer.onVerified?.(step);
      const numBefore = output.length;
      let numKept = 0;
      while (
        numKept < committed.length &&
        output.push(committed[numKept]!, sourceOf(drafted, path.nodes[numKept]))
      ) {
        numKept++;
      }
      rootToken = path.bonusToken;
      countStep(stats, drafted, path, numKept);
      if (plan.expectedAccepted !== undefined)
        stats.expectedAcceptedTokens += plan.expectedAccepted;
      observer.onStep?.(drafted, committed);
      observer.onTokens?.(output.tokensFrom(numBefore));

      // Last, so that the tokens are out before anything is learned.
      const learnStart = now();
      const evaluateMs = verifyStart - evaluateStart;
      const hostMs = commitEnd - verifyStart;
      drafters.learn(plan, step, numKept, { evaluateMs, hostMs });
      stats.timings.evaluateMs += evaluateMs;
      stats.timings.verifyMs += commitStart - verifyStart;
      stats.timings.commitMs += commitEnd - commitStart;
      stats.timings.learnMs += now() - learnStart;
    }
  } finally {
    target.rewind();
    drafters.end(stats.numSteps);
  }
  return output.finish(stats);
}

function sourceOf(tree: DraftTree, node: number | undefined): number {
  return node === undefined ? 0 : tree.sources[node]!;
}

/** The tree may not outgrow the context, and drafting beyond the last wanted token is waste: the bonus token is one. */
function verifyLimits(params: SpeculativeParams, output: OutputCollector): VerifyLimits {
  const { target } = params;
  const numFree = target.contextSize - target.kvLength - 1;
  return {
    maxNodes: Math.max(0, Math.min(params.maxDraftNodes, target.maxNodes - 1, numFree)),
    maxBranches: target.maxBranches,
    maxDepth: output.numRemaining - 1,
  };
}
