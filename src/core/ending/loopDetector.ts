/** Notices a text that repeats itself, while it is written. */

/** Longest unit that is looked for, in UTF-16 code units. */
const MAX_PERIOD = 256;
/** Repeats of a unit within a line, and the text they fill, before they are a loop: `0, 0, 0` is none. */
const INLINE_REPEATS = 4;
const MIN_INLINE_CHARS = 40;
/** Repeats of lines, or of a group of lines. */
const LINE_REPEATS = 3;
const LETTER = /\p{L}/u;
/** Inline units up to this length make a loop of a text that begins with them; a longer one may be meant once. */
const MAX_STARTING_PERIOD = 16;
/** A loop that begins a text is found before this length. */
const MAX_STARTING_CHARS = MAX_STARTING_PERIOD * (INLINE_REPEATS + 1);

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
  #lastLetter = -1;
  /** [period] how long the text has been equal to itself `period` characters before. */
  readonly #runs = new Int32Array(MAX_PERIOD + 1);

  push(char: string): TextLoop | undefined {
    const at = this.#text.length;
    this.#text += char;
    if (LETTER.test(char)) this.#lastLetter = at;
    const maxPeriod = Math.min(MAX_PERIOD, at);
    for (let period = 1; period <= maxPeriod; period++) {
      const isEqual = this.#text.charCodeAt(at - period) === this.#text.charCodeAt(at);
      const run = isEqual ? this.#runs[period]! + 1 : 0;
      this.#runs[period] = run;
      if (run < period * (LINE_REPEATS - 1)) continue;
      if (this.#lastLetter <= at - period) continue;
      const hasLines = this.#text.slice(at + 1 - period).includes("\n");
      const isInlineLoop = run >= period * (INLINE_REPEATS - 1) && run + period >= MIN_INLINE_CHARS;
      if (!hasLines && !isInlineLoop) continue;
      return { start: at + 1 - run - period, repeatStart: at + 1 - run, hasLines };
    }
    return undefined;
  }

  /** Where the repeat begins that the text's end may belong to; a loop found later is cut there or behind it. */
  get earliestRepeat(): number {
    const { length } = this.#text;
    let longest = 0;
    // What has no letter is no loop, however long.
    for (let period = length - this.#lastLetter; period <= MAX_PERIOD; period++) {
      longest = Math.max(longest, this.#runs[period]!);
    }
    return length - longest;
  }
}

/** Notices lines that are equal to the one before. */
export class EqualLines {
  #last = "";
  #count = 1;
  /** Where the first repeat of the last line begins. */
  #repeatStart = 0;

  /** Takes a line with text; returns where the text ends before the repeats, once they are a loop. */
  push(line: string, lineEnd: number): number | undefined {
    if (line === this.#last && LETTER.test(line)) this.#count++;
    else {
      this.#last = line;
      this.#count = 1;
      this.#repeatStart = lineEnd + 1;
    }
    return this.#count < LINE_REPEATS ? undefined : this.#repeatStart - 1;
  }

  /** Where text begins that may turn out to be a loop. */
  get heldFrom(): number {
    return this.#count > 1 ? this.#repeatStart : Number.POSITIVE_INFINITY;
  }
}

/** Where a text with a loop ends: of repeated lines the first stay, of a line that loops the text before it, or the first unit. */
export function loopEnd(loop: TextLoop, text: string): { length: number; soundLength: number } {
  const lineStart = text.lastIndexOf("\n", loop.start - 1) + 1;
  const newline = text.indexOf("\n", loop.repeatStart - 1);
  if (loop.hasLines && newline !== -1) return { length: newline, soundLength: newline };
  const ownLength = isStartingLoop(loop, text) ? 0 : loop.repeatStart;
  return { length: loop.repeatStart, soundLength: lineStart > 0 ? lineStart : ownLength };
}

/** Whether a loop within a line is all of a text. */
function isStartingLoop(loop: TextLoop, text: string): boolean {
  const isShort = loop.repeatStart - loop.start <= MAX_STARTING_PERIOD;
  return isShort && !loop.hasLines && text.slice(0, loop.start).trim() === "";
}

/** Whether a first line may yet become a loop from its start. */
export function mayBecomeLoop(line: string): boolean {
  const text = line.trimStart();
  if (text.length <= MAX_STARTING_PERIOD) return true;
  if (text.length > MAX_STARTING_CHARS) return false;
  for (let period = 1; period <= MAX_STARTING_PERIOD; period++) {
    const repeats = text.slice(period) === text.slice(0, -period);
    if (repeats && LETTER.test(text.slice(0, period))) return true;
  }
  return false;
}
