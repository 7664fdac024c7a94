/** Brackets that are open at a place of the text, and which of them the text after the cursor closes. */
import { closingDelimiter, endsElements } from "../syntax/closingDelimiter.ts";
import { CodeLexer } from "../syntax/codeLexer.ts";
import type { CodeSyntax } from "../syntax/codeSyntax.ts";
import { indentWidth } from "../syntax/indentation.ts";

export type Opener = "(" | "[" | "{";
const OPENER_OF: Readonly<Record<string, Opener>> = { ")": "(", "]": "[", "}": "{" };

/** An open bracket before the cursor. */
export interface OpenBracket {
  readonly char: Opener;
  /** Columns before the text of its line. */
  readonly indent: number;
  /** Whether it stands on the cursor's line. */
  readonly isOnCursorLine: boolean;
  /** Whether a completion may close it: the text after the cursor does not. */
  readonly isClosable: boolean;
}

/** A bracket that a completion opened. */
export interface OwnBracket {
  readonly char: Opener;
  readonly position: number;
}

/** Brackets that are open, outermost first. All it does takes amortized constant time, however deep they are nested. */
export class OpenBrackets<T extends { readonly char: Opener; readonly position?: number }> {
  readonly #items: T[] = [];
  /** Indices of the items of each kind, ascending. */
  readonly #indices: Readonly<Record<Opener, number[]>> = { "(": [], "[": [], "{": [] };

  constructor(items: Iterable<T> = []) {
    for (const item of items) this.push(item);
  }

  get items(): readonly T[] {
    return this.#items;
  }

  push(item: T): void {
    this.#indices[item.char].push(this.#items.length);
    this.#items.push(item);
  }

  /** Index of the innermost bracket of a kind, -1 if there is none. Others above it are taken for misread. */
  innermost(char: Opener): number {
    return this.#indices[char].at(-1) ?? -1;
  }

