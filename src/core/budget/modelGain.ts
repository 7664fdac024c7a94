import type { DraftWorth } from "../tree/drafter.ts";
import { type DraftTree, ROOT } from "../tree/draftTree.ts";

/** Tokens of a draft that are looked at: what is further is hardly reached. */
const MAX_DEPTH = 16;

/**
 * What drafting with a model is expected to bring a step, in ms; below 0 where it would
 * cost more. Each pass drafts a token further, and the target goes on with it as often as it did of late. What others drafted is
 * no reason not to ask: a pass judges all of it, and the next ones go on where it ends.
 *
 * @see Huang et al., SpecDec++ (arXiv 2405.19715): stop where the expected gain of a further token does not pay; here
 *   the same question before the first one.
 */
export function expectedModelGainMs({ tokenMs, rowMs, pace }: DraftWorth): number {
  // One of which no pass was seen is free, or it would never be seen.
  const passMs = pace.passMs(1) ?? 0;
  const hitRate = pace.hitRate("tree");
  let gainMs = 0;
  let reached = 1;
  for (let depth = 1; depth <= MAX_DEPTH; depth++) {
    reached *= hitRate;
    const furtherMs = reached * tokenMs - rowMs - passMs;
    // Further tokens bring less and less.
    if (depth > 1 && furtherMs <= 0) break;
    gainMs += furtherMs;
  }
  return gainMs;
}

/** Upper ends of the buckets of miss rates; the last is open. */
const MISS_EDGES = [0.15, 0.35, 0.6];
/** Steps that an estimate starts with, each as expected; more than so many are halved. */
const PRIOR_STEPS = 8;
const MAX_STEPS = 120;
/** What is left of what a bucket knows behind a step in which the model was not asked there. */
const KEPT = 0.9995;

interface Bucket {
  tokens: number;
  ms: number;
  steps: number;
}

/**
 * What asking a draft model brought beyond what the others' drafts would have brought in the same step, by how sure they were. Outlives
 * generations; fades where it is not asked, though it be asked elsewhere, so that one that was wrong once has its turn again.
 */
export class ModelGain {
  readonly #buckets: readonly Bucket[] = [...MISS_EDGES, 1].map(() => ({
    tokens: 0,
    ms: 0,
    steps: 0,
  }));

  /**
   * Expected of a step, in ms; below 0 where it would cost more.
   * @param missRate - the chance that the next token is none that others drafted.
   * @param priorMs - what is expected where nothing is known. @param tokenMs - what a token is worth.
   */
  expectedMs(missRate: number, priorMs: number, tokenMs: number): number {
    const { tokens, ms, steps } = this.#bucketOf(missRate);
    return (PRIOR_STEPS * priorMs + tokens * tokenMs - ms) / (PRIOR_STEPS + steps);
  }

  /** A step in which it was asked. @param numTokens - more than the others' alone. @param ms - longer than with those. */
  record(missRate: number, numTokens: number, ms: number): void {
    const bucket = this.#bucketOf(missRate);
    this.#fadeBut(bucket);
    bucket.tokens += numTokens;
    bucket.ms += ms;
    bucket.steps++;
    if (bucket.steps > MAX_STEPS) scale(bucket, 0.5);
  }

  /** A step in which it was not asked. */
  fade(): void {
    this.#fadeBut(undefined);
  }

  #fadeBut(asked: Bucket | undefined): void {
    for (const bucket of this.#buckets) if (bucket !== asked) scale(bucket, KEPT);
  }

  #bucketOf(missRate: number): Bucket {
    const index = MISS_EDGES.findIndex((edge) => missRate <= edge);
    return this.#buckets.at(index)!;
  }
}

/** Nodes of a tree that the target's choices go through. */
export function numFollowed(tree: DraftTree, committed: Int32Array): number {
  let at: number = ROOT;
  for (const [depth, token] of committed.entries()) {
    const next = tree.tokens.findIndex((own, node) => own === token && tree.parents[node] === at);
    if (next === -1) return depth;
    at = next;
  }
  return committed.length;
}

/** The chance that the next token is none that was drafted. */
export function missRateOf({ size, parents, scores }: DraftTree): number {
  let missRate = 1;
  for (let node = 1; node < size; node++) if (parents[node] === ROOT) missRate -= scores[node]!;
  return Math.max(0, missRate);
}

function scale(bucket: Bucket, share: number): void {
  bucket.tokens *= share;
  bucket.ms *= share;
  bucket.steps *= share;
}
