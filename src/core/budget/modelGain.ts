import type { DraftWorth } from "../tree/drafter.ts";
import { type DraftTree, ROOT } from "../tree/draftTree.ts";
import { LEAST_CHANCE, MAX_DEPTH, MEMORY_STEPS, PRIOR_STEPS } from "../tree/policyConstants.ts";

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
  let gainMs = 0;
  let reached = 1;
  for (let depth = 1; depth <= MAX_DEPTH; depth++) {
    reached *= pace.hitRate;
    const furtherMs = reached * tokenMs - rowMs - passMs;
    // Further tokens bring less and less.
    if (depth > 1 && furtherMs <= 0) break;
    gainMs += furtherMs;
  }
  return gainMs;
}

/** Of steps that are as sure: quarters of the miss rate. */
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
  readonly #buckets: readonly Bucket[] = [1, 2, 3, 4].map(() => ({ tokens: 0, ms: 0, steps: 0 }));

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
    scale(bucket, 1 - 1 / MEMORY_STEPS);
    bucket.tokens += numTokens;
    bucket.ms += ms;
    bucket.steps++;
  }

  /** A step in which it was not asked. */
  fade(): void {
    this.#fadeBut(undefined);
  }

  #fadeBut(asked: Bucket | undefined): void {
    for (const bucket of this.#buckets) if (bucket !== asked) scale(bucket, 1 - LEAST_CHANCE);
  }

  #bucketOf(missRate: number): Bucket {
    return this.#buckets[Math.min(3, Math.floor(4 * missRate))]!;
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
