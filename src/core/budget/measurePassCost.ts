/** Measures t(n) on the loaded target within a second or so: what is not measured is learned from passes that are made anyway. */

import { lowerMedian } from "../base/lowerMedian.ts";
import { chainTree } from "../tree/draftTree.ts";
import { MAX_WIDTH } from "../tree/policyConstants.ts";
import type { TargetModel } from "../tree/targetModel.ts";
import type { PassCostPoint } from "./passCost.ts";

/** Rows of the measured passes, the root included: those of the first round, and those that the others have beside them. */
const COARSE_ROWS = [1, 2, 4, 8, 16, 32, 64];
const FINE_ROWS = [3, 5, 6, 9, 12, 17, 24, 48];
/** Rounds over all sizes; fewer where the time is up. */
const MAX_ROUNDS = 8;
/** Tokens that are cached before the passes, if that takes no more than a share of the time. */
const KV_LENGTHS = [8, 64, 512];
const PREFILL_SHARE = 0.25;
/** A pass that takes more than this share of the time is the largest one measured, but for the smallest sizes. */
const MAX_PASS_SHARE = 0.1;

export interface PassCostSettings {
  /** Clock in ms. */
  readonly now: () => number;
  /** Time to spend, in ms; a pass that is under way when it is up is finished, and one and two rows are measured whatever that takes. */
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
  const tokens = (length: number) =>
    Int32Array.from({ length }, (_, index) => (7 * index + 1) % target.vocabSize);
  for (const length of KV_LENGTHS) {
    if (length > target.contextSize / 2) break;
    const before = now();
    await target.prefill(tokens(length), signal);
    // The next length takes as much again for each token.
    if ((now() - before) * 8 > PREFILL_SHARE * budgetMs) break;
  }
  const room = target.contextSize - target.kvLength;
  const fits = (numRows: number) => numRows <= Math.min(target.maxNodes, room);
  let sizes = COARSE_ROWS.filter(fits);
  const samples = new Map<number, number[]>();
  const timePass = async (numRows: number) => {
    const before = now();
    const logits = await target.evaluateTree(chainTree(tokens(numRows)), signal);
    logits.argmax(0);
    target.rewind();
    return now() - before;
  };
  // Without two sizes nothing can be said of drafts.
  const isUp = () => samples.size >= Math.min(2, sizes.length) && now() - start > budgetMs;
  for (let round = 0; round < MAX_ROUNDS && !isUp(); round++) {
    for (const numRows of sizes) {
      if (isUp()) break;
      // While decoding, single rows mostly follow each other; behind the round's largest pass one takes up to 1.4 times as long.
      if (numRows === 1) await timePass(1);
      const times = samples.get(numRows) ?? [];
      samples.set(numRows, times);
      for (let sample = 0; sample < numSamplesOf(numRows, round); sample++) {
        times.push(await timePass(numRows));
      }
      const isLargest = times[0]! > MAX_PASS_SHARE * budgetMs && numRows >= MAX_WIDTH;
      if (isLargest) sizes = sizes.filter((other) => other <= numRows);
      if (isLargest) break;
    }
    if (round > 0) continue;
    const largest = sizes.at(-1)!;
    sizes = [...sizes, ...FINE_ROWS.filter((numRows) => fits(numRows) && numRows < largest)];
    sizes.sort((x, y) => x - y);
  }
  const medians = Array.from(samples, ([numRows, times]) => ({ numRows, ms: lowerMedian(times) }));
  medians.sort((x, y) => x.numRows - y.numRows);
  const { kvLength } = target;
  // These tokens are no prompt that somebody comes back to.
  await target.prefill(new Int32Array(0), signal);
  return { kvLength, points: nonDecreasing(medians) };
}

/** What is asked for most is known best: a hiccup in a single row would make every draft look cheap. */
function numSamplesOf(numRows: number, round: number): number {
  if (round === 0) return 1;
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
