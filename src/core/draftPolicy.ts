/**
 * What a step drafts and verifies. The loop asks, a policy decides and learns from what came of it. Whichever of the
 * candidates it has verified, the output is the target's.
 */
import { AcceptanceTable } from "./acceptanceTable.ts";
import {
  chooseNumNodes,
  limitDraftTree,
  rankNodes,
  treeOfRanked,
  type VerifyCost,
  type VerifyLimits,
} from "./draftBudget.ts";
import type { DraftBudget } from "./drafter.ts";
import { DrafterLedger } from "./drafterLedger.ts";
import { type DraftSource, type DraftTree, ROOT, sourceBit } from "./draftTree.ts";
import type { PassCostTable } from "./passCost.ts";

/** The tree to verify, and how many of its nodes are expected to be accepted. */
export interface StepPlan {
  readonly tree: DraftTree;
  /** Undefined where nothing was calibrated. */
  readonly expectedAccepted: number | undefined;
}

/** What came of a step. Times in ms. */
export interface StepOutcome {
  readonly plan: StepPlan;
  /** [accepted + 1] what the target chose. */
  readonly committed: Int32Array;
  readonly numAccepted: number;
  readonly evaluateMs: number;
  /** Fuse, budget, verify and commit. */
  readonly hostMs: number;
  /** What each drafter that took part cost, its learning included. */
  readonly drafterMs: ReadonlyMap<DraftSource, number>;
}

export interface DraftPolicy {
  /** Whether a drafter takes part, now and if nothing is learned until the next step. */
  isActive(source: DraftSource): boolean;
  /** A drafter's start of the generation took so long, in ms. */
  began(source: DraftSource, ms: number): void;
  /** What a drafter may draft in this step. */
  budgetFor(source: DraftSource, limits: VerifyLimits): DraftBudget;
  /** Chooses of the candidates of all drafters, fused. */
  plan(candidates: DraftTree, limits: VerifyLimits): StepPlan;
  /** Called after each step. */
  learn(outcome: StepOutcome): void;
  ended(numSteps: number): void;
}

/** Verifies as many nodes as the limits allow, and never calibrates: the union of all drafts without a budget. */
export const UNLIMITED_POLICY: DraftPolicy = {
  isActive: () => true,
  began() {},
  budgetFor: (_source, { maxNodes, maxDepth }) => ({ maxNodes, maxDepth, minSurvival: 0 }),
  plan: (candidates, limits) => ({
    tree: limitDraftTree(candidates, limits),
    expectedAccepted: undefined,
  }),
  learn() {},
  ended() {},
};

/** A step between its plan and its outcome. */
interface PlannedStep {
  readonly candidates: DraftTree;
  readonly calibrated: DraftTree;
  readonly limits: VerifyLimits;
  readonly correction: number;
}

/** Of what the drafters' own scores promise, what calibration may leave: candidates below the floor are kept by this. */
const FLOOR_MARGIN = 0.5;
const MIN_FLOOR = 0.01;
const WEIGHT = 0.05;
/** How far realised acceptance may pull the expectation, and how long a step is remembered. */
const CORRECTION_BOUNDS = { min: 0.5, max: 1.5 } as const;
const CORRECTION_MEMORY = 0.99;
/** Accounts are reckoned in every step while they are young, later in one of so many. */
const ACCOUNT_EVERY = 4;
/** After so many passes with drafts in a row one has none. */
const MAX_TREE_STEPS = 64;
/** A host phase this many times over the usual one is the garbage collector's, or another process's. */
const MAX_HOST_SURPRISE = 4;
/** How a first sample is bounded, in ms. */
const FIRST_HOST_MS = 1;

/**
 * Verifies what this machine verifies cheaply: t(n) is measured, acceptance calibrated, drafters that do not pay sit
 * out, and where nothing pays nothing is drafted. Outlives generations; one per target, draft and backend.
 */
export class MeasuredPolicy implements DraftPolicy {
  readonly #cost: PassCostTable;
  readonly #acceptance = new AcceptanceTable();
  readonly #ledger = new DrafterLedger();
  /** Tokens and ms of a step, smoothed apart: what a ms is worth is the ratio of the means. */
  readonly #rate: { tokens: number; ms: number };
  /** Passes with drafts in a row. */
  #numTreeSteps = 0;
  /** Host time of passes with drafts and without, smoothed. */
  #hostMs = { withTree: 0, plain: 0 };
  /** Expected and realised accepted tokens of the last steps: what the calibration as a whole is off by. */
  #expected = 1;
  #realised = 1;
  /** ms per drafted node, by source. */
  readonly #nodeMs = new Map<DraftSource, number>();
  #step: PlannedStep | undefined;
  #numSteps = 0;

  constructor(cost: PassCostTable) {
    this.#cost = cost;
    this.#rate = { tokens: 1, ms: cost.ms(1) };
  }

  isActive(source: DraftSource): boolean {
    return this.#ledger.isActive(source);
  }

  began(source: DraftSource, ms: number): void {
    this.#ledger.began(source, ms);
  }

  budgetFor(source: DraftSource, { maxNodes, maxDepth }: VerifyLimits): DraftBudget {
    const nodeMs = this.#nodeMs.get(source) ?? 0;
    // Drafting is saved, not rows: their price is weighed against calibrated scores, which a drafter does not know.
    const floor = FLOOR_MARGIN * this.#tokensPerMs * nodeMs;
    return { maxNodes, maxDepth, minSurvival: Math.max(MIN_FLOOR, Math.min(0.9, floor)) };
  }

