/**
 * Which drafters pay. Each has an account of what its drafts bring and what they cost; one that loses sits out a while
 * and is tried again, later each time. Pure: times come in as numbers.
 *
 * @see ALGORITHMS §18.1, and §18 reason 2 for the draft model.
 */
import type { DraftSource } from "./draftTree.ts";

const WEIGHT = 0.1;
const BEGIN_WEIGHT = 0.3;
/** Steps that an account needs before it is judged, and before it is found to lose much of a plain pass. */
const MIN_JUDGED_STEPS = 12;
const MIN_CLEAR_STEPS = 4;
const CLEAR_LOSS = 0.25;
/** Steps of the first pause; each further one in a row is twice as long. */
const FIRST_PAUSE_STEPS = 64;
const MAX_DOUBLINGS = 5;
/** A loss is one only beyond this share of a plain pass: gains are estimates. */
const TOLERANCE = 0.002;

interface Account {
  costMs: number;
  gainMs: number;
  /** Start of a generation, spread over its steps. */
  beginMs: number;
  numSteps: number;
  resumesAt: number;
  numPauses: number;
}

export class DrafterLedger {
  readonly #accounts = new Map<DraftSource, Account>();
  #numSteps = 0;
  /** Steps that a generation takes, smoothed: what a start is spread over. */
  #stepsPerGeneration = 12;

  /** Whether a source may draft now. */
  isActive(source: DraftSource): boolean {
    return this.#account(source).resumesAt <= this.#numSteps;
  }

  /** Whether one of these sources is about to be judged for the first time since it was paused. */
  isAnyYoung(sources: Iterable<DraftSource>): boolean {
    for (const source of sources) {
      if (this.#account(source).numSteps < MIN_JUDGED_STEPS) return true;
    }
    return false;
  }

  /** A drafter's start of a generation took so long. */
  began(source: DraftSource, ms: number): void {
    const account = this.#account(source);
    // After a pause a draft model reads the whole prompt: a price of the pause, not of its drafts.
    if (account.numPauses > 0 && account.numSteps === 0) return;
    account.beginMs += BEGIN_WEIGHT * (ms - account.beginMs);
  }

  /** A step went by, whoever drafted in it. */
  stepped(): void {
    this.#numSteps++;
  }

  ended(numSteps: number): void {
    this.#stepsPerGeneration += WEIGHT * (Math.max(1, numSteps) - this.#stepsPerGeneration);
  }

  /**
   * What the drafters of a step brought: what each cost, and what its nodes added to the step's gain.
   * @param plainMs - of a pass without drafts.
   * @returns the source that sits out from now on, if one does.
   */
  record(
    shares: Iterable<{ source: DraftSource; costMs: number; gainMs: number }>,
    plainMs: number,
  ): DraftSource | undefined {
    let worst: DraftSource | undefined;
    let worstNetMs = -TOLERANCE * plainMs;
    for (const { source, costMs, gainMs } of shares) {
      const account = this.#account(source);
      const weight = Math.max(WEIGHT, 1 / (account.numSteps + 1));
      account.costMs += weight * (costMs - account.costMs);
      account.gainMs += weight * (gainMs - account.gainMs);
      account.numSteps++;
      const netMs = account.gainMs - account.costMs - account.beginMs / this.#stepsPerGeneration;
      const isClear = netMs < -CLEAR_LOSS * plainMs;
      if (account.numSteps < (isClear ? MIN_CLEAR_STEPS : MIN_JUDGED_STEPS)) continue;
      if (netMs < worstNetMs) {
        worst = source;
        worstNetMs = netMs;
      } else if (netMs > 0) account.numPauses = 0;
    }
    // One at a time: where two propose the same, neither seems to bring anything.
    if (worst !== undefined) this.#pause(this.#account(worst));
    return worst;
  }

  #pause(account: Account): void {
    account.resumesAt = this.#numSteps + FIRST_PAUSE_STEPS * 2 ** account.numPauses;
    account.numPauses = Math.min(MAX_DOUBLINGS, account.numPauses + 1);
    for (const each of this.#accounts.values()) each.numSteps = 0;
  }

  #account(source: DraftSource): Account {
    const known = this.#accounts.get(source);
    if (known !== undefined) return known;
    const account = {
      costMs: 0,
      gainMs: 0,
      beginMs: 0,
      numSteps: 0,
      resumesAt: 0,
      numPauses: 0,
    };
    this.#accounts.set(source, account);
    return account;
  }
}
