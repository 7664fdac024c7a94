/** How much faster one way to decode the places of a trace is than another, with bounds. Pure. */
import { clusteredMean } from "../../../src/bench/base/clusterBounds.ts";
import type { MeanInterval } from "../../../src/bench/base/statistics.ts";

/** What decoding a place took. */
export interface PlaceTime {
  /** With its repository: places of one file are alike. */
  readonly file: string;
  readonly ms: number;
}

const SEED = 19;

/**
 * How many times as fast `after` is over all places, with 95 % bounds: of the pairs whole files are drawn again.
 * @throws RangeError unless both are of the same places.
 */
export function timesAsFast(
  before: readonly PlaceTime[],
  after: readonly PlaceTime[],
): MeanInterval | null {
  const pairs = after.map(({ file, ms }, index) => {
    const known = before[index];
    if (known?.file !== file || before.length !== after.length) {
      throw new RangeError(
        `place ${index} is of ${known?.file} on one side, of ${file} on the other`,
      );
    }
    // The weights make it the ratio of the sums.
    return { cluster: file, value: known.ms / ms, weight: ms };
  });
  return clusteredMean(pairs, SEED);
}
