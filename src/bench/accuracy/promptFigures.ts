/** What the prompts of places consist of. Pure. */
import { PROMPT_PARTS, type PromptShares } from "../../core/prompt/promptShares.ts";
import type { PlaceResult } from "./placeResult.ts";

/** Of the prompts' tokens the share by part, 0 … 1, and how many a prompt has on average; null where no place tells. */
export function promptFigures(places: readonly PlaceResult[]) {
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
