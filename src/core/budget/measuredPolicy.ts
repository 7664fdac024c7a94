/**
 * Verifies what this machine verifies cheaply, and may lose only so much against plain decoding. Four parts: the cost
 * model (`passCost.ts`), the calibration of drafts (`acceptanceTable.ts`), the choice of nodes by marginal gain
 * (`draftBudget.ts`), and the loss budget (`lossBudget.ts`), which is the promise. Reads no clock.
 */
import { AcceptanceTable } from "../calibration/acceptanceTable.ts";
import type { DraftBudget, DraftWorth } from "../tree/drafter.ts";
import { type DraftSource, type DraftTree, rootOnlyTree } from "../tree/draftTree.ts";
import { BaselineProbe } from "./baselineProbe.ts";
import {
  chooseNumNodes,
  type NodeChoice,
  type RankedNodes,
  rankNodes,
  treeOfRanked,
  type VerifyLimits,
} from "./draftBudget.ts";
import { DraftPace } from "./draftPace.ts";
import type { DraftPolicy, StepOutcome, StepPlan } from "./draftPolicy.ts";
import { LossBudget } from "./lossBudget.ts";
import { expectedModelGainMs, ModelGain, missRateOf, numFollowed } from "./modelGain.ts";
import type { PassCostTable } from "./passCost.ts";

/** What speculation may cost unless a user says otherwise: a share of plain decoding's time, and so many ms. */
export const DEFAULT_MAX_LOSS = { share: 0.03, ms: 200 } as const;
/** Nodes that the target reaches with a smaller chance are not drafted. */
const MIN_SURVIVAL = 0.001;
/** Rows of the pass at which the price of a further row is read. */
const MANY_ROWS = 16;
/** Share by which a step moves what a ms brings, what a step takes beside its pass, and what a draft model would bring. */
const RATE_WEIGHT = 0.01;
/** Plain steps that the rate begins as. */
const FIRST_RATE_STEPS = 10;
const HOST_WEIGHT = 0.05;
const GAIN_WEIGHT = 0.05;
/**
 * While the budget has less than so many plain steps of credit rows are taken to be dearer, by this share where it has none:
 * what is surest then earns the credit. On replays of the recorded traces 1 to 2 % faster than without.
 */
