/**
 * What a step drafts and verifies. The loop asks, a policy decides and learns from what came of it. Whichever of the
 * candidates it has verified, the output is the target's.
 */
import type { AcceptanceTable } from "../calibration/acceptanceTable.ts";
import { AcceptanceTables } from "../calibration/acceptanceTables.ts";
import type { DraftBudget, DraftMode, DraftWorth } from "../tree/drafter.ts";
import { type DraftSource, type DraftTree, sourceBit } from "../tree/draftTree.ts";
import { READ_STEP } from "../tree/promptReading.ts";
import type { StepDrafts } from "../tree/stepDrafts.ts";
import { limitDraftTree, treeOfRanked, type VerifyLimits } from "./draftBudget.ts";
import { DrafterLedger } from "./drafterLedger.ts";
import { DraftPace } from "./draftPace.ts";
import type { PassCostTable } from "./passCost.ts";
import { type ChoiceTerms, chooseNodes, gainWithoutNodes, realisedGain } from "./stepGain.ts";
import { SETTLE_EVERY, StepPrices } from "./stepPrices.ts";

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
  readonly numAccepted: number;
  readonly evaluateMs: number;
  /** Whether a drafter read its prompt before the pass. */
  readonly hasRead: boolean;
  /** Verify and commit. */
  readonly hostMs: number;
  /** What each drafter that took part cost, its learning included. */
  readonly drafterMs: ReadonlyMap<DraftSource, number>;
  /** What they cost together: fusion and the choice, ... */
  readonly planMs: number;
  /** ... and what the policy learned of the step before. */
  readonly policyLearnMs: number;
}

export interface DraftPolicy {
  /** A generation begins. @param languageId - whose drafters' accounts count; undefined: of no language. */
  started(languageId: string | undefined): void;
  /** Whether a drafter takes part, now and if nothing is learned until the next step. */
  isActive(source: DraftSource): boolean;
  /** Whether the next step drafts at all. Those that take part stay begun. */
  readonly isDrafting: boolean;
  /** A drafter's start of the generation took so long, in ms. */
  began(source: DraftSource, ms: number): void;
  /**
   * Tokens that a drafter may read before the next pass, of those that it lacks; 0: none now.
   * @param maxSteps - steps that may still come.
   */
  tokensToRead(source: DraftSource, numUnread: number, maxSteps: number): number;
  /** It read so many, in ms. */
  hasRead(source: DraftSource, numTokens: number, ms: number): void;
  /** What a drafter may draft in this step. */
  budgetFor(source: DraftSource, limits: VerifyLimits): DraftBudget;
  /** Chooses of the candidates of all drafters; not asked where there are none. */
  plan(drafts: StepDrafts, limits: VerifyLimits): StepPlan;
  /** Called after each step. */
  learn(outcome: StepOutcome): void;
  ended(numSteps: number): void;
}

/** Tokens of a part where nothing is measured. */
const UNMEASURED_PART = 2 * READ_STEP;

/** Verifies as many nodes as the limits allow, and never calibrates: the union of all drafts without a budget. */
export const UNLIMITED_POLICY: DraftPolicy = {
  started() {},
  isActive: () => true,
  isDrafting: true,
  began() {},
  tokensToRead: () => UNMEASURED_PART,
  hasRead() {},
  budgetFor: (_source, { maxNodes, maxDepth }) => ({ maxNodes, maxDepth, minSurvival: 0 }),
  plan: ({ fused }, limits) => ({
    tree: limitDraftTree(fused, limits),
    expectedAccepted: undefined,
  }),
  learn() {},
  ended() {},
};

/** A step between its plan and its outcome. */
interface PlannedStep {
  readonly drafts: StepDrafts;
  readonly calibrated: DraftTree;
  /** Of what was chosen of it, in tokens. */
  readonly gain: number;
  readonly terms: ChoiceTerms;
}

/** A node is drafted down to this share of what drafting it costs: calibration may think more of it than its drafter does. */
const FLOOR_MARGIN = 0.5;
const MIN_FLOOR = 0.01;
const WEIGHT = 0.05;
/** Longest draft of a draft model of which all tokens are thought to be taken. */
const MAX_PERFECT_TOKENS = 16;
/** Steps after which one that could not pay is tried again: its passes, or the target's, may take another time by then. */
const RETRY_STEPS = 4096;
/** How far realised acceptance may pull the expectation, and how long a step is remembered. */
const CORRECTION_BOUNDS = { min: 0.5, max: 1.5 } as const;
const CORRECTION_MEMORY = 0.99;

