/** What a lexer knows at a place: plain values, so that a copy goes on from there. */
import type { TextBlock } from "./codeSyntax.ts";
import type { Element, Frame } from "./textFrames.ts";

/**
 * Where the last character stood: in code, a comment, a regular expression, or a string; a string of one line is named by
 * its quote, `block` goes on behind line breaks and is a string or a comment.
 */
export type LexerMode = "code" | "lineComment" | "block" | "regex" | QuoteMode;
export type QuoteMode = '"' | "'";

/** As it is at the start of a text. */
export class LexerState {
  mode: LexerMode = "code";
  block: TextBlock | undefined;
  /** Blocks open inside each other. */
  depth = 0;
  /** Whether strings of one line go on in the next. */
  spansLines = false;
  isEscaped = false;
  /** A slash in code that may begin a comment or a regular expression. */
  isSlashPending = false;
  inCharacterClass = false;
  /** The last characters, as many as the longest delimiter has with what stands before it; those before the mode began left out. */
  recent = "\n";
  /** Last character of code that is not white space. */
  lastCode = "\n";
  /** The word that the last code ends with; empty if it does not. A longer one's last characters. */
  word = "";
  /** Whether the last character ended an empty string: a third quote then opens a triple-quoted one. */
  endedEmptyString = false;
  numTextChars = 0;
  /** Length of the delimiter that began the mode. */
  openedBack = 0;
  frame: Frame | undefined;
  element: Element | undefined;
  /** A `<` in code that may begin an element. */
  isTagPending = false;
  /** What the line has said of a here-document: nothing, a declaration, or its word; and how far back. */
  declared = "";
  declaredBack = 0;
  /** Of a here-document the last line so far. */
  hereLine = "";
}
