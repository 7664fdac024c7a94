/** Notices a text that repeats itself, while it is written. */

/** Longest unit that is looked for, in UTF-16 code units. */
const MAX_PERIOD = 256;
/** Repeats of a unit within a line, and the text they fill, before they are a loop: `0, 0, 0` is none. */
const INLINE_REPEATS = 4;
const MIN_INLINE_CHARS = 40;
/** Repeats of lines, or of a group of lines. */
const LINE_REPEATS = 3;
const HAS_LETTER = /\p{L}/u;

/** A loop in the text. */
export interface TextLoop {
  /** Where the first unit begins, and where its first repeat does. */
  readonly start: number;
  readonly repeatStart: number;
  readonly hasLines: boolean;
}

/** Takes the text one UTF-16 code unit at a time; the cost of one is {@link MAX_PERIOD} comparisons. */
export class LoopDetector {
  #text = "";
  /** [period] how long the text has been equal to itself `period` characters before. */
  readonly #runs = new Int32Array(MAX_PERIOD + 1);

  push(char: string): TextLoop | undefined {
    const at = this.#text.length;
    this.#text += char;
    const maxPeriod = Math.min(MAX_PERIOD, at);
    for (let period = 1; period <= maxPeriod; period++) {
      const isEqual = this.#text.charCodeAt(at - period) === this.#text.charCodeAt(at);
      const run = isEqual ? this.#runs[period]! + 1 : 0;
      this.#runs[period] = run;
      if (run < period * (LINE_REPEATS - 1)) continue;
      const unit = this.#text.slice(at + 1 - period);
      if (!HAS_LETTER.test(unit)) continue;
      const hasLines = unit.includes("\n");
      const isInlineLoop =
        run >= period * (INLINE_REPEATS - 1) && run + period >= MIN_INLINE_CHARS;
      if (!hasLines && !isInlineLoop) continue;
      return { start: at + 1 - run - period, repeatStart: at + 1 - run, hasLines };
    }
    return undefined;
  }

  /** Where the repeat begins that the text's end may belong to; a loop found later is cut there or behind it. */
  get earliestRepeat(): number {
    return this.#text.length - this.#runs.reduce((longest, run) => Math.max(longest, run), 0);
  }
}
