/**
 * The cost model: what a pass of the target takes on this machine by its rows, t(n), the root included.
 *
 * @see Chen et al., Sequoia (arXiv 2402.12374), §4.2, whose t(n) is measured before decoding and stays.
 */

import { believed, newestWeight } from "../tree/forgettingMean.ts";
import { MAX_WIDTH, PRIOR_STEPS } from "../tree/policyConstants.ts";

/** Share by which a pass moves the machine's pace. */
const PACE_WEIGHT = 1 / PRIOR_STEPS;

/** One measured size. */
export interface PassCostPoint {
  /** Rows of the pass, the root included; at least 1. */
  readonly numRows: number;
  readonly ms: number;
}

/** Rows of the smallest pass with a draft. */
const FIRST_DRAFT_ROWS = 2;

/**
 * t(n), measured at a few sizes and read between them by straight lines, so that plateaus are those of the measurement.
 * Each live pass corrects its size and the machine's pace, both by the same error of a logarithm. Passes of plain decoding, the
 * baseline, have a pace of their own: between them the host drafts nothing, so they find warmer caches. It moves along with
 * the other, as the machine is the same, and is set right where plain decoding was timed.
 */
export class PassCostTable {
  /** [numRows] measured or interpolated ms; [0] is unused. */
  readonly #ms: Float64Array;
  /** [numRows] logarithms of what live passes correct them by, and how many there were. */
  readonly #corrections: Float64Array;
  readonly #counts: Uint32Array;
  /** As measured. */
  readonly #plainMs: number;
  /** Logarithms, of factors on what was measured. */
  #draftingPace = 0;
  #plainPace = 0;

  /** @throws RangeError unless there is a point for one row, sizes rise and times are positive. */
  constructor(points: readonly PassCostPoint[], maxRows: number) {
    if (points[0]?.numRows !== 1) throw new RangeError("t(n) needs a measurement of one row");
    for (const [index, { numRows, ms }] of points.entries()) {
      const before = points[index - 1]?.numRows ?? 0;
      if (!(Number.isInteger(numRows) && numRows > before && ms > 0 && Number.isFinite(ms))) {
        throw new RangeError(`t(n) has the point (${numRows}, ${ms}) after ${before} rows`);
      }
    }
    this.#ms = interpolate(points, Math.max(maxRows, points.at(-1)!.numRows));
    this.#corrections = new Float64Array(this.#ms.length);
    this.#counts = new Uint32Array(this.#ms.length);
    this.#plainMs = this.#ms[1]!;
  }

  /** Rows that the table reaches to, measured or not. */
  get maxRows(): number {
    return this.#ms.length - 1;
  }

  /**
   * Expected ms of a pass of `numRows` rows, from 1, in a step that drafts: never less than in plain decoding, whatever
   * noise says, or drafts that bring nothing would seem to pay.
   */
  ms(numRows: number): number {
    return Math.max(this.plainMs, this.#base(numRows) * Math.exp(this.#draftingPace));
  }

  /** Expected ms of a pass while nothing is drafted. */
  get plainMs(): number {
    return this.#plainMs * Math.exp(this.#plainPace);
  }

  /**
   * What each row after the second costs in a pass of so many, on average; at least 0. The first rows' jump is paid by
   * whoever drafts at all.
   */
  rowMs(numRows: number): number {
    const to = Math.max(FIRST_DRAFT_ROWS + 1, Math.min(numRows, this.maxRows));
    return Math.max(0, (this.ms(to) - this.ms(FIRST_DRAFT_ROWS)) / (to - FIRST_DRAFT_ROWS));
  }

  /** Reports a pass of a step that drafted, whatever was verified of it. */
  record(numRows: number, ms: number): void {
    if (!(numRows >= 1 && numRows <= this.maxRows && ms > 0)) return;
    const expectedMs = this.#base(numRows) * Math.exp(this.#draftingPace);
    const error = Math.log(believed(ms / expectedMs, 1));
    // What was measured counts as the first passes of its size.
    this.#corrections[numRows]! += newestWeight(PRIOR_STEPS + this.#counts[numRows]!++) * error;
    this.#draftingPace += PACE_WEIGHT * error;
    this.#plainPace += PACE_WEIGHT * error;
  }

  /** Reports what passes of plain decoding took, one behind the other: the median of some, which counts as much as all that was known. */
  recordPlain(ms: number): void {
    if (ms > 0) this.#plainPace += Math.log(believed(ms / this.plainMs, 1)) / 2;
  }

  #base(numRows: number): number {
    const at = Math.min(this.maxRows, Math.max(1, numRows));
    const ms = this.#ms[at]! * Math.exp(this.#corrections[at]!);
    return numRows <= at ? ms : (ms * numRows) / at;
  }
}

/**
 * t(n) that is assumed, not measured: passes of up to `numFlatRows` rows cost the same, as on many GPUs, larger ones
 * their share. Live passes do not change it.
 */
export class FlatPassCost extends PassCostTable {
  constructor(rowMs: number, numFlatRows: number, maxRows: number) {
    const first = { numRows: 1, ms: rowMs };
    super(numFlatRows > 1 ? [first, { numRows: numFlatRows, ms: rowMs }] : [first], maxRows);
  }

  override record(_numRows: number, _ms: number): void {}
  override recordPlain(_ms: number): void {}
}

function interpolate(points: readonly PassCostPoint[], maxRows: number): Float64Array {
  const ms = new Float64Array(maxRows + 1);
  let right = 0;
  for (let numRows = 1; numRows <= maxRows; numRows++) {
    if (numRows > points.at(-1)!.numRows) {
      ms[numRows] = msBeyond(points, numRows);
      continue;
    }
    while (right < points.length - 1 && points[right]!.numRows < numRows) right++;
    const b = points[right]!;
    const a = points[Math.max(0, right - 1)]!;
    const share = a === b ? 0 : (numRows - a.numRows) / (b.numRows - a.numRows);
    ms[numRows] = a.ms + share * (b.ms - a.ms);
  }
  return ms;
}

/**
 * A pass of more rows than were measured goes on as the last ones rose: a slow target, whose time ran out after two sizes, is not
 * taken for a wide machine. Never cheaper than that one's passes are, never dearer than in proportion to its rows.
 */
function msBeyond(points: readonly PassCostPoint[], numRows: number): number {
  const last = points.at(-1)!;
  const before = points.at(-2) ?? last;
  const risenRows = Math.max(1, last.numRows - before.numRows);
  const rowMs = Math.max(0, last.ms - before.ms) / risenRows;
  const onWidest = (last.ms * numRows) / Math.max(MAX_WIDTH, last.numRows);
  const inProportion = (last.ms * numRows) / last.numRows;
  const goingOn = last.ms + rowMs * (numRows - last.numRows);
  return Math.max(last.ms, onWidest, Math.min(inProportion, goingOn));
}
