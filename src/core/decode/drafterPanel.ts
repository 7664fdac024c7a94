/** The drafters of one generation, and the policy over them. A drafter that throws or lies sits out the rest of it. */

import { isAbortError, messageOf } from "../base/errors.ts";
import type { Token } from "../base/tokens.ts";
import type { VerifyLimits } from "../budget/draftBudget.ts";
import { type DraftPolicy, type StepPlan, UNLIMITED_POLICY } from "../budget/draftPolicy.ts";
import { countProposals, type DecodeStats } from "../tree/decodeStats.ts";
import type { Drafter, VerifiedStep } from "../tree/drafter.ts";
import { checkDraftTree, copyDraftTree, type DraftTree, rootOnlyTree } from "../tree/draftTree.ts";
import { fuseDraftTrees } from "../tree/fuseDraftTrees.ts";
import type { SpeculativeParams } from "./speculativeDecode.ts";

export class DrafterPanel {
  readonly #params: SpeculativeParams;
  readonly #stats: DecodeStats;
  readonly #policy: DraftPolicy;
  /** Those that take part in this generation and have not failed: they learn, and draft if it may. */
  #begun: readonly Drafter[];
  readonly #mayDraft: boolean;
  /** What drafting took in this step, and what was learned of the one before; in ms. */
  #draftingMs = 0;
  #hasDrafted = false;
  /** Whether no step has been drafted yet: the first token is still to come. */
  #isFirst = true;