/** What a policy may do, and what it starts from. */
export interface MeasuredPolicyOptions {
  /** Modes of a draft model that are tried; all by default. */
  readonly draftModes?: readonly DraftMode[];
  /** What was learned of drafts earlier, with the same models. */
  readonly acceptance?: AcceptanceTables;
}

/**
 * Verifies what this machine verifies cheaply: t(n) is measured, acceptance calibrated, drafters that do not pay sit
 * out, and where nothing pays nothing is drafted. Outlives generations; one per target, draft and backend.
 */
export class MeasuredPolicy implements DraftPolicy {
  /** What it has learned of drafts, to be kept with the models' other state; may be replaced between generations. */
  acceptance: AcceptanceTables;
  readonly #prices: StepPrices;
  readonly #ledger: DrafterLedger;
  readonly #pace = new DraftPace();
  /** Expected and realised accepted tokens of the last steps: what the calibration as a whole is off by. */
  #expected = 1;
  #realised = 1;
  /** ms per drafted node, by source. */
  readonly #nodeMs = new Map<DraftSource, number>();
  #step: PlannedStep | undefined;
  #numSteps = 0;
  /** The last step in which the draft model drafted. */
  #modelStep = 0;

  constructor(cost: PassCostTable, { draftModes, acceptance }: MeasuredPolicyOptions = {}) {
    this.#prices = new StepPrices(cost);
    this.#ledger = new DrafterLedger(draftModes);
    this.acceptance = acceptance ?? new AcceptanceTables();
  }

  get isDrafting(): boolean {
    return this.#prices.isDrafting;
  }

  started(languageId: string | undefined): void {
    this.#ledger.started(languageId);
    this.#prices.started();
    // An abort may have come between the last one's plan and its outcome.
    this.#step = undefined;
  }

  isActive(source: DraftSource): boolean {
    return this.#ledger.isActive(source) && (source !== "draftModel" || this.#couldPay);
  }

  began(source: DraftSource, ms: number): void {
    this.#ledger.began(source, ms);
  }

  tokensToRead(source: DraftSource, numUnread: number, maxSteps: number): number {
    const { tokenMs, partTokens } = this.#pace.reading;
    const numParts = Math.ceil(numUnread / partTokens);
    const left = { ms: numUnread * (tokenMs ?? 0), numParts };
    const pays = this.#ledger.paysToRead(source, left, maxSteps, this.#prices.worth);
    return pays ? partTokens : 0;
  }

  hasRead(source: DraftSource, numTokens: number, ms: number): void {
    this.#pace.reading.record(numTokens, ms);
    this.#ledger.hasRead(source, ms);
  }