const CAUTIOUS_STEPS = 20;
const CAUTION = 0.5;
/** Share by which a generation moves how many steps are expected of one. */
const LENGTH_WEIGHT = 0.1;
/** So many times what plain decoding takes for each row, or what the host usually takes, is the machine's hiccup. */
const MAX_SURPRISE = 3;
/** Share of the credit that finding out what a draft model brings may take. */
const TRIAL_SHARE = 0.25;
/** A draft model that is expected to bring less than this share of a plain step is not prepared for. */
const MIN_WANTED_GAIN = 0.01;

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
  /** What decoding brings in what time, smoothed apart: the rate is the ratio of the means. */
  #tokens = 1;
  #numRates = 0;
  #ms: number;
  /** Host time of steps with trees, and of steps behind a plain one, smoothed; undefined before the first. */
  #treeHostMs: number | undefined;
  #plainHostMs: number | undefined;
  /** What drafting with the model is expected to bring a step; undefined before that was asked. */
  #modelGainMs: number | undefined;
  #stepsPerGeneration = 12;
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
    this.#ms = cost.plainMs;
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
    if (source !== "draftModel" || this.#modelGainMs === undefined) return true;
    return this.#modelGainMs > MIN_WANTED_GAIN * this.#plainStepMs;
  }

  spent(ms: number): void {
    this.#budget.spend(ms);
  }

  /** Reads on where all that is left pays in the steps that are left, and is affordable. */
  tokensToRead(numUnread: number, maxSteps: number): number {
    const { tokenMs = 0, partTokens } = this.#pace.reading;
    const ms = numUnread * tokenMs;
    const numLeft = Math.min(maxSteps, this.#stepsPerGeneration - this.#numSteps);
    // A step for each part.
    const numDrafting = numLeft - Math.ceil(numUnread / partTokens);
    if (numDrafting <= 0) return 0;
    const { creditMs } = this.#budget;
    // Before its first pass nobody knows what a model brings: that is found out for a part of what may be lost.
    const pays =
      this.#pace.passMs(1) === undefined
        ? ms < TRIAL_SHARE * creditMs
        : ms < Math.min(creditMs, numDrafting * (this.#modelGainMs ?? 0));
    return pays ? partTokens : 0;
  }

  hasRead(numTokens: number, ms: number): void {
    this.#pace.reading.record(numTokens, ms);
  }

  budgetFor(
    source: DraftSource,
    { maxNodes, maxDepth, maxBranches }: VerifyLimits,
    others?: DraftTree,
  ): DraftBudget {
    const budget = { maxNodes, maxDepth, minSurvival: MIN_SURVIVAL };
    if (source !== "draftModel") return budget;
    this.#hasWeighedModel = true;
    const drafted = this.acceptance.calibrate(others ?? rootOnlyTree(0));
    const missRate = missRateOf(drafted);
    const worth = this.#worthBeside(missRate);
    const gainMs = this.#gain.expectedMs(missRate, expectedModelGainMs(worth), worth.tokenMs);
    this.#noteModelGain(gainMs);
    if (gainMs <= 0) return { ...budget, maxNodes: 0, worth };
    this.#others = { tree: this.#chosenOf(drafted, { maxNodes, maxDepth, maxBranches }), missRate };
    this.#pace.takeDraftMs();
    return { ...budget, mode: "tree", worth, others: drafted };
  }

  plan(candidates: DraftTree, limits: VerifyLimits): StepPlan {
    const calibrated = this.acceptance.calibrate(candidates);
    const ranked = rankNodes(calibrated, limits);
    const choice = this.#choose(ranked);
    this.#candidates = candidates;
    this.#missRate = missRateOf(calibrated);
    return {
      tree: treeOfRanked(ranked, choice.numNodes),
      expectedAccepted: choice.expectedAccepted,
    };
  }

  learn(outcome: StepOutcome): void {
    const { plan, committed, numKept, evaluateMs, hostMs, hasDrafted, draftingMs } = outcome;
    const plainMs = this.#plainStepMs;
    if (hasDrafted) {
      const numRows = plan.tree.size;
      // What takes longer is the machine's hiccup: plain decoding would have had it, too.
      const passMs = Math.min(evaluateMs, MAX_SURPRISE * numRows * plainMs);
      const stepMs = passMs + this.#noteTreeHost(hostMs) + draftingMs;
      this.#budget.book(numKept, stepMs, plainMs);
      this.#noteRate(numKept, stepMs);
      // Behind a prompt a pass is slow, with drafts or without.
      if (this.#numSteps > 0) this.#cost.record(numRows, evaluateMs);
      this.#probe.drafted();
    } else {
      this.#budget.book(1, plainMs + draftingMs, plainMs);
      this.#noteRate(1, plainMs + draftingMs);
      if (this.#probe.isWarm) this.#plainHostMs = smoothed(this.#plainHostMs, hostMs);
      const medianMs = this.#probe.plain(evaluateMs);
      if (medianMs !== undefined) this.#cost.recordPlain(medianMs);
    }
    if (this.#others === undefined) {
      this.#pace.fade();
      this.#gain.fade();
    }
    if (!this.#hasWeighedModel) {
      // What a model would have brought is known without it.
      const worth = this.#worthBeside(this.#missRate);
      const expectedMs = expectedModelGainMs(worth);
      this.#noteModelGain(this.#gain.expectedMs(this.#missRate, expectedMs, worth.tokenMs));
    }
    if (this.#candidates !== undefined) this.acceptance.learn(this.#candidates, committed);
    this.#noteGain(plan.tree, committed);
    this.#forgetStep();
    this.#numSteps++;
  }

  ended(numSteps: number): void {
    this.#stepsPerGeneration += LENGTH_WEIGHT * (Math.max(1, numSteps) - this.#stepsPerGeneration);
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

  #choose({ survival }: RankedNodes): NodeChoice {
    return chooseNumNodes(survival, {
      passMs: (numRows) => this.#cost.ms(numRows),
      treeMs: Math.max(0, (this.#treeHostMs ?? 0) - (this.#plainHostMs ?? 0)),
      tokensPerMs: this.#tokensPerMs * this.#caution,
    });
  }

  #chosenOf(calibrated: DraftTree, limits: VerifyLimits): DraftTree {
    const ranked = rankNodes(calibrated, limits);
    return treeOfRanked(ranked, this.#choose(ranked).numNodes);
  }

  #worthBeside(missRate: number): DraftWorth {
    return {
      tokenMs: 1 / this.#tokensPerMs,
      rowMs: this.#cost.rowMs(MANY_ROWS),
      missRate,
      pace: this.#pace,
    };
  }

  #noteModelGain(gainMs: number): void {
    const known = this.#modelGainMs;
    const gain = Math.max(0, gainMs);
    this.#modelGainMs = known === undefined ? gain : known + GAIN_WEIGHT * (gain - known);
  }

  /** @returns what it is booked with. */
  #noteTreeHost(ms: number): number {
    const usualMs = this.#treeHostMs ?? ms;
    this.#treeHostMs = smoothed(this.#treeHostMs, ms);
    return Math.min(ms, MAX_SURPRISE * usualMs);
  }

  #noteRate(numTokens: number, ms: number): void {
    const weight = Math.max(RATE_WEIGHT, 1 / (FIRST_RATE_STEPS + this.#numRates++));
    this.#tokens += weight * (numTokens - this.#tokens);
    this.#ms += weight * (ms - this.#ms);
  }

  /** How much dearer than their time rows are taken to be. */
  get #caution(): number {
    const left = this.#budget.creditMs / (CAUTIOUS_STEPS * this.#plainStepMs);
    return 1 + CAUTION * Math.max(0, 1 - left);
  }

  get #plainStepMs(): number {
    return this.#cost.plainMs + (this.#plainHostMs ?? 0);
  }

  /** What a ms brings as decoding goes; at least what plain decoding brings. */
  get #tokensPerMs(): number {
    return Math.max(this.#tokens / this.#ms, 1 / this.#plainStepMs);
  }
}

/** A host phase, smoothed; one that is far longer than usual counts as the longest that is believed. */
function smoothed(known: number | undefined, ms: number): number {
  if (known === undefined) return ms;
  return known + HOST_WEIGHT * (Math.min(ms, MAX_SURPRISE * known) - known);
}
