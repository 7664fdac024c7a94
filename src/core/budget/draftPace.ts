/**
 * How a draft model gets on: what its passes take by rows, what reading takes, and how often the target goes on inside what
 * they drafted.
 * Outlives generations. Reads no clock.
 */
import type { DraftMode, PassPace } from "../tree/drafter.ts";
import { ReadingPace } from "../tree/promptReading.ts";

const WEIGHT = 0.1;
/** A pass further from what was expected counts as this far: it may be the machine's hiccup. */
const MAX_SURPRISE = 3;
/** What a further row is assumed to add to a pass, as a share, until it was tried: low, or it would never be tried. */
const UNSEEN_ROW_SHARE = 0.15;
/** Hits of an expanded node that an estimate starts with, of so many; more than so many trials are forgotten. */
const PRIOR_HITS = 3;
const PRIOR_TRIALS = 5;
const MAX_TRIALS = 200;
/** What is left of what is known behind a step without a draft, so that one that was slow or wrong once has its turn again. */
const KEPT = 0.9995;

interface Mean {
  ms: number;
  count: number;
  /** The least that it was. */
  bestMs: number;
}

export class DraftPace implements PassPace {
  readonly reading = new ReadingPace();
  /** By number of rows. */
  readonly #passes = new Map<number, Mean>();
  readonly #hits = new Map<DraftMode, { hits: number; trials: number }>();
  #draftMs = 0;

  /** Expected ms of a pass of `numRows` rows; undefined before the first pass. */
  passMs(numRows: number): number | undefined {
    let below: number | undefined;
    let above: number | undefined;
    for (const rows of this.#passes.keys()) {
      if (rows <= numRows) below = Math.max(below ?? rows, rows);
      else above = Math.min(above ?? rows, rows);
    }
    const { ms: aboveMs } = this.#passes.get(above ?? -1) ?? {};
    const { ms: belowMs } = this.#passes.get(below ?? -1) ?? {};
    if (below === undefined || belowMs === undefined) return aboveMs;
    const rising = belowMs * (1 + UNSEEN_ROW_SHARE * (numRows - below));
    return above === undefined || aboveMs === undefined
      ? rising
      : belowMs + ((aboveMs - belowMs) * (numRows - below)) / (above - below);
  }

  /** Reports a pass that was made. */
  recordPass(numRows: number, ms: number): void {
    if (!(ms > 0 && Number.isFinite(ms))) return;
    this.#draftMs += ms;
    const known = this.#passes.get(numRows);
    const expected = known?.ms ?? this.passMs(numRows) ?? ms;
    const bounded = Math.min(MAX_SURPRISE * expected, Math.max(expected / MAX_SURPRISE, ms));
    if (known === undefined) {
      this.#passes.set(numRows, { ms: bounded, count: 1, bestMs: bounded });
      return;
    }
    known.count++;
    known.ms += Math.max(WEIGHT, 1 / known.count) * (bounded - known.ms);
    known.bestMs = Math.min(known.bestMs, known.ms);
  }

  /** What passes took since this was last asked, in ms. */
  takeDraftMs(): number {
    const ms = this.#draftMs;
    this.#draftMs = 0;
    return ms;
  }

  /** The chance that the target, at a node that was looked beyond, goes on with one of the children drafted there. */
  hitRate(mode: DraftMode): number {
    const { hits, trials } = this.#hits.get(mode) ?? { hits: 0, trials: 0 };
    return (hits + PRIOR_HITS) / (trials + PRIOR_TRIALS);
  }

  /** Reports what the target did at such a node. */
  recordHit(mode: DraftMode, isHit: boolean): void {
    const known = this.#hits.get(mode) ?? { hits: 0, trials: 0 };
    this.#hits.set(mode, known);
    known.trials++;
    if (isHit) known.hits++;
    if (known.trials < MAX_TRIALS) return;
    known.trials /= 2;
    known.hits /= 2;
  }

  /** A step went by without a draft: what was found out is less and less known, and what was slow may be as fast as it once was. */
  fade(): void {
    for (const known of this.#hits.values()) {
      known.hits *= KEPT;
      known.trials *= KEPT;
    }
    for (const known of this.#passes.values()) known.ms = Math.max(known.bestMs, KEPT * known.ms);
    this.reading.fade(KEPT);
  }
}
