/** What a source file declares, as text of its language: signatures without bodies, comments and long values. */

/** A definition at the top of a file, members of classes and the like included. */
export interface OutlineEntry {
  /** What it declares; names of members are not among them. */
  readonly names: readonly string[];
  /** One line or more, no empty one, no line break at the end. */
  readonly text: string;
}

/** In the order of the file. */
export type Outline = readonly OutlineEntry[];

/** A stretch of text that is left out, and what stands in its place. UTF-16 code units. */
export interface Cut {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Longer entries lose their last lines. UTF-16 code units. */
export const MAX_ENTRY_CHARS = 1_500;

/**
 * The text between two offsets without what is cut out. Lines of which nothing is left but punctuation are gone; the first
 * line's indentation is taken from all.
 * @param cuts - in order of their starts; one within another is of no effect.
 */
export function textWithCuts(
  text: string,
  start: number,
  end: number,
  cuts: readonly Cut[],
): string {
  let kept = "";
  let at = start;
  for (const cut of cuts) {
    if (cut.start < at || cut.end > end) continue;
    const before = text.slice(at, cut.start);
    kept += (cut.replacement === ";" ? before.trimEnd() : before) + cut.replacement;
    at = cut.end;
  }
  kept += text.slice(at, end);
  const indentation = /[ \t]*$/.exec(text.slice(Math.max(0, start - 200), start))![0];
  const lines: string[] = [];
  let numChars = 0;
  for (const line of kept.split("\n")) {
    const whole = line.trimEnd();
    if (/^[\s;,]*$/.test(whole)) continue;
    const own = whole.startsWith(indentation) ? whole.slice(indentation.length) : whole;
    numChars += own.length + 1;
    if (numChars > MAX_ENTRY_CHARS && lines.length > 0) break;
    lines.push(own.slice(0, MAX_ENTRY_CHARS));
  }
  return lines.join("\n");
}