  /** Keeps the outermost `length` brackets. */
  truncate(length: number): void {
    while (this.#items.length > length) this.#indices[this.#items.pop()!.char].pop();
  }

  /** Drops the brackets from a position on: they turned out to be part of a delimiter. */
  dropFrom(position: number): void {
    for (let open = this.#items.at(-1); open !== undefined; open = this.#items.at(-1)) {
      if ((open.position ?? 0) < position) return;
      this.truncate(this.#items.length - 1);
    }
  }

  /** Closes the bracket that `closer` ends, with all above it; false if there is none, or it is no closer. */
  close(closer: string): boolean {
    const opener = openerOf(closer);
    const index = opener === undefined ? -1 : this.innermost(opener);
    if (index !== -1) this.truncate(index);
    return index !== -1;
  }
}

/** The text before the cursor, read. */
export interface PrefixBrackets {
  /** At the cursor. */
  readonly lexer: CodeLexer;
  /** Outermost first. */
  readonly open: readonly OpenBracket[];
  /** Closers after the cursor that nothing opened, by the bracket that would; unknown, and 0, where the prefix was cut. */
  readonly numSurplus: Readonly<Record<Opener, number>>;
  /** Whether the text after the cursor ends the code within text that the cursor stands in. */
  readonly leavesSubstitution: boolean;
  /** Whether it ends the elements that the cursor stands in. */
  readonly closesElements: boolean;
}

export function isOpener(char: string): char is Opener {
  return char === "(" || char === "[" || char === "{";
}

/** The opener that a closer needs; undefined for any other character. */
export function openerOf(char: string): Opener | undefined {
  return OPENER_OF[char];
}

/**
 * Reads the brackets around the cursor.
 *
 * @param isCutPrefix - whether the prefix text lacks its start: a closer may then belong to what is not there.
 */
export function readBrackets(
  prefixText: string,
  suffixText: string,
  syntax: CodeSyntax,
  tabWidth: number,
  isCutPrefix: boolean,
): PrefixBrackets {
  const lexer = new CodeLexer(syntax);
  const brackets = new OpenBrackets<PlacedBracket>();
  const lines = new LineIndent(prefixText, tabWidth);
  for (let i = 0; i < prefixText.length; i++) {
    const char = prefixText[i]!;
    const isCode = lexer.push(char);
    if (char === "\n") lines.beginAt(i + 1);
    if (!isCode) brackets.dropFrom(i + 1 - lexer.delimiterLength);
    else if (isOpener(char)) brackets.push({ char, indent: lines.before(i), position: i });
    else brackets.close(char);
  }
  const stack = brackets.items;
  // Text that nothing ends is ended by the completion; what follows is code.
  const closesElements = lexer.elementPart !== undefined && endsElements(lexer, suffixText);
  const isEnded = closesElements || closingDelimiter(lexer, suffixText) !== undefined;
  const reader = isEnded || lexer.mode !== "block" ? lexer.fork() : lexer.forkBehindText();
  const { closers, numLeft } = unmatchedClosers(suffixText, reader, tabWidth);
  const numOpenBraces = stack.filter(({ char }) => char === "{").length + lexer.numSubstitutions;
  const numClosingBraces = closers.filter(({ opens }) => opens === "{").length + numLeft;
  // Where a brace is missing it is the innermost.
  const leavesSubstitution = numLeft > 0 && (isCutPrefix || numClosingBraces >= numOpenBraces);
  const closed = closedBy(stack, closers, isCutPrefix);
  const closedKinds = isCutPrefix
    ? Array.from(closed.openers, (index) => stack[index]!.char)
    : closers.map(({ opens }) => opens);
  const budget = closableCounts(stack, closedKinds);
  const open = stack.map(({ char, indent, position }): OpenBracket => {
    return { char, indent, isOnCursorLine: position >= lines.start, isClosable: false };
  });
  // The innermost first, and never more of a kind than the text after the cursor leaves open.
  for (let index = open.length - 1; index >= 0; index--) {
    const bracket = open[index]!;
    if (closed.openers.has(index) || budget[bracket.char] <= 0) continue;
    budget[bracket.char]--;
    open[index] = { ...bracket, isClosable: true };
  }
  const numSurplus: Record<Opener, number> = { "(": 0, "[": 0, "{": 0 };
  const surplus = isCutPrefix ? [] : closers.filter((closer) => !closed.closers.has(closer));
  for (const { opens } of surplus) numSurplus[opens]++;
  return { lexer, open, numSurplus, leavesSubstitution, closesElements };
}

interface PlacedBracket {
  readonly char: Opener;
  /** Columns before the text of its line. */
  readonly indent: number;
  readonly position: number;
}

/** Columns before the text of the line that is being read; each line is measured once. */
class LineIndent {
  readonly #text: string;
  readonly #tabWidth: number;
  #start = 0;
  #indent: number | undefined;
  #indentEnd = 0;

  constructor(text: string, tabWidth: number) {
    this.#text = text;
    this.#tabWidth = tabWidth;
  }

  get start(): number {
    return this.#start;
  }

  beginAt(start: number): void {
    this.#start = start;
    this.#indent = undefined;
  }

  /** @param position - of a character of the line that is not white space. */
  before(position: number): number {
    if (this.#indent === undefined) {
      const blank = this.#text.slice(this.#start, position);
      this.#indent = indentWidth(blank, this.#tabWidth);
      this.#indentEnd = this.#start + (/[^ \t]/.exec(blank)?.index ?? blank.length);
    }
    return this.#indent;
  }

  /** Whether a character begins the line's text. */
  isFirst(position: number): boolean {
    this.before(position);
    return this.#indentEnd === position;
  }
}

interface Closer {
  readonly opens: Opener;
  /** Columns before it, if it begins its line; a closer behind text says nothing by its place. */
  readonly indent: number | undefined;
}

function unmatchedClosers(suffixText: string, lexer: CodeLexer, tabWidth: number) {
  /** Of the code within text around the cursor, how much is open, and how much ends here. */
  let numAround = lexer.numSubstitutions;
  let numLeft = 0;
  const closers: Closer[] = [];
  const brackets = new OpenBrackets<OwnBracket>();
  const lines = new LineIndent(suffixText, tabWidth);
  for (let i = 0; i < suffixText.length; i++) {
    const char = suffixText[i]!;
    const numBefore = lexer.numSubstitutions;
    const isCode = lexer.push(char);
    // A string of one line ends with it, and the code in it, though nothing closed them.
    if (char === "\n") numAround -= numBefore - lexer.numSubstitutions;
    numLeft = Math.max(numLeft, numAround - lexer.numSubstitutions);
    if (char === "\n") lines.beginAt(i + 1);
    if (!isCode) brackets.dropFrom(i + 1 - lexer.delimiterLength);
    else if (isOpener(char)) brackets.push({ char, position: i });
    else {
      const opens = openerOf(char);
      if (opens === undefined || brackets.close(char)) continue;
      const beginsLine = lines.start > 0 && lines.isFirst(i);
      closers.push({ opens, indent: beginsLine ? lines.before(i) : undefined });
    }
  }
  return { closers, numLeft };
}

/** Which openers the closers close: at a line's start the one whose line is indented alike, else the innermost. */
function closedBy(
  stack: readonly PlacedBracket[],
  closers: readonly Closer[],
  isCutPrefix: boolean,
): { readonly openers: ReadonlySet<number>; readonly closers: ReadonlySet<Closer> } {
  const ofKind = new Map<string, number[]>();
  for (const [index, { char, indent }] of stack.entries()) {
    for (const key of [char, char + indent]) {
      const indices = ofKind.get(key);
      if (indices === undefined) ofKind.set(key, [index]);
      else indices.push(index);
    }
  }
  let height = stack.length;
  // The height only falls, so an index that is above it never counts again.
  const innermost = (key: string) => {
    const indices = ofKind.get(key) ?? [];
    while ((indices.at(-1) ?? -1) >= height) indices.pop();
    return indices.at(-1) ?? -1;
  };
  const openers = new Set<number>();
  const closing = new Set<Closer>();
  for (const closer of closers) {
    const { opens, indent } = closer;
    const alike = indent === undefined ? -1 : innermost(opens + indent);
    const isElsewhere = isCutPrefix && indent !== undefined;
    const index = alike === -1 && !isElsewhere ? innermost(opens) : alike;
    if (index === -1) continue;
    openers.add(index);
    closing.add(closer);
    height = index;
  }
  return { openers, closers: closing };
}

/** How many openers of each kind a completion may close without leaving a closer behind the cursor alone. */
function closableCounts(stack: readonly { char: Opener }[], closedKinds: readonly Opener[]) {
  const counts: Record<Opener, number> = { "(": 0, "[": 0, "{": 0 };
  for (const { char } of stack) counts[char]++;
  for (const kind of closedKinds) counts[kind]--;
  return counts;
}
