/** What the prompts of places consist of. Pure. */
import { PROMPT_PARTS, type PromptShares } from "../../core/prompt/promptShares.ts";
import type { PlaceResult } from "./placeResult.ts";

export interface PromptFigures {
  /** Of the prompts' tokens, by part, 0 … 1; null where no place tells. */
  readonly promptShares: PromptShares | null;
  /** Tokens of a prompt, on average. */
  readonly meanPromptTokens: number | null;
}

export function promptFigures(places: readonly PlaceResult[]): PromptFigures {
  const told = places.flatMap(({ shares }) => shares ?? []);
  if (told.length === 0) return { promptShares: null, meanPromptTokens: null };
  const sums = PROMPT_PARTS.map((part) =>
    told.reduce((sum, shares) => sum + (shares[part] ?? 0), 0),
  );
  const total = sums.reduce((sum, numTokens) => sum + numTokens, 0);
  const shares = PROMPT_PARTS.map((part, index) => [part, sums[index]! / total] as const);
  return {
    promptShares: Object.fromEntries(shares) as unknown as PromptShares,
    meanPromptTokens: total / told.length,
  };
}
