/** Tells code from strings and comments, character by character, so that brackets are counted in code only. */
import type { CodeSyntax } from "./codeSyntax.ts";

/** Where the last character stood: in code, a comment, a regular expression, or a string named by its delimiter. */
export type LexerMode = "code" | "lineComment" | "blockComment" | "regex" | QuoteMode;
export type QuoteMode = '"' | "'" | "`" | '"""' | "'''";

/** After one of these, or at a line's start, a slash begins a regular expression. */
const BEFORE_REGEX = /[(,=:[!&|?{};+\n]/;

/** A lexer of one pass; {@link CodeLexer.fork} continues from a state. */
export class CodeLexer {
  readonly #syntax: CodeSyntax;
  #mode: LexerMode = "code";
  #isEscaped = false;
  /** A slash in code that may begin a comment or a regular expression. */
  #isSlashPending = false;
  #inCharacterClass = false;
  #last = "\n";
  #secondLast = "\n";
  /** Last character of code that is not white space. */
  #lastCode = "\n";
  /** Whether the last character ended an empty string: a third quote then opens a triple-quoted one. */
  #endedEmptyString = false;
  #numStringChars = 0;

  constructor(syntax: CodeSyntax) {
    this.#syntax = syntax;
  }

  get mode(): LexerMode {
    return this.#mode;
  }

  /** A lexer that goes on from here and leaves this one as it is. */
  fork(): CodeLexer {
    const copy = new CodeLexer(this.#syntax);
    copy.#mode = this.#mode;
    copy.#isEscaped = this.#isEscaped;
    copy.#isSlashPending = this.#isSlashPending;
    copy.#inCharacterClass = this.#inCharacterClass;
    copy.#last = this.#last;
    copy.#secondLast = this.#secondLast;
    copy.#lastCode = this.#lastCode;
    copy.#endedEmptyString = this.#endedEmptyString;
    copy.#numStringChars = this.#numStringChars;
    return copy;
  }

  /** Takes a UTF-16 code unit; true if it is code, delimiters of strings and comments not counted. */
  push(char: string): boolean {
    const isCode = this.#mode === "code" ? this.#pushCode(char) : this.#pushOther(char);
    this.#secondLast = this.#last;
    this.#last = char;
    return isCode;
  }

  #pushCode(char: string): boolean {
    const endedEmptyString = this.#endedEmptyString;
    this.#endedEmptyString = false;
    if (this.#isSlashPending) {
      this.#isSlashPending = false;
      if (this.#beginAfterSlash(char)) return false;
    }
    if (this.#syntax.quotes.includes(char)) {
      const isTriple = endedEmptyString && char === this.#last && this.#syntax.hasTripleQuotes;
      this.#begin((isTriple ? char.repeat(3) : char) as QuoteMode);
      return false;
    }
    if (char === "/" && this.#syntax.lineComment === "//") {
      this.#isSlashPending = true;
      return true;
    }
    if (char === "#" && this.#syntax.lineComment === "#" && /\s/.test(this.#last)) {
      this.#begin("lineComment");
      return false;
    }
    if (char === "\n" || char.trim() !== "") this.#lastCode = char;
    return true;
  }

  #beginAfterSlash(char: string): boolean {
    if (char === "/") this.#begin("lineComment");
    else if (char === "*" && this.#syntax.hasBlockComments) this.#begin("blockComment");
    else if (char !== "\n" && BEFORE_REGEX.test(this.#lastCode)) {
      this.#begin("regex");
      this.#pushOther(char);
    } else {
      this.#lastCode = "/";
      return false;
    }
    return true;
  }

  #begin(mode: LexerMode): void {
    this.#mode = mode;
    this.#isEscaped = false;
    this.#inCharacterClass = false;
    this.#numStringChars = 0;
  }

  #pushOther(char: string): boolean {
    const mode = this.#mode;
    this.#numStringChars++;
    if (char === "\n" && !spansLines(mode)) {
      // An apostrophe, or a string the author has not finished.
      this.#mode = "code";
      this.#lastCode = "\n";
      return true;
    }
    if (this.#isEscaped) {
      this.#isEscaped = false;
    } else if (char === "\\" && mode !== "lineComment" && mode !== "blockComment") {
      this.#isEscaped = true;
    } else if (this.#endsWith(char)) {
      this.#mode = "code";
      this.#lastCode = char;
      this.#endedEmptyString = mode === char && this.#numStringChars === 1;
    }
    return false;
  }

  #endsWith(char: string): boolean {
    switch (this.#mode) {
      case "lineComment":
        return false;
      case "blockComment":
        // Not the asterisk that began it.
        return char === "/" && this.#last === "*" && this.#numStringChars > 1;
      case "regex":
        if (char === "[") this.#inCharacterClass = true;
        else if (char === "]") this.#inCharacterClass = false;
        return char === "/" && !this.#inCharacterClass;
      case '"""':
      case "'''": {
        const isRun = char === this.#last && char === this.#secondLast;
        return isRun && char === this.#mode[0] && this.#numStringChars > 2;
      }
      default:
        return char === this.#mode;
    }
  }
}

/** Whether a string or comment goes on behind a line break. */
export function spansLines(mode: LexerMode): boolean {
  return mode === "`" || mode === '"""' || mode === "'''" || mode === "blockComment";
}
