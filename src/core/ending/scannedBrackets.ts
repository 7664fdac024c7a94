/** The brackets of a completion that is being written, and those before the cursor that it closes. */
import type { CodeLexer } from "../syntax/codeLexer.ts";
import { indentWidth } from "../syntax/indentation.ts";
import {
  isOpener,
  type OpenBracket,
  OpenBrackets,
  type OwnBracket,
  openerOf,
} from "./bracketStack.ts";
import type { CursorContext } from "./cursorContext.ts";

export class ScannedBrackets {
  readonly #context: CursorContext;
  readonly #own = new OpenBrackets<OwnBracket>();
  readonly #prefixOpen: OpenBrackets<OpenBracket>;
  /** Index of the outermost bracket of the cursor's line that a completion may close, -1 if there is none. */
  readonly #lineOpenIndex: number;
  /** Where the completion ends if the line does not open anew the block that it closed: `} else {`. */
  #unclosedEnd: number | undefined;
  #isFirstLine = true;
  #lineOpenedAnew = false;
  #numSubstitutions: number;
  #lineClosedPrefix = false;

  constructor(context: CursorContext) {
    this.#context = context;
    this.#numSubstitutions = context.brackets.lexer.numSubstitutions;
    this.#prefixOpen = new OpenBrackets(context.brackets.open);
    this.#lineOpenIndex = context.brackets.open.findIndex(
      (open) => open.isOnCursorLine && open.isClosable,
    );
  }

  /** Whether the completion opened a bracket that it has not closed. */
  get hasOwn(): boolean {
    return this.#own.items.length > 0;
  }

  /** Whether a bracket is open that the completion, or the cursor's line, opened and nothing closes. */
  get hasOpenBlock(): boolean {
    const isLineOpen =
      this.#lineOpenIndex !== -1 && this.#lineOpenIndex < this.#prefixOpen.items.length;
    return this.hasOwn || isLineOpen;
  }

  /** Whether the line being written closed a bracket that stands before the cursor. */
  get lineClosedPrefix(): boolean {
    return this.#lineClosedPrefix;
  }

  /** Where the completion ends if its line does: before a closer that the text after the cursor has. */
  get unclosedEnd(): number | undefined {
    return this.#unclosedEnd;
  }

  beginLine(): void {
    this.#isFirstLine = false;
    this.#lineClosedPrefix = false;
    this.#lineOpenedAnew = false;
  }

  /**
   * Takes a character of code; returns where the completion ends if it closes what the text after the cursor closes.
   * @param start - where it would end before this character.
   * @param line - what stands before it on its line.
   */
  push(char: string, at: number, start: number, line: string): number | undefined {
    if (isOpener(char)) {
      if (char === "{" && this.#unclosedEnd !== undefined && !this.hasOwn) {
        this.#unclosedEnd = undefined;
        this.#lineOpenedAnew = true;
      } else this.#own.push({ char, position: at });
      return undefined;
    }
    const opener = openerOf(char);
    if (opener === undefined || this.#own.close(char)) return undefined;
    const index = this.#prefixOpen.innermost(opener);
    if (!this.hasOwn && this.#prefixOpen.items[index]?.isClosable === true) {
      this.#prefixOpen.truncate(index);
      this.#lineClosedPrefix = true;
      return undefined;
    }
    const isFirst = line.trim() === "";
    if (index === -1 && this.#context.syntax.hasPlainText === true && !isFirst) return undefined;
    const isInnermost = index !== -1 && index === this.#prefixOpen.items.length - 1;
    const mayOpenAnew = char === "}" && isFirst && isInnermost && this.#mayOpenAnew(line);
    if (!mayOpenAnew || this.#unclosedEnd !== undefined) return this.#unclosedEnd ?? start;
    this.#unclosedEnd = start;
    return undefined;
  }

  /** Whether a line may close the block around it and open another: not if what stands below would change blocks. */
  #mayOpenAnew(line: string): boolean {
    const { isSingleLine, linesBelow, indentStyle, lineBefore } = this.#context;
    if (isSingleLine || this.hasOwn) return false;
    const isOwnLine = this.#isFirstLine && lineBefore.trim() === "";
    const [below] = linesBelow;
    return isOwnLine || below === undefined || below.indent <= indentWidth(line, indentStyle.width);
  }

  /**
   * Notes the brace that begins code within text, and the one that ends it; true if it ends what the text after the cursor ends.
   * @param lexer - behind the character at the position.
   */
  leavesSubstitution({ numSubstitutions }: CodeLexer, position: number): boolean {
    const { lexer: cursor, leavesSubstitution } = this.#context.brackets;
    const numBefore = this.#numSubstitutions;
    this.#numSubstitutions = numSubstitutions;
    if (numSubstitutions > numBefore) this.#own.push({ char: "{", position });
    if (numSubstitutions >= numBefore) return false;
    if (numSubstitutions < cursor.numSubstitutions) return leavesSubstitution;
    this.#own.close("}");
    return false;
  }

  /** Whether a tag begins that ends the element around the cursor, where the text after the cursor ends it. */
  closesElement({ depth }: CodeLexer, text: string): boolean {
    const { lexer, closesElements } = this.#context.brackets;
    return closesElements && depth === lexer.depth && text.endsWith("</");
  }

  /** Drops the brackets from a position on: they turned out to be part of a delimiter. */
  dropFrom(position: number): void {
    this.#own.dropFrom(position);
  }

  /** Whether the lines below are the block that a line opened: they stand deeper, and closers there lack their openers. */
  isHeaderOfBelow(line: string): boolean {
    const { linesBelow, indentStyle, brackets } = this.#context;
    const [below] = linesBelow;
    if (below === undefined || below.indent <= indentWidth(line, indentStyle.width)) return false;
    if (this.#lineOpenedAnew && !this.hasOwn) return true;
    const numLeft = { ...brackets.numSurplus };
    return this.hasOwn && this.#own.items.every(({ char }) => numLeft[char]-- > 0);
  }
}