  plan(candidates: DraftTree, limits: VerifyLimits): StepPlan {
    const calibrated = this.#acceptance.calibrate(candidates);
    const correction = this.#correction;
    this.#step = { candidates, calibrated, limits, correction };
    const ranked = rankNodes(calibrated, limits);
    const survival = ranked.survival.map((value) => Math.min(1, value * correction));
    // Only a pass of one row tells a slow machine from dear rows.
    if (this.#numTreeSteps >= MAX_TREE_STEPS) {
      return { tree: treeOfRanked(ranked, 0), expectedAccepted: 0 };
    }
    const { numNodes, expectedAccepted } = chooseNumNodes(survival, this.#verifyCost);
    return { tree: treeOfRanked(ranked, numNodes), expectedAccepted };
  }

  learn(outcome: StepOutcome): void {
    const { plan, committed, numAccepted, evaluateMs, hostMs, drafterMs } = outcome;
    const numNodes = plan.tree.size - 1;
    const expected = plan.expectedAccepted ?? 0;
    this.#numSteps++;
    this.#ledger.stepped();
    this.#cost.record(plan.tree.size, evaluateMs);
    this.#numTreeSteps = numNodes > 0 ? this.#numTreeSteps + 1 : 0;
    this.#noteHost(numNodes > 0, hostMs);
    const draftMs = Array.from(drafterMs.values()).reduce((sum, ms) => sum + ms, 0);
    const stepMs =
      this.#cost.ms(plan.tree.size) + (draftMs >= 0 ? draftMs : 0) + this.#hostOf(numNodes > 0);
    this.#rate.tokens += WEIGHT * (1 + expected - this.#rate.tokens);
    this.#rate.ms += WEIGHT * (stepMs - this.#rate.ms);
    const step = this.#step;
    this.#step = undefined;
    if (step === undefined) return;
    this.#expected = CORRECTION_MEMORY * this.#expected + expected / step.correction;
    this.#realised = CORRECTION_MEMORY * this.#realised + numAccepted;
    this.#acceptance.learn(step.candidates, committed);
    const isDue = this.#numSteps % ACCOUNT_EVERY === 0;
    if (isDue || this.#ledger.isAnyYoung(drafterMs.keys())) this.#settle(step, drafterMs);
  }

  ended(numSteps: number): void {
    this.#ledger.ended(numSteps);
  }

  /** Books what each drafter's nodes brought in this step, by leaving them out. */
  #settle(step: PlannedStep, drafterMs: ReadonlyMap<DraftSource, number>): void {
    if (drafterMs.size === 0) return;
    const whole = this.#gainOf(step, 0);
    const shares = Array.from(drafterMs, ([source, costMs]) => {
      const without = this.#gainOf(step, sourceBit(source));
      this.#noteNodeMs(source, step.candidates, costMs);
      return { source, costMs, gainMs: (whole - without) / this.#tokensPerMs };
    });
    const paused = this.#ledger.record(shares, this.#cost.ms(1));
    if (paused !== undefined) this.#acceptance.doubt(paused);
  }

  /** Gain of the best choice without the nodes that only the sources in `leftOut` proposed. */
  #gainOf({ calibrated, limits, correction }: PlannedStep, leftOut: number): number {
    const scores = calibrated.scores.map((score, node) =>
      node !== ROOT && (calibrated.sources[node]! & ~leftOut) === 0 ? 0 : score,
    );
    const ranked = rankNodes({ ...calibrated, scores }, limits);
    const survival = ranked.survival.map((value) => Math.min(1, value * correction));
    return chooseNumNodes(survival, this.#verifyCost).gain;
  }

  #noteNodeMs(source: DraftSource, tree: DraftTree, costMs: number): void {
    const bit = sourceBit(source);
    const numNodes = tree.sources.reduce((sum, bits) => sum + ((bits & bit) === 0 ? 0 : 1), 0);
    const known = this.#nodeMs.get(source) ?? 0;
    // One node more than was drafted was tried.
    this.#nodeMs.set(source, known + WEIGHT * (costMs / (numNodes + 1) - known));
  }

  /** A pass without drafts also lets the cost of those with them fade, or one bad moment would rule them out for good. */
  #noteHost(hasTree: boolean, hostMs: number): void {
    if (!(hostMs >= 0)) return;
    const kind = hasTree ? "withTree" : "plain";
    const known = this.#hostMs[kind];
    const bound = known === 0 ? FIRST_HOST_MS : MAX_HOST_SURPRISE * known;
    this.#hostMs[kind] += WEIGHT * (Math.min(hostMs, bound) - known);
    if (!hasTree) this.#hostMs.withTree += WEIGHT * (this.#hostMs.plain - this.#hostMs.withTree);
  }

  #hostOf(hasTree: boolean): number {
    return hasTree ? this.#hostMs.withTree : this.#hostMs.plain;
  }

  /** What a ms brings as decoding goes; at least what plain decoding brings. */
  get #tokensPerMs(): number {
    const { tokens, ms } = this.#rate;
    return Math.max(tokens / ms, 1 / (this.#cost.ms(1) + this.#hostMs.plain));
  }

  get #verifyCost(): VerifyCost {
    return {
      passMs: (numRows) => this.#cost.ms(numRows),
      treeMs: Math.max(0, this.#hostMs.withTree - this.#hostMs.plain),
      tokensPerMs: this.#tokensPerMs,
    };
  }

  get #correction(): number {
    const { min, max } = CORRECTION_BOUNDS;
    return Math.min(max, Math.max(min, (this.#realised + 1) / (this.#expected + 1)));
  }
}
