/** What a pass of the target costs on this machine: t(n) of ALGORITHMS §7, n rows with the root. */
import { PassLevel } from "./passLevel.ts";

/** One measured size. */
export interface PassCostPoint {
  /** Rows of the pass, the root included; at least 1. */
  readonly numRows: number;
  readonly ms: number;
}

/** A live pass moves its size against the others as one more of so many, later by this weight. */
const MEASURED_PASSES = 10;
const SHAPE_WEIGHT = 0.02;
/** What is further from what was expected counts as this far: a pass may be the machine's hiccup, a median hardly. */
const MAX_SURPRISE = { pass: 1.5, median: 3 } as const;
/** Rows of the smallest pass with a draft. */
const FIRST_DRAFT_ROWS = 2;
/** Beyond the largest measured pass each row costs at least its share of that one, or of one of so many rows. */
const MIN_SHARED_ROWS = 8;
/** No pass is free, whatever a clock says. */
const MIN_MS = 1e-6;

/**
 * t(n), measured at a few sizes and read between them by straight lines, so that plateaus are those of the measurement.
 * Live passes refine it: how slow the machine is now (the level), and each size against the others (the shape, more
 * slowly). Passes of plain decoding have a level of their own: they are what all drafting is weighed against.
 */
export class PassCostTable {
  /** [numRows] measured or interpolated ms; [0] is unused. */
  readonly #ms: Float64Array;
  /** [numRows] live passes. */
  readonly #counts: Uint32Array;
  readonly #level = new PassLevel();
  /** As measured. */
  readonly #plainMs: number;

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
    this.#counts = new Uint32Array(this.#ms.length);
    this.#plainMs = this.#ms[1]!;
  }

  /** Rows that the table reaches to, measured or not. */
  get maxRows(): number {
    return this.#ms.length - 1;
  }

  /** Expected ms of a pass of `numRows` rows, from 1, in a step that drafts. */
  ms(numRows: number): number {
    return this.#base(numRows) * this.#level.drafting;
  }

  /** Expected ms of a pass while nothing is drafted. */
  get plainMs(): number {
    return this.#plainMs * this.#level.plain;
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
    const surprise = bounded(ms / this.ms(numRows), MAX_SURPRISE.pass);
    this.#level.noteDrafting(surprise * this.#level.drafting);
    const weight = Math.max(SHAPE_WEIGHT, 1 / (MEASURED_PASSES + this.#counts[numRows]!++));
    this.#ms[numRows]! *= 1 + weight * (surprise - 1);
  }

  /** Reports what passes of one row took, one behind the other, with nothing drafted between; if that is known. */
  recordPlain(medianMs: number | undefined): void {
    if (medianMs === undefined || !(medianMs > 0)) return;
    this.#level.notePlain(
      bounded(medianMs / this.plainMs, MAX_SURPRISE.median) * this.#level.plain,
    );
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
  override recordPlain(_medianMs: number | undefined): void {}
}

function bounded(surprise: number, max: number): number {
  return Math.min(max, Math.max(1 / max, surprise));
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
