/**
 * The text around a cursor, to tell what would only say it again. Models repeat verbatim what stands in their prompt twice, so
 * text of other files that has the cursor's own place in it is worse than none.
 */

/** Around the cursor, in UTF-16 code units: more than prompts of usual lengths hold. */
const MAX_CHARS_BEFORE = 8_000;
const MAX_CHARS_AFTER = 4_000;
/** Words and punctuation marks of one run that is compared. */
const RUN_WORDS = 5;
/** Share of a text's runs that may stand around the cursor, where the text has bodies. */
const MAX_OVERLAP = 0.35;
/** The same of a signature: short ones of one shape share most of their runs. */
export const MAX_SIGNATURE_OVERLAP = 0.8;
/** Words on each side by which a place is told. */
const EDGE_WORDS = 6;
/** Words between the two sides, at most. */
const MAX_GAP = 400;

export class PlaceText {
  readonly #runs: ReadonlySet<string>;
  /** The last words before the cursor and the first ones after it, those that it touches aside. */
  readonly #before: readonly string[];
  readonly #after: readonly string[];

  constructor(prefixText: string, suffixText: string) {
    const before = wordsOf(prefixText.slice(-MAX_CHARS_BEFORE));
    const after = wordsOf(suffixText.slice(0, MAX_CHARS_AFTER));
    this.#runs = new Set([...runsOf(before), ...runsOf(after)]);
    const isTouched = (word: string | undefined) => word !== undefined && /^\w/.test(word);
    const endsInWord = isTouched(before.at(-1)) && /\w$/.test(prefixText);
    const startsInWord = isTouched(after[0]) && /^\w/.test(suffixText);
    this.#before = before.slice(0, endsInWord ? -1 : undefined).slice(-EDGE_WORDS);
    this.#after = after.slice(startsInWord ? 1 : 0).slice(0, EDGE_WORDS);
  }

  /** Whether much of a text stands around the cursor, or the place itself stands in the text, whatever it has there. */
  isRepeatedBy(text: string, maxOverlap = MAX_OVERLAP): boolean {
    const words = wordsOf(text);
    const runs = runsOf(words);
    const numKnown = runs.filter((run) => this.#runs.has(run)).length;
    return numKnown > maxOverlap * runs.length || this.#isPlaceIn(words);
  }

  #isPlaceIn(words: readonly string[]): boolean {
    const before = this.#before;
    const after = this.#after;
    if (before.length + after.length < EDGE_WORDS) return false;
    for (let at = 0; at + before.length <= words.length; at++) {
      if (!before.every((word, index) => words[at + index] === word)) continue;
      const from = at + before.length;
      const to = Math.min(from + MAX_GAP, words.length - after.length);
      for (let next = from; next <= to; next++) {
        if (after.every((word, index) => words[next + index] === word)) return true;
      }
    }
    return false;
  }
}

/** Words and single other signs. */
function wordsOf(text: string): string[] {
  return text.match(/\w+|[^\s\w]/g) ?? [];
}

/** Each run of the text's words once; of a shorter text one of all. */
function runsOf(words: readonly string[]): string[] {
  if (words.length === 0) return [];
  const numRuns = Math.max(1, words.length - RUN_WORDS + 1);
  const runs = Array.from({ length: numRuns }, (_, at) =>
    words.slice(at, at + RUN_WORDS).join(" "),
  );
  return [...new Set(runs)];
}
