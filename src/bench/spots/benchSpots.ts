/** The prompts of a suite: spans of real files that are hidden, and how many of their lines stand elsewhere. */
import { drawSpots, type SourceFile, type SourceSpot } from "./sourceSpots.ts";

/** Hidden lines that say something, and how many of them stand elsewhere in the same form. */
export interface HiddenLines {
  readonly numLines: number;
  readonly numVerbatim: number;
}

/** Spots drawn for each one wanted, as some repeat a line. */
const OVERDRAW = 2;

/**
 * Draws up to `count` spots of different lines; fewer where the files hold no more.
 * @throws RangeError if the files hold no line of code.
 */
export function drawDistinctSpots(
  files: readonly SourceFile[],
  count: number,
  seed: number,
): SourceSpot[] {
  const spots = new Map<string, SourceSpot>();
  for (const spot of drawSpots(files, count * OVERDRAW, seed)) {
    const key = `${spot.line} ${spot.path}`;
    if (spots.size < count && !spots.has(key)) spots.set(key, spot);
  }
  return [...spots.values()];
}

/**
 * Draws up to `count` spots of different lines, each behind white space or at the start of a line's text: in the middle of a word
 * several suggestions differ little.
 * @throws RangeError if the files hold no line of code.
 */
export function drawWordSpots(
  files: readonly SourceFile[],
  count: number,
  seed: number,
): SourceSpot[] {
  return drawDistinctSpots(files, count, seed).map(atWordStart);
}

/** The spot with the cursor behind the white space before it: what was skipped is hidden, too. */
function atWordStart(spot: SourceSpot): SourceSpot {
  const word = /\S*$/.exec(spot.prefixText)?.[0] ?? "";
  return {
    ...spot,
    column: spot.column - word.length,
    prefixText: spot.prefixText.slice(0, spot.prefixText.length - word.length),
    hiddenText: word + spot.hiddenText,
  };
}

/** Lines of files by their form, which is the line without the white space around it. */
export class LineCounts {
  readonly #counts = new Map<string, number>();
  readonly #paths = new Set<string>();

  constructor(files: readonly SourceFile[]) {
    for (const { path, text } of files) {
      this.#paths.add(path);
      for (const form of formsOf(text)) {
        this.#counts.set(form, (this.#counts.get(form) ?? 0) + 1);
      }
    }
  }

  /**
   * The hidden lines of a spot, the cursor's line with its visible start included, that stand in the other files or in
   * what is left of its own.
   */
  hiddenLines({ path, prefixText, hiddenText, suffixText }: SourceSpot): HiddenLines {
    const lineStart = prefixText.lastIndexOf("\n") + 1;
    const hidden = formsOf(prefixText.slice(lineStart) + hiddenText);
    const isCounted = this.#paths.has(path);
    const around = isCounted ? [] : formsOf(`${prefixText.slice(0, lineStart)}\n${suffixText}`);
    const isElsewhere = (form: string) => {
      const numHidden = isCounted ? hidden.filter((other) => other === form).length : 0;
      return (this.#counts.get(form) ?? 0) > numHidden || around.includes(form);
    };
    return { numLines: hidden.length, numVerbatim: hidden.filter(isElsewhere).length };
  }
}

/** A bracket alone stands everywhere and says nothing. */
function formsOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((form) => /[\p{L}\p{N}]/u.test(form));
}
