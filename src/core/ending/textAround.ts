/** The string or comment around the cursor, until the completion writes the end that the text after the cursor has. */
import type { CursorContext } from "./cursorContext.ts";

export class TextAround {
  readonly #depth: number;
  readonly #delimiter: string | undefined;
  readonly #doublesQuotes: boolean;
  readonly #isHereDocument: boolean;
  #isIn: boolean;
  #endAt: number | undefined;

  constructor({ brackets, closingDelimiter, syntax }: CursorContext) {
    this.#depth = brackets.lexer.depth;
    this.#isIn = brackets.lexer.mode !== "code";
    this.#delimiter = closingDelimiter;
    this.#isHereDocument = brackets.lexer.isInHereDocument;
    this.#doublesQuotes = syntax.doublesQuotes === true && closingDelimiter?.length === 1;
  }

  /** Whether it has not ended yet. */
  get isIn(): boolean {
    return this.#isIn;
  }

  /** Where a quote ended it, unless another one follows. */
  get endAt(): number | undefined {
    return this.#endAt;
  }

  /**
   * @param text - up to the character that was pushed last.
   * @param depth - of the lexer behind it.
   * @returns where the completion ends, if that is certain.
   */
  push(text: string, depth: number): number | undefined {
    const at = text.length - 1;
    const endAt = this.#endAt;
    this.#endAt = undefined;
    if (endAt !== undefined && text[at] !== this.#delimiter) return endAt;
    if (!this.#isIn || depth >= this.#depth) return undefined;
    if (this.#doublesQuotes) {
      this.#endAt = at;
      return undefined;
    }
    this.#isIn = false;
    if (this.#delimiter === undefined) return undefined;
    // A here-document is known to have ended by the character behind its word.
    const end = this.#isHereDocument ? at : at + 1;
    const start = end - this.#delimiter.length;
    if (text.slice(0, end).endsWith(this.#delimiter)) return Math.max(0, start);
    // The delimiter began before the cursor.
    return start < 0 ? 0 : undefined;
  }

  /** A text without an end that is, or begins, the delimiter. */
  beforePossibleEnd(text: string): string {
    const delimiter = this.#delimiter ?? "";
    for (let length = Math.min(delimiter.length, text.length); length > 0; length--) {
      if (text.endsWith(delimiter.slice(0, length))) return text.slice(0, -length);
    }
    return text;
  }
}
