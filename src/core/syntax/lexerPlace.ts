/** What can be asked of the place that a lexer has reached. */
import { type LexerMode, LexerState } from "./lexerState.ts";
import type { Element } from "./textFrames.ts";

export class LexerPlace {
  protected state = new LexerState();

  get mode(): LexerMode {
    return this.state.mode;
  }

  /** What ends the string or comment; undefined in code and where the line does. */
  get closer(): string | undefined {
    if (this.state.element !== undefined) return undefined;
    if (this.state.mode === '"' || this.state.mode === "'") return this.state.mode;
    return this.state.block?.close;
  }

  /** What begins another one of the block. */
  get opener(): string | undefined {
    return this.state.element === undefined ? this.state.block?.open : undefined;
  }

  get isInString(): boolean {
    if (this.state.element !== undefined) return this.state.element.quote !== "";
    return (
      this.state.mode === '"' || this.state.mode === "'" || this.state.block?.isComment === false
    );
  }

  /** Whether the last character stands in a tag or between tags, and in no attribute's value. */
  get isInElement(): boolean {
    return this.state.element?.quote === "";
  }

  get elementPart(): Element["part"] | undefined {
    return this.state.element?.part;
  }

  /** Strings, comments and elements around the place. */
  get depth(): number {
    return (this.state.frame?.depth ?? 0) + (this.state.mode === "code" ? 0 : 1);
  }

  /** Of them, those in which the place is code again: `${` and `{`. */
  get numSubstitutions(): number {
    return this.state.frame?.numSubstitutions ?? 0;
  }

  /** Whether what the last character stands in goes on behind a line break. */
  get goesOn(): boolean {
    return this.state.mode === "block" || (this.state.spansLines && this.isInString);
  }

  /** Characters of the delimiter that began {@link mode}: so far back it began when it was first seen. */
  get openedBack(): number {
    return this.state.openedBack;
  }

  /** The same at the character that began the mode; 0 at any other. */
  get delimiterLength(): number {
    return this.state.mode !== "code" && this.state.numTextChars === 0 ? this.state.openedBack : 0;
  }

  get isInHereDocument(): boolean {
    return this.state.block?.isHereDocument === true;
  }

  /** Whether the last line of a here-document is its end, unless its word goes on. */
  get isAtHereEnd(): boolean {
    const { block, hereLine } = this.state;
    return block?.isHereDocument === true && hereLine.trim() === block.close;
  }

  /** Characters since a here-document was declared that begins with the next line; 0 where none was. */
  get declaredBack(): number {
    return this.state.declared === "" ? 0 : this.state.declaredBack;
  }
}
