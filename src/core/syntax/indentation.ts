/** How a document indents, and how a completion is made to indent alike. */

/** What the lines around the cursor are indented with. */
export interface IndentStyle {
  readonly kind: "tabs" | "spaces" | "unknown";
  /** Columns of one level, and of a tab where the two are compared. */
  readonly width: number;
}

const DEFAULT_WIDTH = 4;
const NUM_LINES = 300;

/** The style of the lines around the cursor. */
export function indentStyleOf(prefixText: string, suffixText: string): IndentStyle {
  const lines = [
    ...prefixText.split("\n").slice(-NUM_LINES),
    ...suffixText.split("\n", NUM_LINES).slice(1),
  ];
  let numTabbed = 0;
  let numSpaced = 0;
  let width = DEFAULT_WIDTH * 2;
  for (const line of lines) {
    if (line.startsWith("\t")) numTabbed++;
    // One space is the alignment of a comment's asterisk.
    const numSpaces = /^ *(?=\S)/.exec(line)?.[0].length ?? 0;
    if (numSpaces < 2) continue;
    numSpaced++;
    width = Math.min(width, numSpaces);
  }
  if (numTabbed === 0 && numSpaced === 0) return { kind: "unknown", width: DEFAULT_WIDTH };
  // Where both are usual, as with tabs of eight columns, neither is wrong.
  const isMixed = Math.min(numTabbed, numSpaced) * 3 > Math.max(numTabbed, numSpaced);
  if (isMixed) return { kind: "unknown", width: numTabbed >= numSpaced ? DEFAULT_WIDTH : width };
  if (numTabbed >= numSpaced) return { kind: "tabs", width: DEFAULT_WIDTH };
  return { kind: "spaces", width };
}

/** Columns of the white space a line begins with. */
export function indentWidth(line: string, tabWidth: number): number {
  let width = 0;
  for (const char of line) {
    if (char === " ") width++;
    else if (char === "\t") width += tabWidth;
    else break;
  }
  return width;
}

/** White space of that many columns, as the document indents. */
export function blankOf(columns: number, { kind, width }: IndentStyle): string {
  if (kind !== "tabs") return " ".repeat(columns);
  return "\t".repeat(Math.floor(columns / width)) + " ".repeat(columns % width);
}

/**
 * The completion with its lines indented by the document's own character.
 * @param isFitted - [lines] whether a line's white space may be changed: not where it begins inside of a string.
 */
export function repairIndentation(
  lines: readonly string[],
  style: IndentStyle,
  isFitted: readonly boolean[],
): string {
  if (style.kind === "unknown") return lines.join("\n");
  // The first line is shown before the others are known.
  const [first = "", ...others] = lines;
  const levels = [first, others].map((part) =>
    style.kind === "tabs" ? spacesPerLevel([part].flat()) : style.width,
  );
  const repaired = lines.map((line, index) => {
    if (!isFitted[index]) return line;
    const blank = /^[ \t]*/.exec(line)?.[0] ?? "";
    return indentIn(blank, style.kind, levels[Math.min(index, 1)]!) + line.slice(blank.length);
  });
  return repaired.join("\n");
}

/** The level a completion indents by with spaces where the document has tabs. */
function spacesPerLevel(lines: readonly string[]): number {
  const widths = lines.map((line) => /^ */.exec(line)?.[0].length ?? 0).filter((one) => one >= 2);
  return Math.min(DEFAULT_WIDTH, ...widths);
}

function indentIn(blank: string, kind: "tabs" | "spaces" | "unknown", level: number): string {
  if (kind === "spaces") return blank.replaceAll("\t", " ".repeat(level));
  if (!blank.startsWith("  ")) return blank;
  const numSpaces = /^ */.exec(blank)?.[0].length ?? 0;
  const rest = blank.slice(numSpaces);
  return "\t".repeat(Math.floor(numSpaces / level)) + " ".repeat(numSpaces % level) + rest;
}
