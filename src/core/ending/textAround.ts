/** The string or comment around the cursor, until the completion writes the end that the text after the cursor has. */
import type { CursorContext } from "./cursorContext.ts";

export class TextAround {
  readonly #depth: number;
  readonly #delimiter: string | undefined;
  readonly #doublesQuotes: boolean;
  #isIn: boolean;
  #endAt: number | undefined;

  constructor({ brackets, closingDelimiter, syntax }: CursorContext) {
    this.#depth = brackets.lexer.depth;
    this.#isIn = brackets.lexer.mode !== "code";
    this.#delimiter = closingDelimiter;
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
    const start = at + 1 - this.#delimiter.length;
    if (text.endsWith(this.#delimiter)) return Math.max(0, start);
    // The delimiter began before the cursor.
    return start < 0 ? 0 : undefined;
  }

  /** A text without an end that the delimiter begins with. */
  beforePossibleEnd(text: string): string {
    const delimiter = this.#delimiter ?? "";
    for (let length = Math.min(delimiter.length - 1, text.length); length > 0; length--) {
      if (text.endsWith(delimiter.slice(0, length))) return text.slice(0, -length);
    }
    return text;
  }
}
