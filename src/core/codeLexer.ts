/** Tells code from strings and comments, character by character, so that brackets are counted in code only. */
import type { CodeSyntax } from "./codeSyntax.ts";

/** Where the last character stood: in code, a comment, a regular expression, or a string named by its delimiter. */
export type LexerMode = "code" | "lineComment" | "blockComment" | "regex" | QuoteMode;
export type QuoteMode = '"' | "'" | "`" | '"""' | "'''";

/** Strings may be prefixed by one of these; behind any other word an apostrophe is one. */
const STRING_PREFIX = /^(?:[bflru]|[bf]r|r[bf]|u8)$/i;
/** After one of these, or at a line's start, a slash begins a regular expression. */
const BEFORE_REGEX = /[(,=:[!&|?{};+\n]/;

const MAX_DELIMITER = 5;

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
  /** Length of the delimiter that began the mode. */
  #openedBack = 0;
  /** Letters and digits that the last character ends, if they are code; a longer word's last ones. */
  #word = "";
  /** The last characters of code, at most {@link MAX_DELIMITER}. */
  #recent = "\n";

  constructor(syntax: CodeSyntax) {
    this.#syntax = syntax;
  }

  get mode(): LexerMode {
    return this.#mode;
  }

  get isInString(): boolean {
    return this.#mode !== "code" && !/Comment|regex/.test(this.#mode);
  }

  /** Characters of the delimiter that began {@link mode}: so far back it began when it was first seen. */
  get openedBack(): number {
    return this.#openedBack;
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
    copy.#openedBack = this.#openedBack;
    copy.#word = this.#word;
    copy.#recent = this.#recent;
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
    const word = this.#word;
    this.#endedEmptyString = false;
    this.#word = /[\p{L}\p{N}_]/u.test(char) ? (word + char).slice(-MAX_DELIMITER) : "";
    this.#recent = (this.#recent + char).slice(-MAX_DELIMITER);
    if (this.#beginComment(char)) return false;
    if (this.#isSlashPending) {
      this.#isSlashPending = false;
      if (char !== "\n" && char !== "/" && BEFORE_REGEX.test(this.#lastCode)) {
        this.#begin("regex", 2);
        this.#pushOther(char);
        return false;
      }
      this.#lastCode = "/";
    }
    if (this.#syntax.quotes.includes(char) && !this.#isApostrophe(char, word)) {
      const isTriple = endedEmptyString && char === this.#last && this.#syntax.hasTripleQuotes;
      if (isTriple) this.#begin(char.repeat(3) as QuoteMode, 3);
      else this.#begin(char as QuoteMode, 1);
      return false;
    }
    if (char === "/" && this.#syntax.lineComments.includes("//")) {
      this.#isSlashPending = true;
      return true;
    }
    if (char === "\n" || char.trim() !== "") this.#lastCode = char;
    return true;
  }

  /** Whether a quote only stands in a word or a number: `don't`, `1'000`. */
  #isApostrophe(char: string, word: string): boolean {
    if (char !== "'" || word === "" || this.#syntax.hasQuotesInWords === true) return false;
    return !STRING_PREFIX.test(word);
  }

  /** Begins the comment whose delimiter ends with this character. */
  #beginComment(char: string): boolean {
    const { blockComment, lineComments } = this.#syntax;
    const delimiter = lineComments.find((one) => this.#recent.endsWith(one));
    if (delimiter !== undefined && this.#maybeComment(delimiter)) {
      this.#begin("lineComment", delimiter.length);
    } else if (blockComment?.open.endsWith(char) && this.#recent.endsWith(blockComment.open)) {
      this.#begin("blockComment", blockComment.open.length);
    } else return false;
    return true;
  }

  /** Whether what stands before a delimiter lets it begin a comment: `$#` does not, nor does `http://`. */
  #maybeComment(delimiter: string): boolean {
    const before = this.#recent.at(-1 - delimiter.length) ?? "\n";
    if (delimiter === "#") return /\s/.test(before);
    return delimiter !== "//" || before !== ":";
  }

  #begin(mode: LexerMode, openedBack: number): void {
    this.#mode = mode;
    this.#openedBack = openedBack;
    this.#isEscaped = false;
    this.#isSlashPending = false;
    this.#inCharacterClass = false;
    this.#numStringChars = 0;
    this.#word = "";
    this.#recent = "";
  }

  #pushOther(char: string): boolean {
    const mode = this.#mode;
    this.#numStringChars++;
    if (mode === "lineComment" && this.#opensBlockComment(char)) {
      this.#begin("blockComment", this.#openedBack + this.#numStringChars);
      return false;
    }
    if (this.#isEscaped && (char === "\r" || (char === "\n" && this.isInString))) {
      // A string that goes on in the next line.
      if (char === "\n") this.#isEscaped = false;
    } else if (char === "\n" && !spansLines(mode)) {
      // An apostrophe, or a string the author has not finished.
      this.#mode = "code";
      this.#lastCode = "\n";
      return true;
    } else if (this.#isEscaped) {
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

  /** Whether a comment turns out to be one that may span lines: Lua's `--[[`. */
  #opensBlockComment(char: string): boolean {
    const open = this.#syntax.blockComment?.open ?? "";
    return (
      open.length === this.#openedBack + this.#numStringChars && open.endsWith(this.#last + char)
    );
  }

  #endsWith(char: string): boolean {
    switch (this.#mode) {
      case "lineComment":
        return false;
      case "blockComment": {
        const { close } = this.#syntax.blockComment!;
        // The delimiter that began it is no part of its end.
        if (this.#numStringChars < close.length) return false;
        return (this.#secondLast + this.#last + char).endsWith(close);
      }
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
