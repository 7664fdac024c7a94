/**
 * What steps cost on this machine, with drafts and without: passes (`passCost.ts`), host time and what a ms brings
 * (`goingRate.ts`), and when plain decoding is measured (`controlRuns.ts`). Times come in as numbers, in ms.
 */
import { ControlRuns } from "./controlRuns.ts";
import type { VerifyCost } from "./draftBudget.ts";
import type { Gains, StepWorth } from "./gainAccount.ts";
import { GoingRate } from "./goingRate.ts";
import type { PassCostTable } from "./passCost.ts";

/** Accounts are settled once in so many steps; in every one while they are young. */
export const SETTLE_EVERY = 4;
/** What a row costs is read off passes of so many. */
const MANY_ROWS = 16;
const LEARN_WEIGHT = 0.1;
const NO_STEPS = { numSteps: 0, tokens: 0, ms: 0 };

/** A step that drafted. */
export interface DraftedStep {
  readonly numRows: number;
  /** Accepted tokens that were expected of it. */
  readonly expected: number;
  readonly evaluateMs: number;
  /** Verify and commit. */
  readonly hostMs: number;
  /** All drafters together. */
  readonly draftersMs: number;
  /** Fusion and choice. */
  readonly planMs: number;
  /** What the policy learned of the step before. */
  readonly policyLearnMs: number;
}

export class StepPrices {
  readonly #cost: PassCostTable;
  readonly #rate: GoingRate;
  readonly #control = new ControlRuns();
  /** Sums of the drafted steps since the accounts were last settled. */
  #since = NO_STEPS;
  #isFirstOfGeneration = true;
  /** What the step before had settled: its accounts, and whether only as they are young. */
  #settled: "due" | "early" | "nothing" | "plain" = "plain";
  /** What the policy's learning takes where nothing is settled. */
  #lightLearnMs = 0;

  constructor(cost: PassCostTable) {
    this.#cost = cost;
    this.#rate = new GoingRate(cost.plainMs);
  }

  /** Whether the next step may draft; no while plain decoding is measured. */
  get isDrafting(): boolean {
    return !this.#control.isRunning;
  }

  started(): void {
    this.#control.started();
    this.#isFirstOfGeneration = true;
  }

  /** Has plain decoding measured now. */
  measurePlain(): void {
    this.#control.begin();
  }

  /** A step in which nobody drafted. */
  notePlain(evaluateMs: number, hostMs: number): void {
    this.#isFirstOfGeneration = false;
    this.#settled = "plain";
    this.#cost.recordPlain(this.#control.plain(evaluateMs));
    const passMs = this.#cost.plainMs;
    this.#rate.note({ hasTree: false, tokens: 1, passMs, draftMs: 0, hostMs });
  }

  noteDrafted(step: DraftedStep): void {
    const { numRows, expected, evaluateMs, hostMs, draftersMs, planMs } = step;
    // Behind a prompt a pass is slow, drafts or not.
    if (!this.#isFirstOfGeneration) this.#cost.record(numRows, evaluateMs);
    this.#isFirstOfGeneration = false;
    this.#control.drafted(this.tokensPerMs * this.plainStepMs);
    const ms = this.#rate.note({
      hasTree: numRows > 1,
      tokens: 1 + expected,
      passMs: this.#cost.ms(numRows),
      draftMs: draftersMs + planMs + this.#usualLearnMs(step.policyLearnMs),
      hostMs,
    });
    this.#settled = "nothing";
    const { numSteps, tokens } = this.#since;
    this.#since = { numSteps: numSteps + 1, tokens: tokens + expected, ms: this.#since.ms + ms };
  }

  /**
   * The mean drafted step since this was last asked: its tokens, the bonus included, and what it took.
   * @param isEarly - whether the accounts are settled only as they are young.
   */
  settle(isEarly: boolean): Gains {
    const { numSteps, tokens, ms } = this.#since;
    this.#since = NO_STEPS;
    this.#settled = isEarly ? "early" : "due";
    return { gainTokens: 1 + tokens / numSteps, costMs: ms / numSteps };
  }

  /** What steps are weighed by. */
  get worth(): StepWorth {
    const isPlainKnown = this.#control.isFresh;
    return { plainMs: this.plainStepMs, tokenMs: 1 / this.tokensPerMs, isPlainKnown };
  }

  /** What a ms brings as decoding goes. */
  get tokensPerMs(): number {
    return this.#rate.tokensPerMs(this.#cost.plainMs);
  }

  get plainStepMs(): number {
    return this.#rate.plainStepMs(this.#cost.plainMs);
  }

  get verifyCost(): VerifyCost {
    return {
      passMs: (numRows) => this.#cost.ms(numRows),
      treeMs: this.#rate.treeMs,
      tokensPerMs: this.tokensPerMs,
    };
  }

  /** What a drafted node costs the target's pass, beyond the first few. */
  get rowMs(): number {
    return this.#cost.rowMs(MANY_ROWS);
  }

  /** What learning takes in the mean, though young accounts are settled in every step. */
  #usualLearnMs(ms: number): number {
    if (this.#settled === "nothing") {
      this.#lightLearnMs += LEARN_WEIGHT * (ms - this.#lightLearnMs);
    }
    if (this.#settled !== "early") return ms;
    const light = Math.min(ms, this.#lightLearnMs);
    return light + (ms - light) / SETTLE_EVERY;
  }
}
