/** The baseline of several suggestions: each decoded alone, one after the other. */

import { concatTokens } from "../../core/base/tokens.ts";
import type { BranchPoint } from "../../core/suggestions/branchPoints.ts";
import type { ScoredSuggestion } from "../../core/suggestions/branchRun.ts";
import { contextAfter, type GenerationContext } from "../../core/tree/drafter.ts";
import {
  type Generation,
  type GenerationLimits,
  OutputCollector,
} from "../../core/tree/generation.ts";

export interface AloneParams {
  readonly context: GenerationContext;
  readonly firstTokens: Int32Array;
  readonly points: readonly BranchPoint[];
  readonly newLimits: () => GenerationLimits;
  readonly decode: (context: GenerationContext, limits: GenerationLimits) => Promise<Generation>;
}

/** What branches from these points would give, and the passes it took; cells that prompts share are reused. */
export async function decodeAlone({
  context,
  firstTokens,
  points,
  newLimits,
  decode,
}: AloneParams) {
  const suggestions: Pick<ScoredSuggestion, "tokens" | "finishReason">[] = [];
  let numPasses = 0;
  for (const point of points) {
    const given = concatTokens(firstTokens.subarray(0, point.position), point.tokens);
    const limits = newLimits();
    const known = new OutputCollector(limits);
    for (const token of given) known.push(token, 0);
    const { finishReason: endedBy, numRemaining } = known;
    if (endedBy !== undefined) {
      suggestions.push({ tokens: known.tokensFrom(0), finishReason: endedBy });
      continue;
    }
    const own = contextAfter(context, given);
    const { tokens, finishReason, stats } = await decode(own, {
      ...limits,
      maxTokens: numRemaining,
    });
    numPasses += stats.numSteps;
    suggestions.push({ tokens: concatTokens(given, tokens), finishReason });
  }
  return { suggestions, numPasses };
}
