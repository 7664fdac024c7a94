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
/** A pass further from what was expected than this factor is the machine's hiccup. */
const MAX_SURPRISE = 3;
/** No pass is free, whatever a clock says. */
const MIN_MS = 1e-6;

/**
 * t(n), measured at a few sizes and read between them by straight lines, so that plateaus are those of the measurement.
 * Live passes refine it: how slow the machine is now (the level), and each size against the others (the shape). The
 * level is kept apart as decisions depend on ratios, and a busy moment must not look like a costly size.
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

  /** Largest pass that is known, in rows; beyond it the last slope goes on. */
  get maxRows(): number {
    return this.#ms.length - 1;
  }

  /** Expected ms of a pass of `numRows` rows, from 1. */
  ms(numRows: number): number {
    return this.#base(numRows) * this.#level;
  }

  /** The table as it stands now, one point a size. */
  points(): PassCostPoint[] {
    return Array.from({ length: this.maxRows }, (_, index) => ({
      numRows: index + 1,
      ms: this.ms(index + 1),
    }));
  }

  /** Reports a pass that was made. */
  record(numRows: number, ms: number): void {
    if (!(numRows >= 1 && numRows <= this.maxRows && ms > 0)) return;
    const surprise = ms / this.ms(numRows);
    if (surprise > MAX_SURPRISE || surprise < 1 / MAX_SURPRISE) {
      // Something lasting moves the level nevertheless, a step at a time.
      this.#level *= surprise > 1 ? 1 + LEVEL_WEIGHT : 1 - LEVEL_WEIGHT;
      return;
    }
    this.#ms[numRows]! *= 1 + SHAPE_WEIGHT * (surprise - 1);
    this.#level *= 1 + LEVEL_WEIGHT * (surprise - 1);
  }

  #base(numRows: number): number {
    const { maxRows } = this;
    if (numRows <= maxRows) return this.#ms[Math.max(1, numRows)]!;
    const slope = maxRows > 1 ? Math.max(0, this.#ms[maxRows]! - this.#ms[maxRows - 1]!) : 0;
    return this.#ms[maxRows]! + slope * (numRows - maxRows);
  }
}

function interpolate(points: readonly PassCostPoint[], maxRows: number): Float64Array {
  const ms = new Float64Array(maxRows + 1);
  let right = 0;
  for (let numRows = 1; numRows <= maxRows; numRows++) {
    while (right < points.length - 1 && points[right]!.numRows < numRows) right++;
    const b = points[right]!;
    const a = points[Math.max(0, right - 1)]!;
    const share = a === b ? 0 : (numRows - a.numRows) / (b.numRows - a.numRows);
    ms[numRows] = Math.max(MIN_MS, a.ms + share * (b.ms - a.ms));
  }
  return ms;
}
