/** Texts of real source files for runs that are led along them. */
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import type { LlamaModel } from "../../src/llama/model/llamaModel.ts";
import type { ForcedText } from "./forcedText.ts";
import { packageSources } from "./packageSources.ts";

/** Characters that hold more tokens than a text of `numTokens` needs. */
const CHARS_PER_TOKEN = 12;

/**
 * Texts that begin at line starts of different files, drawn by seed.
 *
 * @param start - tokens of each that are the prompt.
 * @param numPositions - tokens behind them.
 */
export function forcedTexts(
  model: LlamaModel,
  count: number,
  start: number,
  numPositions: number,
  seed: number,
): ForcedText[] {
  const random = seededRandom(seed);
  const numTokens = start + numPositions;
  const files = packageSources().filter(
    ({ text }) => text.length > 2 * numTokens * CHARS_PER_TOKEN,
  );
  return Array.from({ length: count }, () => {
    const { text } = files[Math.floor(random() * files.length)]!;
    const at = Math.floor(random() * (text.length - numTokens * CHARS_PER_TOKEN));
    const from = text.indexOf("\n", at) + 1;
    const part = text.slice(from, from + numTokens * CHARS_PER_TOKEN);
    return { tokens: model.vocabulary.tokenize(part).slice(0, numTokens), start };
  });
}
