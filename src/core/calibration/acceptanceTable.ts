/**
 * What drafters' scores are worth: for each kind of node, how often the target chose it. Nodes are of a kind by the
 * source that proposed them, whether another one agrees, their score and their depth.
 *
 * Histogram binning, as in Zadrozny & Elkan, Obtaining calibrated probability estimates (ICML 2001). Sources that agree
 * have counters of their own instead of combined odds: they are not independent.
 */
import { DRAFT_SOURCES, type DraftTree, ROOT, sourceBit } from "../tree/draftTree.ts";
import { LEAST_CHANCE, MEMORY_STEPS, PRIOR_STEPS } from "../tree/policyConstants.ts";

/** Upper ends of the score buckets; the last bucket is open. */
const SCORE_EDGES = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const NUM_SCORES = SCORE_EDGES.length + 1;
/** Depths 1, 2, 3-4 and beyond. */
const NUM_DEPTHS = 4;
/** Counters are halved at so many trials, which tell the least chance: what was true long ago counts less. */
const MAX_TRIALS = 1 / LEAST_CHANCE;
/** Siblings exclude each other, and of as many steps as are remembered the target may choose in one what nobody proposed. */
const MAX_SIBLING_SUM = 1 - 1 / MEMORY_STEPS;

/** One source alone, or it and others. */
const NUM_ORIGINS = 2 * DRAFT_SOURCES.length;
const NUM_WIDE = NUM_ORIGINS * NUM_SCORES;
const NUM_NARROW = NUM_WIDE * NUM_DEPTHS;
/** What {@link AcceptanceTable.counts} has. */
export const NUM_ACCEPTANCE_COUNTS = 2 * (NUM_WIDE + NUM_NARROW);

/** Hits and trials of some kinds; views of the table's counts. */
class Counters {
  readonly hits: Float32Array;
  readonly trials: Float32Array;

  constructor(counts: Float32Array) {
    this.hits = counts.subarray(0, counts.length / 2);
    this.trials = counts.subarray(counts.length / 2);
  }

  add(kind: number, isHit: boolean): void {
    this.trials[kind]!++;
    if (isHit) this.hits[kind]!++;
    if (this.trials[kind]! < MAX_TRIALS) return;
    this.trials[kind]! /= 2;
    this.hits[kind]! /= 2;
  }

  /** @param prior - where nothing was seen. */
  estimate(kind: number, prior: number): number {
    return (this.hits[kind]! + PRIOR_STEPS * prior) / (this.trials[kind]! + PRIOR_STEPS);
  }
}

/** Learns for as long as it lives; one per pair of models. 5 KB with five sources. */
export class AcceptanceTable {
  readonly #counts: Float32Array;
  readonly #wide: Counters;
  readonly #narrow: Counters;

  /**
   * @param counts - of an earlier table, copied.
   * @throws RangeError if they are not a table's.
   */
  constructor(counts: Float32Array = new Float32Array(NUM_ACCEPTANCE_COUNTS)) {
    if (!areAcceptanceCounts(counts)) throw new RangeError("these are no counts of acceptance");
    this.#counts = counts.slice();
    const { wide, narrow } = countersOf(this.#counts);
    this.#wide = wide;
    this.#narrow = narrow;
  }

  /** [{@link NUM_ACCEPTANCE_COUNTS}] all that was learned, for {@link encodeAcceptance}. */
  get counts(): Float32Array {
    return this.#counts.slice();
  }

  /** The tree with the estimated conditional acceptance as scores; those of siblings add up to 0.98 at most. */
  calibrate(tree: DraftTree): DraftTree {
    const scores = new Float32Array(tree.size);
    const siblingSums = new Float32Array(tree.size);
    scores[ROOT] = 1;
    for (let node = 1; node < tree.size; node++) {
      const { wide, narrow } = kindsOf(tree, node);
      const prior = this.#wide.estimate(wide, tree.scores[node]!);
      scores[node] = Math.max(LEAST_CHANCE, Math.min(1, this.#narrow.estimate(narrow, prior)));
      siblingSums[tree.parents[node]!]! += scores[node]!;
    }
    for (let node = 1; node < tree.size; node++) {
      const sum = siblingSums[tree.parents[node]!]!;
      if (sum > MAX_SIBLING_SUM) scores[node]! *= MAX_SIBLING_SUM / sum;
    }
    return { ...tree, scores };
  }

  /**
   * Learns from every candidate whose parent the target reached, verified or not: at temperature 0 the target's choice
   * there is known, so that the choice of nodes biases nothing.
   *
   * @param candidates - as they were fused, with the drafters' own scores.
   * @param committed - [accepted + 1] what the target chose below the root.
   */
  learn(candidates: DraftTree, committed: Int32Array): void {
    let reached = ROOT;
    for (const chosen of committed) {
      let next = -1;
      for (let node = reached + 1; node < candidates.size; node++) {
        if (candidates.parents[node] !== reached) continue;
        const isHit = candidates.tokens[node] === chosen;
        const { wide, narrow } = kindsOf(candidates, node);
        this.#wide.add(wide, isHit);
        this.#narrow.add(narrow, isHit);
        if (isHit) next = node;
      }
      if (next === -1) return;
      reached = next;
    }
  }
}

/** Whether counts can be a table's: for every kind at most as many hits as trials, and no more trials than are kept. */
export function areAcceptanceCounts(counts: Float32Array): boolean {
  if (counts.length !== NUM_ACCEPTANCE_COUNTS) return false;
  return Object.values(countersOf(counts)).every(({ hits, trials }) =>
    hits.every((numHits, kind) => {
      const numTrials = trials[kind]!;
      return numHits >= 0 && numHits <= numTrials && numTrials < MAX_TRIALS;
    }),
  );
}

function countersOf(counts: Float32Array): { readonly wide: Counters; readonly narrow: Counters } {
  return {
    wide: new Counters(counts.subarray(0, 2 * NUM_WIDE)),
    narrow: new Counters(counts.subarray(2 * NUM_WIDE)),
  };
}

function kindsOf(tree: DraftTree, node: number): { wide: number; narrow: number } {
  const score = tree.scores[node]!;
  let bucket = 0;
  while (bucket < SCORE_EDGES.length && score > SCORE_EDGES[bucket]!) bucket++;
  const depth = tree.depths[node]!;
  const depthBucket = depth <= 2 ? depth - 1 : depth <= 4 ? 2 : 3;
  const wide = originOf(tree.sources[node]!) * NUM_SCORES + bucket;
  return { wide, narrow: wide * NUM_DEPTHS + depthBucket };
}

const MODEL_BIT = sourceBit("draftModel");

/** Of those that agree, the draft model stands for all, as the score is its; else the first in the order of {@link DRAFT_SOURCES}. */
function originOf(sources: number): number {
  const first = sources & MODEL_BIT || sources & -sources;
  // Of nobody: as if of the first.
  if (first === 0) return 0;
  return 2 * (31 - Math.clz32(first)) + (first === sources ? 0 : 1);
}
