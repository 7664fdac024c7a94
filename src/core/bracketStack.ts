/** Brackets that are open at a place of the text, and which of them the text after the cursor closes. */
import { CodeLexer } from "./codeLexer.ts";
import type { CodeSyntax } from "./codeSyntax.ts";
import { indentWidth } from "./indentation.ts";

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

/** The text before the cursor, read. */
export interface PrefixBrackets {
  /** At the cursor. */
  readonly lexer: CodeLexer;
  /** Outermost first. */
  readonly open: readonly OpenBracket[];
  /** Closers after the cursor that nothing opened. */
  readonly hasSurplusClosers: boolean;
}

export function isOpener(char: string): char is Opener {
  return char === "(" || char === "[" || char === "{";
}

/** The opener that a closer needs; undefined for any other character. */
export function openerOf(char: string): Opener | undefined {
  return OPENER_OF[char];
}

/** Index of the innermost opener of a kind, -1 if there is none. Others above it are taken for misread. */
export function innermost(stack: readonly { readonly char: Opener }[], char: Opener): number {
  return stack.findLastIndex((open) => open.char === char);
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
  const stack: { char: Opener; indent: number; position: number }[] = [];
  let lineStart = 0;
  for (let i = 0; i < prefixText.length; i++) {
    const char = prefixText[i]!;
    const isCode = lexer.push(char);
    if (char === "\n") lineStart = i + 1;
    else if (!isCode) continue;
    else if (isOpener(char)) {
      const indent = indentWidth(prefixText.slice(lineStart, i), tabWidth);
      stack.push({ char, indent, position: i });
    } else popFor(stack, char);
  }
  const closers = unmatchedClosers(suffixText, lexer.fork(), tabWidth);
  const closed = closedBy(stack, closers, isCutPrefix);
  const closedKinds = isCutPrefix
    ? Array.from(closed, (index) => stack[index]!.char)
    : closers.map(({ opens }) => opens);
  const budget = closableCounts(stack, closedKinds);
  const open = stack.map(({ char, indent, position }): OpenBracket => {
    return { char, indent, isOnCursorLine: position >= lineStart, isClosable: false };
  });
  // The innermost first, and never more of a kind than the text after the cursor leaves open.
  for (let index = open.length - 1; index >= 0; index--) {
    const bracket = open[index]!;
    if (closed.has(index) || budget[bracket.char] <= 0) continue;
    budget[bracket.char]--;
    open[index] = { ...bracket, isClosable: true };
  }
  return { lexer, open, hasSurplusClosers: !isCutPrefix && closers.length > closed.size };
}

function popFor(stack: { char: Opener }[], char: string): boolean {
  const opener = openerOf(char);
  if (opener === undefined) return false;
  const index = innermost(stack, opener);
  if (index === -1) return false;
  stack.length = index;
  return true;
}

interface Closer {
  readonly opens: Opener;
  /** Columns before it, if it begins its line; a closer behind text says nothing by its place. */
  readonly indent: number | undefined;
}

function unmatchedClosers(suffixText: string, lexer: CodeLexer, tabWidth: number): Closer[] {
  const closers: Closer[] = [];
  const stack: { char: Opener }[] = [];
  let lineStart = -1;
  for (let i = 0; i < suffixText.length; i++) {
    const char = suffixText[i]!;
    const isCode = lexer.push(char);
    if (char === "\n") lineStart = i + 1;
    else if (!isCode) continue;
    else if (isOpener(char)) stack.push({ char });
    else {
      const opens = openerOf(char);
      if (opens === undefined || popFor(stack, char)) continue;
      const before = lineStart === -1 ? "x" : suffixText.slice(lineStart, i);
      const indent = before.trim() === "" ? indentWidth(before, tabWidth) : undefined;
      closers.push({ opens, indent });
    }
  }
  return closers;
}

/** Which openers the closers close: at a line's start the one whose line is indented alike, else the innermost. */
function closedBy(
  stack: readonly { char: Opener; indent: number }[],
  closers: readonly Closer[],
  isCutPrefix: boolean,
): Set<number> {
  const closed = new Set<number>();
  let height = stack.length;
  for (const { opens, indent } of closers) {
    const rest = stack.slice(0, height);
    const alike = rest.findLastIndex((open) => open.char === opens && open.indent === indent);
    const isElsewhere = isCutPrefix && indent !== undefined;
    const index = alike === -1 && !isElsewhere ? innermost(rest, opens) : alike;
    if (index === -1) continue;
    closed.add(index);
    height = index;
  }
  return closed;
}

/** How many openers of each kind a completion may close without leaving a closer behind the cursor alone. */
function closableCounts(stack: readonly { char: Opener }[], closedKinds: readonly Opener[]) {
  const counts: Record<Opener, number> = { "(": 0, "[": 0, "{": 0 };
  for (const { char } of stack) counts[char]++;
  for (const kind of closedKinds) counts[kind]--;
  return counts;
}

/** What a completion leaves open, as far as it opened it. */
export interface OpenEnds {
  /** Outermost first. */
  readonly brackets: readonly OwnBracket[];
  readonly isInString: boolean;
}

/** Reads a completion that follows the text `lexer` has read. */
export function readOpenEnds(text: string, lexer: CodeLexer): OpenEnds {
  const own = lexer.fork();
  const brackets: OwnBracket[] = [];
  let isInCursorText = own.mode !== "code";
  for (let position = 0; position < text.length; position++) {
    const char = text[position]!;
    const isCode = own.push(char);
    if (own.mode === "code") isInCursorText = false;
    if (!isCode) continue;
    if (isOpener(char)) brackets.push({ char, position });
    else popFor(brackets, char);
  }
  const isInString = !isInCursorText && own.mode !== "code" && own.mode !== "lineComment";
  return { brackets, isInString };
}