  constructor(params: SpeculativeParams, stats: DecodeStats) {
    this.#params = params;
    this.#stats = stats;
    this.#policy = params.policy ?? UNLIMITED_POLICY;
    this.#mayDraft = this.#policy.started();
    this.#begun = params.drafters.filter(
      ({ learnsWhilePaused }) => this.#mayDraft || learnsWhilePaused,
    );
  }

  async begin(signal: AbortSignal): Promise<void> {
    const { now } = this.#params.observer;
    for (const drafter of this.#begun) {
      const start = now();
      try {
        await drafter.begin(this.#params.context, signal);
      } catch (error) {
        this.#dropOrRethrow(drafter, error, signal);
      } finally {
        this.#draftingMs += now() - start;
      }
    }
  }

  /** The tree of this step: every draft, fused, of which the policy chooses within the limits. */
  async draft(rootToken: Token, limits: VerifyLimits, signal: AbortSignal): Promise<StepPlan> {
    this.#hasDrafted = false;
    const { now } = this.#params.observer;
    const start = now();
    try {
      return await this.#draft(rootToken, limits, signal);
    } finally {
      this.#draftingMs += now() - start;
    }
  }

  async #draft(rootToken: Token, limits: VerifyLimits, signal: AbortSignal): Promise<StepPlan> {
    const active = await this.#readyIn(limits, signal);
    // A step in which nobody drafts has to cost what it costs without drafters.
    if (active.length === 0) return draftless(rootToken);
    const { now } = this.#params.observer;
    const { vocabSize } = this.#params.target;
    const { isEndToken } = this.#params.limits;
    const draftStart = now();
    const drafts: DraftTree[] = [];
    const fuse = () => fuseDraftTrees(rootToken, drafts, { vocabSize, isEndToken });
    /** Of all drafts so far; undefined where one was added since. */
    let fused: DraftTree | undefined;
    for (const drafter of active) {
      const { source, reader } = drafter;
      try {
        if (reader !== undefined && drafts.length > 0) fused ??= fuse();
        const budget = this.#policy.budgetFor(source, limits, fused);
        if (budget.maxNodes <= 0) continue;
        // A copy, as the next drafter's turn is time enough to change a tree that was checked.
        const draft = copyDraftTree(await drafter.draft(rootToken, budget, signal));
        const broken = checkDraftTree(draft);
        if (broken !== undefined) throw new RangeError(broken);
        countProposals(this.#stats, source, draft);
        drafts.push(draft);
        fused = undefined;
      } catch (error) {
        this.#dropOrRethrow(drafter, error, signal);
      }
    }
    const fuseStart = now();
    this.#stats.timings.draftMs += fuseStart - draftStart;
    if (drafts.length === 0) return draftless(rootToken);
    this.#hasDrafted = true;
    const plan = this.#policy.plan(fused ?? fuse(), limits);
    this.#stats.timings.fuseMs += now() - fuseStart;
    return plan;
  }

  /**
   * Those that draft in this step. Who has to read first does so a part at a time, and drafts when nothing is left; in the
   * first step it does neither.
   */
  async #readyIn(limits: VerifyLimits, signal: AbortSignal): Promise<readonly Drafter[]> {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const ready: Drafter[] = [];
    const { maxNodes, maxDepth } = limits;
    if (!this.#mayDraft || maxNodes <= 0 || maxDepth <= 0 || !this.#policy.isDrafting) return ready;
    for (const drafter of this.#begun) {
      const isReady =
        drafter.reader === undefined || (!isFirst && (await this.#read(drafter, limits, signal)));
      if (isReady) ready.push(drafter);
    }
    return ready;
  }

  /** Reads a part where something is left and that pays. @returns whether nothing is left. */
  async #read(drafter: Drafter, { maxDepth }: VerifyLimits, signal: AbortSignal): Promise<boolean> {
    const { reader } = drafter;
    const { now } = this.#params.observer;
    const start = now();
    try {
      if (reader === undefined || reader.numUnread <= 0) return true;
      const { numUnread } = reader;
      const numTokens = this.#policy.tokensToRead(numUnread, maxDepth);
      if (numTokens <= 0) return false;
      this.#hasDrafted = true;
      try {
        await reader.read(numTokens, signal);
      } finally {
        const ms = now() - start;
        this.#stats.timings.readMs += ms;
        this.#policy.hasRead(numUnread - reader.numUnread, ms);
      }
      return reader.numUnread <= 0;
    } catch (error) {
      this.#dropOrRethrow(drafter, error, signal);
      return false;
    }
  }

  /**
   * @param numKept - of the committed tokens, those that the output took.
   * @param times - of the target's pass, and of the host's verify and commit, in ms.
   */
  learn(
    plan: StepPlan,
    step: VerifiedStep,
    numKept: number,
    times: { evaluateMs: number; hostMs: number },
  ): void {
    const { now } = this.#params.observer;
    const start = now();
    for (const drafter of this.#begun) {
      try {
        drafter.learn(step);
      } catch (error) {
        this.#drop(drafter, messageOf(error));
      }
    }
    const learned = now();
    this.#policy.learn({
      plan,
      committed: step.committed,
      numKept,
      ...times,
      hasDrafted: this.#hasDrafted,
      // Where a generation may not draft, a store that learns all the same costs some µs, which would keep the budget closed.
      draftingMs: this.#mayDraft ? this.#draftingMs + learned - start : 0,
    });
    this.#draftingMs = now() - learned;
  }

  /** Also where it was aborted. */
  end(numSteps: number): void {
    if (this.#mayDraft) this.#policy.spent(this.#draftingMs);
    this.#policy.ended(numSteps);
  }

  /** An abort of ours goes up; anything else is the drafter's failure and costs speed only. */
  #dropOrRethrow(drafter: Drafter, error: unknown, signal: AbortSignal): void {
    if (signal.aborted && isAbortError(error)) throw error;
    this.#drop(drafter, messageOf(error));
  }

  #drop(drafter: Drafter, reason: string): void {
    this.#begun = this.#begun.filter((other) => other !== drafter);
    this.#params.observer.onDrafterFailure?.(drafter, reason);
  }
}

/** The plan of a step in which nobody drafts. */
function draftless(rootToken: Token): StepPlan {
  return { tree: rootOnlyTree(rootToken), expectedAccepted: 0 };
}
