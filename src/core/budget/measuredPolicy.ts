/**
 * Verifies what this machine verifies cheaply, and may lose only so much against plain decoding. Four parts: the cost
 * model (`passCost.ts`), the calibration of drafts (`acceptanceTable.ts`), the choice of nodes by marginal gain
 * (`draftBudget.ts`), and the loss budget (`lossBudget.ts`), which is the promise. Reads no clock.
 */
import { AcceptanceTable } from "../calibration/acceptanceTable.ts";
import type { DraftBudget, DraftWorth } from "../tree/drafter.ts";
import { type DraftSource, type DraftTree, rootOnlyTree } from "../tree/draftTree.ts";
import { ForgettingMean } from "../tree/forgettingMean.ts";
import {
  DEFAULT_MAX_LOSS,
  LEAST_CHANCE,
  MAX_DEPTH,
  MAX_SURPRISE,
  PRIOR_STEPS,
  PROBE_STEPS,
} from "../tree/policyConstants.ts";
import { BaselineProbe } from "./baselineProbe.ts";
import { chooseNumNodes, rankNodes, treeOfRanked, type VerifyLimits } from "./draftBudget.ts";
import { DraftPace } from "./draftPace.ts";
import type { DraftPolicy, StepOutcome, StepPlan } from "./draftPolicy.ts";
import { LossBudget } from "./lossBudget.ts";
import { expectedModelGainMs, ModelGain, missRateOf, numFollowed } from "./modelGain.ts";
import type { PassCostTable } from "./passCost.ts";

export interface MeasuredPolicyOptions {
  /** What was learned of drafts earlier, with the same models. */
  readonly acceptance?: AcceptanceTable;
  /** What speculation may cost: of plain decoding's time, and in ms on top of that; from 0. */
  readonly maxLoss?: { readonly share: number; readonly ms: number };
}

/** Outlives generations; one per target, draft and backend. */
export class MeasuredPolicy implements DraftPolicy {
  /** What it has learned of drafts, to be kept with the models' other state; may be replaced between generations. */
  acceptance: AcceptanceTable;
  readonly #cost: PassCostTable;
  readonly #budget: LossBudget;
  readonly #probe = new BaselineProbe();
  readonly #pace = new DraftPace();
  readonly #gain = new ModelGain();
  /** What a step brings and takes: the rate is the ratio of the means. It begins as plain decoding's. */
  readonly #tokens = new ForgettingMean(1, PRIOR_STEPS);
  readonly #ms: ForgettingMean;
  /** Host time of steps with trees, and of steps behind a plain one. */
  readonly #treeHostMs = new ForgettingMean();
  readonly #plainHostMs = new ForgettingMean();
  /** What drafting with the model is expected to bring a step. */
  readonly #modelGainMs = new ForgettingMean();
  readonly #stepsPerGeneration = new ForgettingMean();
  /** Steps of this generation. */
  #numSteps = 0;
  /** Between a plan and its outcome: the candidates, and the chance that the next token is none of them. */
  #candidates: DraftTree | undefined;
  #missRate = 1;
  /** What would be verified without the draft model, and how sure that is; undefined where it is not asked. */
  #others: { readonly tree: DraftTree; readonly missRate: number } | undefined;
  /** Whether it was weighed in this step whether to ask the draft model. */
  #hasWeighedModel = false;

  constructor(
    cost: PassCostTable,
    { acceptance, maxLoss = DEFAULT_MAX_LOSS }: MeasuredPolicyOptions = {},
  ) {
    this.#cost = cost;
    this.#ms = new ForgettingMean(cost.plainMs, PRIOR_STEPS);
    this.#budget = new LossBudget(maxLoss.share, maxLoss.ms);
    this.acceptance = acceptance ?? new AcceptanceTable();
  }

  /** What speculation may cost from now on, of plain decoding's time; from 0. */
  set maxLossShare(share: number) {
    this.#budget.maxLossShare = share;
  }

  get isDrafting(): boolean {
    return this.#budget.creditMs > 0 && !this.#probe.isDue;
  }

  started(): boolean {
    // An abort may have come between the last one's plan and its outcome.
    this.#forgetStep();
    this.#numSteps = 0;
    this.#probe.started();
    return this.#budget.creditMs > 0;
  }

  isWanted(source: DraftSource): boolean {
    const gainMs = this.#modelGainMs.value;
    if (source !== "draftModel" || gainMs === undefined) return true;
    // Not what the user lets drafts lose: who lets them lose more wants it no less.
    return gainMs > DEFAULT_MAX_LOSS.share * this.#plainStepMs;
  }

  spent(ms: number): void {
    this.#budget.spend(ms);
  }

