/** What a pass of the target costs on this machine: t(n) of ALGORITHMS §7, n rows with the root. */

/** One measured size. */
export interface PassCostPoint {
  /** Rows of the pass, the root included; at least 1. */
  readonly numRows: number;
  readonly ms: number;
}

/** Live passes move the whole table by this weight, and one size against the others by this one. */
const LEVEL_WEIGHT = 0.05;
const SHAPE_WEIGHT = 0.02;
/** A pass further from what was expected counts as this far: it may be the machine's hiccup. */
const MAX_SURPRISE = 3;
/** Rows of the smallest pass with a draft. */
const FIRST_DRAFT_ROWS = 2;
/** Beyond the largest measured pass each row costs at least its share of that one, or of one of so many rows. */
const MIN_SHARED_ROWS = 8;
/** No pass is free, whatever a clock says. */
const MIN_MS = 1e-6;

/**
 * t(n), measured at a few sizes and read between them by straight lines, so that plateaus are those of the measurement.
 * Live passes refine it: how slow the machine is now (the level), and each size against the others (the shape, more
 * slowly). The level is kept apart as decisions depend on ratios; passes of one row tell it from the shape.
 */
export class PassCostTable {
  /** [numRows] measured or interpolated ms; [0] is unused. */
  readonly #ms: Float64Array;
  #level = 1;

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
  }

  /** Rows that the table reaches to, measured or not. */
  get maxRows(): number {
    return this.#ms.length - 1;
  }

  /** Expected ms of a pass of `numRows` rows, from 1. */
  ms(numRows: number): number {
    return this.#base(numRows) * this.#level;
  }

  /**
   * What each row after the second costs in a pass of so many, on average; at least 0. The first rows' jump is paid by
   * whoever drafts at all.
   */
  rowMs(numRows: number): number {
    const to = Math.max(FIRST_DRAFT_ROWS + 1, Math.min(numRows, this.maxRows));
    return Math.max(0, (this.ms(to) - this.ms(FIRST_DRAFT_ROWS)) / (to - FIRST_DRAFT_ROWS));
  }

  /** Reports a pass that was made. */
  record(numRows: number, ms: number): void {
    if (!(numRows >= 1 && numRows <= this.maxRows && ms > 0)) return;
    const surprise = Math.min(MAX_SURPRISE, Math.max(1 / MAX_SURPRISE, ms / this.ms(numRows)));
    this.#ms[numRows]! *= 1 + SHAPE_WEIGHT * (surprise - 1);
    this.#level *= 1 + LEVEL_WEIGHT * (surprise - 1);
  }

  #base(numRows: number): number {
    const { maxRows } = this;
    if (numRows <= maxRows) return this.#ms[Math.max(1, numRows)]!;
    return (this.#ms[maxRows]! * numRows) / maxRows;
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
}

function interpolate(points: readonly PassCostPoint[], maxRows: number): Float64Array {
  const ms = new Float64Array(maxRows + 1);
  let right = 0;
  const last = points.at(-1)!;
  for (let numRows = 1; numRows <= maxRows; numRows++) {
    if (numRows > last.numRows) {
      const shared = Math.max(MIN_SHARED_ROWS, last.numRows);
      ms[numRows] = Math.max(last.ms, (last.ms * numRows) / shared);
      continue;
    }
    while (right < points.length - 1 && points[right]!.numRows < numRows) right++;
    const b = points[right]!;
    const a = points[Math.max(0, right - 1)]!;
    const share = a === b ? 0 : (numRows - a.numRows) / (b.numRows - a.numRows);
    ms[numRows] = Math.max(MIN_MS, a.ms + share * (b.ms - a.ms));
  }
  return ms;
}
