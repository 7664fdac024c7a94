/**
 * How a draft model gets on: what its passes take by rows, what reading takes, and how often the target goes on inside what
 * they drafted.
 * Outlives generations. Reads no clock.
 */
import type { PassPace } from "../tree/drafter.ts";
import { ForgettingMean } from "../tree/forgettingMean.ts";
import { PRIOR_HIT_RATE, PRIOR_STEPS } from "../tree/policyConstants.ts";
import { ReadingPace } from "../tree/promptReading.ts";

export class DraftPace implements PassPace {
  readonly reading = new ReadingPace();
  /** By number of rows, in ms. */
  readonly #passes = new Map<number, ForgettingMean>();
  readonly #hitRate = new ForgettingMean(PRIOR_HIT_RATE, PRIOR_STEPS);
  #draftMs = 0;

  /** Expected ms of a pass of `numRows` rows, of more rows than were tried what fewer take; undefined before the first pass. */
  passMs(numRows: number): number | undefined {
    let below: number | undefined;
    let above: number | undefined;
    for (const rows of this.#passes.keys()) {
      if (rows <= numRows) below = Math.max(below ?? rows, rows);
      else above = Math.min(above ?? rows, rows);
    }
    const aboveMs = this.#passes.get(above ?? -1)?.value;
    const belowMs = this.#passes.get(below ?? -1)?.value;
    if (below === undefined || belowMs === undefined) return aboveMs;
    if (above === undefined || aboveMs === undefined) return belowMs;
    return belowMs + ((aboveMs - belowMs) * (numRows - below)) / (above - below);
  }

  /** Reports a pass that was made. */
  recordPass(numRows: number, ms: number): void {
    if (!(ms > 0 && Number.isFinite(ms))) return;
    this.#draftMs += ms;
    const expectedMs = this.passMs(numRows);
    const known = this.#passes.get(numRows) ?? new ForgettingMean();
    this.#passes.set(numRows, known);
    known.addTime(ms, expectedMs);
  }

  /** What passes took since this was last asked, in ms. */
  takeDraftMs(): number {
    const ms = this.#draftMs;
    this.#draftMs = 0;
    return ms;
  }

  get hitRate(): number {
    return this.#hitRate.value!;
  }

  recordHit(isHit: boolean): void {
    this.#hitRate.add(Number(isHit));
  }

  /** A step went by without a draft: what was slow or wrong once has its turn again. */
  fade(): void {
    this.#hitRate.fade(PRIOR_HIT_RATE);
    for (const passMs of this.#passes.values()) passMs.fade();
    this.reading.fade();
  }
}