  budgetFor(source: DraftSource, { maxNodes, maxDepth }: VerifyLimits): DraftBudget {
    // A draft model weighs its passes itself: not its nodes cost it time.
    if (source === "draftModel") {
      const mode = this.#ledger.modeOf(source);
      return { maxNodes, maxDepth, minSurvival: MIN_FLOOR, mode, worth: this.#worth };
    }
    const nodeMs = this.#nodeMs.get(source) ?? 0;
    // Drafting is saved, not rows: their price is weighed against calibrated scores, which a drafter does not know.
    const floor = FLOOR_MARGIN * this.#prices.tokensPerMs * nodeMs;
    return { maxNodes, maxDepth, minSurvival: Math.max(MIN_FLOOR, Math.min(0.9, floor)) };
  }

  plan(drafts: StepDrafts, limits: VerifyLimits): StepPlan {
    const { fused, sources } = drafts;
    const terms = { limits, cost: this.#prices.verifyCost, correction: this.#correction };
    const calibrated = this.acceptance.of(sources).calibrate(fused);
    const { ranked, choice } = chooseNodes(calibrated, terms);
    this.#step = { drafts, calibrated, gain: choice.gain, terms };
    return {
      tree: treeOfRanked(ranked, choice.numNodes),
      expectedAccepted: choice.expectedAccepted,
    };
  }

  learn(outcome: StepOutcome): void {
    const { plan, committed, numAccepted, evaluateMs, hostMs, drafterMs } = outcome;
    const step = this.#step;
    this.#step = undefined;
    this.#numSteps++;
    if (drafterMs.has("draftModel")) this.#modelStep = this.#numSteps;
    this.#ledger.stepped();
    // What was off long ago is no more believed after a pause.
    this.#expected *= CORRECTION_MEMORY;
    this.#realised *= CORRECTION_MEMORY;
    if (step === undefined) {
      // Behind a part that was read a pass is none of plain decoding's.
      if (!outcome.hasRead) this.#prices.notePlain(evaluateMs, hostMs);
      return;
    }
    const expected = plan.expectedAccepted ?? 0;
    const draftersMs = Array.from(drafterMs.values()).reduce((sum, ms) => sum + ms, 0);
    const numRows = plan.tree.size;
    this.#prices.noteDrafted({ ...outcome, numRows, expected, draftersMs });
    this.#expected += expected / step.terms.correction;
    this.#realised += numAccepted;
    const isDue = this.#numSteps % SETTLE_EVERY === 0;
    const { drafts } = step;
    if (isDue || this.#ledger.isAnyYoung(drafterMs.keys())) {
      this.#settle(step, outcome, !isDue);
      if (drafterMs.has("draftModel")) {
        this.#withoutModel(drafts).learn(drafts.without("draftModel"), committed);
      }
    }
    this.acceptance.of(drafts.sources).learn(drafts.fused, committed);
  }

  ended(numSteps: number): void {
    this.#ledger.ended(numSteps);
  }

  /** Books what each drafter brought in this step: the gain with its draft less the gain without. */
  #settle(step: PlannedStep, outcome: StepOutcome, isEarly: boolean): void {
    const { plan, committed, numAccepted, drafterMs } = outcome;
    const { drafts, calibrated, gain, terms } = step;
    const pass = { numRows: plan.tree.size, numAccepted, committed };
    const shares = Array.from(drafterMs, ([source, costMs]) => {
      this.#noteNodeMs(source, drafts.fused, costMs);
      // What a draft model says of the others' nodes counts, too, by agreement and by what it leaves out. For the others,
      // who cost little, that would be lost in the noise.
      const gainTokens =
        source === "draftModel"
          ? realisedGain(pass, this.#withoutModel(drafts).calibrate(drafts.without(source)), terms)
          : gain - gainWithoutNodes(calibrated, source, terms);
      return { source, costMs, gainTokens };
    });
    const together = this.#prices.settle(isEarly);
    const { paused, isUnsure } = this.#ledger.record({ shares, together }, this.#prices.worth);
    if (paused !== undefined) this.acceptance.doubt(paused);
    if (isUnsure) this.#prices.measurePlain();
  }

  /** Whether a draft model's drafts would pay if the target took all of them, as far as its passes were seen of late. */
  get #couldPay(): boolean {
    const draftMs = this.#pace.passMs(1);
    if (draftMs === undefined || this.#numSteps - this.#modelStep >= RETRY_STEPS) return true;
    const { passMs, treeMs, tokensPerMs } = this.#prices.verifyCost;
    for (let numTokens = 1; numTokens <= MAX_PERFECT_TOKENS; numTokens++) {
      const ms = passMs(numTokens + 1) - passMs(1) + treeMs + numTokens * draftMs;
      if (numTokens > tokensPerMs * ms) return true;
    }
    return false;
  }

  /** The table of a step's other sources. */
  #withoutModel({ sources }: StepDrafts): AcceptanceTable {
    return this.acceptance.of(sources & ~sourceBit("draftModel"));
  }

  #noteNodeMs(source: DraftSource, tree: DraftTree, costMs: number): void {
    const bit = sourceBit(source);
    const numNodes = tree.sources.reduce((sum, bits) => sum + ((bits & bit) === 0 ? 0 : 1), 0);
    const known = this.#nodeMs.get(source) ?? 0;
    // One node more than was drafted was tried.
    this.#nodeMs.set(source, known + WEIGHT * (costMs / (numNodes + 1) - known));
  }

  get #worth(): DraftWorth {
    const { tokensPerMs, rowMs } = this.#prices;
    return { tokenMs: 1 / tokensPerMs, rowMs, pace: this.#pace };
  }

  get #correction(): number {
    const { min, max } = CORRECTION_BOUNDS;
    return Math.min(max, Math.max(min, (this.#realised + 1) / (this.#expected + 1)));
  }
}
