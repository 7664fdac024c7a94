/** Measures t(n) on the loaded target in about a second. */

import { lowerMedian } from "../base/lowerMedian.ts";
import { type DraftTree, DraftTreeBuilder } from "../tree/draftTree.ts";
import type { TargetModel } from "../tree/targetModel.ts";
import type { PassCostPoint } from "./passCost.ts";

/** Rows of the measured passes, the root included. */
const ROW_COUNTS = [1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 17, 24, 32, 48, 64];
/** Rounds over all sizes, after one to warm up; fewer where the time is up. */
const MAX_ROUNDS = 7;
/** Tokens that are cached before the passes, if that takes no more than a share of the time. */
const KV_LENGTHS = [64, 512];
const PREFILL_SHARE = 0.25;
/** A pass that takes more than this share of the time is the largest one measured, but for the smallest sizes. */
const MAX_PASS_SHARE = 0.1;
const MIN_MEASURED_ROWS = 8;

export interface PassCostSettings {
  /** Clock in ms. */
  readonly now: () => number;
  /** Time to spend, in ms; a first round is finished whatever it takes. */
  readonly budgetMs: number;
}

/** What was measured. */
export interface MeasuredPassCost {
  /** Cached tokens before the passes. */
  readonly kvLength: number;
  /** Ascending by rows, medians made non-decreasing. */
  readonly points: readonly PassCostPoint[];
}

/**
 * Decodes chains of several lengths in turn, reads one row, and takes medians. The target's cache is empty
 * afterwards.
 * @throws EngineError from the target; the signal's reason.
 */
export async function measurePassCost(
  target: TargetModel,
  { now, budgetMs }: PassCostSettings,
  signal: AbortSignal,
): Promise<MeasuredPassCost> {
  const start = now();
  const token = (index: number) => (7 * index + 1) % target.vocabSize;
  for (const length of KV_LENGTHS) {
    if (length > target.contextSize / 2) break;
    const before = now();
    await target.prefill(
      Int32Array.from({ length }, (_, index) => token(index)),
      signal,
    );
    // The next length takes as much again for each token.
    if ((now() - before) * 8 > PREFILL_SHARE * budgetMs) break;
  }
  const room = target.contextSize - target.kvLength;
  const samples = new Map<number, number[]>();
  for (const numRows of ROW_COUNTS) {
    if (numRows <= Math.min(target.maxNodes, room)) samples.set(numRows, []);
  }
  const timePass = async (numRows: number) => {
    const before = now();
    const logits = await target.evaluateTree(chainOf(numRows, token), signal);
    logits.argmax(0);
    target.rewind();
    return now() - before;
  };
  for (let round = 0; round <= MAX_ROUNDS; round++) {
    for (const [numRows, times] of samples) {
      // While decoding, single rows mostly follow each other; behind the round's largest pass one takes up to 1.4 times as long.
      if (numRows === 1) await timePass(1);
      if (round === 0) {
        const ms = await timePass(numRows);
        const isLast = ms > MAX_PASS_SHARE * budgetMs && numRows >= MIN_MEASURED_ROWS;
        if (isLast) dropLarger(samples, numRows);
        continue;
      }
      const numSamples = numSamplesOf(numRows);
      for (let sample = 0; sample < numSamples; sample++) times.push(await timePass(numRows));
    }
    if (round > 0 && now() - start > budgetMs) break;
  }
  const medians = Array.from(samples, ([numRows, times]) => ({ numRows, ms: lowerMedian(times) }));
  const { kvLength } = target;
  // These tokens are no prompt that somebody comes back to.
  await target.prefill(new Int32Array(0), signal);
  return { kvLength, points: nonDecreasing(medians) };
}

function chainOf(numRows: number, token: (index: number) => number): DraftTree {
  const chain = new DraftTreeBuilder(token(0));
  const proposal = { score: 1, source: 0 };
  for (let row = 1; row < numRows; row++) chain.add(row - 1, token(row), proposal);
  return chain.finish();
}

function dropLarger(samples: Map<number, unknown>, numRows: number): void {
  for (const other of [...samples.keys()]) if (other > numRows) samples.delete(other);
}

/** What is asked for most is known best: a hiccup in a single row would make every draft look cheap. */
function numSamplesOf(numRows: number): number {
  if (numRows === 1) return 3;
  return numRows <= 4 ? 2 : 1;
}

/** Neighbours out of order are pooled to their mean: a larger pass is never cheaper, its measurement may be. */
function nonDecreasing(points: readonly PassCostPoint[]): PassCostPoint[] {
  const pools: { sum: number; rows: number[] }[] = [];
  for (const { numRows, ms } of points) {
    let pool = { sum: ms, rows: [numRows] };
    for (let last = pools.at(-1); last !== undefined; last = pools.at(-1)) {
      if (last.sum / last.rows.length <= pool.sum / pool.rows.length) break;
      pools.pop();
      pool = { sum: last.sum + pool.sum, rows: [...last.rows, ...pool.rows] };
    }
    pools.push(pool);
  }
  return pools.flatMap(({ sum, rows }) =>
    rows.map((numRows) => ({ numRows, ms: sum / rows.length })),
  );
}
