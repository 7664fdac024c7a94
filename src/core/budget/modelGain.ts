import type { DraftWorth } from "../tree/drafter.ts";

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
