/**
 * What a step drafts and verifies. The loop asks, a policy decides and learns from what came of it. Whichever of the
 * candidates it has verified, the output is the target's.
 */
import type { DraftBudget } from "../tree/drafter.ts";
import type { DraftSource, DraftTree } from "../tree/draftTree.ts";
import { READ_STEP } from "../tree/promptReading.ts";
import { limitDraftTree, type VerifyLimits } from "./draftBudget.ts";

/** The tree to verify, and how many of its nodes are expected to be accepted. */
export interface StepPlan {
  readonly tree: DraftTree;
  /** Undefined where nodes were verified that nobody calibrated. */
  readonly expectedAccepted: number | undefined;
}

/** What came of a step. Times in ms. */
export interface StepOutcome {
  readonly plan: StepPlan;
  /** [accepted + 1] what the target chose. */
  readonly committed: Int32Array;
  /** Of these, those that the output kept: not what stands behind its end. */
  readonly numKept: number;
  readonly evaluateMs: number;
  /** Verify and commit. */
  readonly hostMs: number;
  /** Whether somebody drafted, or read a part of a prompt. */
  readonly hasDrafted: boolean;
  /** What plain decoding does not take: reading, drafts, fusion, the choice, and what was learned of the step before. */
  readonly draftingMs: number;
}

export interface DraftPolicy {
  /** A generation begins. @returns whether it may draft: else nobody is started but who learns all the same. */
  started(): boolean;
  /** Whether the next step drafts at all. */
  readonly isDrafting: boolean;
  /** Whether a drafter is worth preparing for, as far as is known now. */
  isWanted(source: DraftSource): boolean;
  /** What drafting took outside of steps, in ms: starting drafters, and what a step had begun that was aborted. */
  spent(ms: number): void;
  /**
   * Tokens that a drafter may read before the next pass, of those that it lacks; 0: none now.
   * @param maxSteps - steps that may still come.
   */
  tokensToRead(numUnread: number, maxSteps: number): number;
  /** Somebody read so many, in ms. */
  hasRead(numTokens: number, ms: number): void;
  /**
   * What a drafter may draft in this step; no nodes: it is not asked.
   * @param others - for one that drafts by passes of a model: what the others drafted, if they did.
   */
  budgetFor(source: DraftSource, limits: VerifyLimits, others?: DraftTree): DraftBudget;
  /** Chooses of the candidates, the union of all drafts; not asked where there are none. */
  plan(candidates: DraftTree, limits: VerifyLimits): StepPlan;
  /** Called after each step. */
  learn(outcome: StepOutcome): void;
  ended(numSteps: number): void;
}

/** Tokens of a part where nothing is measured. */
const UNMEASURED_PART = 2 * READ_STEP;

/** Verifies as many nodes as the limits allow, and never calibrates: the union of all drafts without a budget. */
export const UNLIMITED_POLICY: DraftPolicy = {
  started: () => true,
  isDrafting: true,
  isWanted: () => true,
  spent() {},
  tokensToRead: () => UNMEASURED_PART,
  hasRead() {},
  budgetFor: (_source, { maxNodes, maxDepth }) => ({ maxNodes, maxDepth, minSurvival: 0 }),
  plan: (candidates, limits) => ({
    tree: limitDraftTree(candidates, limits),
    expectedAccepted: undefined,
  }),
  learn() {},
  ended() {},
};
