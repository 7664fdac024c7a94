/** Where a completion ends, and why. */

/**
 * Why a text ends: its one line is full (`line`), the block is complete (`block`, `blankLine`), the text after the
 * cursor goes on from here (`suffixLine`, `closer`), the text repeats itself, or what follows is no part of the document (`wrapper`).
 */
export type EndCause =
  | "line"
  | "block"
  | "blankLine"
  | "suffixLine"
  | "closer"
  | "repetition"
  | "wrapper";

export interface CompletionEnd {
  /** UTF-16 code units that stay. */
  readonly length: number;
  readonly cause: EndCause;
  /** What of them is worth showing, if that is less: a line that loops is not. */
  readonly soundLength: number;
}