  /** Reads on where all that is left pays in the steps that are left, and is affordable. */
  tokensToRead(numUnread: number, maxSteps: number): number {
    const { tokenMs = 0, partTokens } = this.#pace.reading;
    const ms = numUnread * tokenMs;
    const numUsual = this.#stepsPerGeneration.value ?? maxSteps;
    const numLeft = Math.min(maxSteps, numUsual - this.#numSteps);
    // A step for each part.
    const numDrafting = numLeft - Math.ceil(numUnread / partTokens);
    if (numDrafting <= 0) return 0;
    const { creditMs } = this.#budget;
    // Before its first pass nobody knows what a model brings: as many tries have to be affordable as a probe has steps.
    const worthMs =
      this.#pace.passMs(1) === undefined
        ? creditMs / PROBE_STEPS
        : Math.min(creditMs, numDrafting * (this.#modelGainMs.value ?? 0));
    return ms < worthMs ? partTokens : 0;
  }

  hasRead(numTokens: number, ms: number): void {
    this.#pace.reading.record(numTokens, ms);
  }

  budgetFor(source: DraftSource, limits: VerifyLimits, others?: DraftTree): DraftBudget {
    const { maxNodes, maxDepth } = limits;
    const budget = { maxNodes, maxDepth, minSurvival: LEAST_CHANCE };
    if (source !== "draftModel") return budget;
    const drafted = this.acceptance.calibrate(others ?? rootOnlyTree(0));
    const missRate = missRateOf(drafted);
    const { worth, gainMs } = this.#weighModel(missRate);
    if (gainMs <= 0) return { ...budget, maxNodes: 0, worth };
    this.#others = { tree: this.#chosenOf(drafted, limits).tree, missRate };
    this.#pace.takeDraftMs();
    return { ...budget, mode: "tree", worth, others: drafted };
  }

  plan(candidates: DraftTree, limits: VerifyLimits): StepPlan {
    const calibrated = this.acceptance.calibrate(candidates);
    this.#candidates = candidates;
    this.#missRate = missRateOf(calibrated);
    return this.#chosenOf(calibrated, limits);
  }

  learn(outcome: StepOutcome): void {
    const { plan, committed, numKept, evaluateMs, hostMs, hasDrafted, draftingMs } = outcome;
    const plainMs = this.#plainStepMs;
    const numRows = plan.tree.size;
    // What takes longer is the machine's hiccup: plain decoding would have had it, too.
    const draftedMs =
      Math.min(evaluateMs, MAX_SURPRISE * numRows * plainMs) +
      Math.min(hostMs, MAX_SURPRISE * (this.#treeHostMs.value ?? hostMs));
    const stepMs = draftingMs + (hasDrafted ? draftedMs : plainMs);
    const numTokens = hasDrafted ? numKept : 1;
    this.#budget.book(numTokens, stepMs, plainMs);
    this.#tokens.add(numTokens);
    this.#ms.add(stepMs);
    if (hasDrafted) {
      this.#treeHostMs.addTime(hostMs);
      // Behind a prompt a pass is slow, with drafts or without.
      if (this.#numSteps > 0) this.#cost.record(numRows, evaluateMs);
      this.#probe.drafted();
    } else {
      if (this.#probe.isWarm) this.#plainHostMs.addTime(hostMs);
      const medianMs = this.#probe.plain(evaluateMs);
      if (medianMs !== undefined) this.#cost.recordPlain(medianMs);
    }
    if (this.#others === undefined) {
      this.#pace.fade();
      this.#gain.fade();
    }
    // What a model would have brought is known without it.
    if (!this.#hasWeighedModel) this.#weighModel(this.#missRate);
    if (this.#candidates !== undefined) this.acceptance.learn(this.#candidates, committed);
    this.#noteGain(plan.tree, committed);
    this.#forgetStep();
    this.#numSteps++;
  }

  ended(numSteps: number): void {
    this.#stepsPerGeneration.add(Math.max(1, numSteps));
  }

  /** Drops what is known between a plan and its outcome only. */
  #forgetStep(): void {
    this.#candidates = undefined;
    this.#missRate = 1;
    this.#others = undefined;
    this.#hasWeighedModel = false;
  }

  /** What a draft model that was asked has brought beyond the others' drafts, and what that took. */
  #noteGain(verified: DraftTree, committed: Int32Array): void {
    const others = this.#others;
    if (others === undefined) return;
    const numTokens = committed.length - 1 - numFollowed(others.tree, committed);
    const rowsMs = this.#cost.ms(verified.size) - this.#cost.ms(others.tree.size);
    this.#gain.record(others.missRate, numTokens, this.#pace.takeDraftMs() + rowsMs);
  }

  #chosenOf(calibrated: DraftTree, limits: VerifyLimits): StepPlan {
    const ranked = rankNodes(calibrated, limits);
    const { numNodes, expectedAccepted } = chooseNumNodes(ranked.survival, {
      passMs: (numRows) => this.#cost.ms(numRows),
      treeMs: Math.max(0, (this.#treeHostMs.value ?? 0) - (this.#plainHostMs.value ?? 0)),
      tokensPerMs: this.#tokensPerMs * this.#caution,
    });
    return { tree: treeOfRanked(ranked, numNodes), expectedAccepted };
  }

  /** What asking the draft model is expected to bring beside drafts that miss as often, and what its own are weighed against. */
  #weighModel(missRate: number): { readonly worth: DraftWorth; readonly gainMs: number } {
    this.#hasWeighedModel = true;
    const tokenMs = 1 / this.#tokensPerMs;
    const worth = { tokenMs, rowMs: this.#cost.rowMs(MAX_DEPTH), missRate, pace: this.#pace };
    const gainMs = this.#gain.expectedMs(missRate, expectedModelGainMs(worth), tokenMs);
    this.#modelGainMs.add(Math.max(0, gainMs));
    return { worth, gainMs };
  }

  /** How much dearer than their time rows are taken to be: the less may be lost, the surer must be what earns it back. */
  get #caution(): number {
    return 2 - this.#budget.shareLeft(this.#plainStepMs);
  }

  get #plainStepMs(): number {
    return this.#cost.plainMs + (this.#plainHostMs.value ?? 0);
  }

  /** What a ms brings as decoding goes; at least what plain decoding brings. */
  get #tokensPerMs(): number {
    return Math.max(this.#tokens.value! / this.#ms.value!, 1 / this.#plainStepMs);
  }
}
