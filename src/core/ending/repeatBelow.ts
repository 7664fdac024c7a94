/**
 * Notices that a completion writes what stands below the cursor already: equal text at an equal place. A statement is known by
 * one line; a block that begins as the one below does (`@Test`, `{`, a comment) may be another one, and shows it later.
 */
import type { DocumentLine } from "./cursorContext.ts";
import { isAnnotation } from "./danglingLine.ts";

/** Lines with words that are the same text again, not a usual one like `if err != nil {`: statements, and lines of a block. */
const NUM_STATEMENTS = 2;
const NUM_OF_BLOCK = 3;
/** Letters and digits of a line before its repetition says anything: `},` may stand anywhere. */
const MIN_WORD_CHARS = 3;

export function hasWords(line: string): boolean {
  return (line.match(/[\p{L}\p{N}]/gu)?.length ?? 0) >= MIN_WORD_CHARS;
}

/** Lines that are equal to lines below so far. */
interface Alike {
  /** Where the completion would end: before the first of them. */
  readonly start: number;
  /** Whether the first is equal to the line that follows the cursor's. */
  readonly isNext: boolean;
  /** Index of the line below that the next one would have to be equal to. */
  readonly index: number;
  readonly numLines: number;
  /** Of them, those with words, and how many make sure. */
  readonly numTelling: number;
  readonly numWanted: number;
}

export class RepeatBelow {
  readonly #below: readonly DocumentLine[];
  #alike: Alike | undefined;

  /** @param below - the lines with text below the cursor's. */
  constructor(below: readonly DocumentLine[]) {
    this.#below = below;
  }

  /** Where the completion ends if it ends now: lines that would go on like those below are repeated. */
  get start(): number | undefined {
    return this.#alike !== undefined && (this.#alike.isNext || isSure(this.#alike))
      ? this.#alike.start
      : undefined;
  }

  /** Where text begins that may turn out to be written again. */
  get heldFrom(): number {
    return this.#alike?.start ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Takes a line with text; returns where the completion ends before the repeated lines, if that is certain.
   * @param start - where it would end before this line.
   * @param isInOwn - whether the line stands in a bracket or text that the completion opened: there it is another statement.
   */
  push(line: DocumentLine, start: number, isInOwn: boolean): number | undefined {
    const alike = this.#alike ?? this.#begin(line, start, isInOwn);
    this.#alike = undefined;
    if (alike === undefined) return undefined;
    const below = this.#below[alike.index];
    if (!areAlike(below, line))
      return alike.numLines > 0 ? this.push(line, start, isInOwn) : undefined;
    const numLines = alike.numLines + 1;
    const numTelling = alike.numTelling + (hasWords(line.trimmed) ? 1 : 0);
    this.#alike = { ...alike, index: alike.index + 1, numLines, numTelling };
    const isStatement = alike.isNext && alike.numWanted === NUM_STATEMENTS;
    return isStatement || isSure(this.#alike) ? alike.start : undefined;
  }

  #begin(line: DocumentLine, start: number, isInOwn: boolean): Alike | undefined {
    if (isInOwn) return undefined;
    const index = this.#below.findIndex((below) => areAlike(below, line));
    if (index === -1 || (index > 0 && !hasWords(line.trimmed))) return undefined;
    const numWanted = this.#beginsBlock(index) ? NUM_OF_BLOCK : NUM_STATEMENTS;
    return { start, isNext: index === 0, index, numLines: 0, numTelling: 0, numWanted };
  }

  /** Whether a line below has more lines to it. */
  #beginsBlock(index: number): boolean {
    const first = this.#below[index]!;
    const second = this.#below[index + 1];
    return second !== undefined && (second.indent > first.indent || isAnnotation(first.trimmed));
  }
}

function isSure({ numTelling, numWanted }: Alike): boolean {
  return numTelling >= numWanted;
}

function areAlike(below: DocumentLine | undefined, { trimmed, indent }: DocumentLine): boolean {
  return below !== undefined && below.trimmed === trimmed && below.indent === indent;
}
