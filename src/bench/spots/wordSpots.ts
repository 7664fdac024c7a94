/** Cursors where a person would ask: not in the middle of a word, where several suggestions differ little. */
import { drawDistinctSpots } from "./benchSpots.ts";
import type { SourceFile, SourceSpot } from "./sourceSpots.ts";

/** The spot with the cursor behind the white space before it: what was skipped is hidden, too. */
export function atWordStart(spot: SourceSpot): SourceSpot {
  const word = /\S*$/.exec(spot.prefixText)?.[0] ?? "";
  return {
    ...spot,
    column: spot.column - word.length,
    prefixText: spot.prefixText.slice(0, spot.prefixText.length - word.length),
    hiddenText: word + spot.hiddenText,
  };
}

/**
 * Draws up to `count` spots of different lines, each behind white space or at the start of a line's text.
 * @throws RangeError if the files hold no line of code.
 */
export function drawWordSpots(
  files: readonly SourceFile[],
  count: number,
  seed: number,
): SourceSpot[] {
  return drawDistinctSpots(files, count, seed).map(atWordStart);
}
