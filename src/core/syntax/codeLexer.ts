/** Tells code from strings and comments, character by character, so that brackets are counted in code only. */
import type { CodeSyntax, TextBlock } from "./codeSyntax.ts";

/**
 * Where the last character stood: in code, a comment, a regular expression, or a string; a string of one line is named by
 * its quote, `block` goes on behind line breaks and is a string or a comment.
 */
export type LexerMode = "code" | "lineComment" | "block" | "regex" | QuoteMode;
export type QuoteMode = '"' | "'";

/** Strings may be prefixed by one of these; behind any other word an apostrophe is one. */
const STRING_PREFIX = /^(?:[bflru]|[bf]r|r[bf]|u8)$/i;
/** After one of these, or at a line's start, a slash begins a regular expression. */
const BEFORE_REGEX = /[(,=:[!&|?{};+\n]/;
const WORD_BEFORE_REGEX =
  /^(?:return|typeof|case|in|of|void|delete|throw|do|else|yield|await|new)$/;
/** Longest delimiter, with what stands before it. */
const MAX_RECENT = 10;
const MAX_WORD = 8;
const WORD_CHAR = /[\p{L}\p{N}_]/u;

/** A lexer of one pass; {@link CodeLexer.fork} continues from a state. */
export class CodeLexer {
  readonly #syntax: CodeSyntax;
  #mode: LexerMode = "code";
  #block: TextBlock | undefined;
  /** Blocks open inside each other. */
  #depth = 0;
  /** Whether strings of one line go on in the next. */
  #spansLines = false;
  #isEscaped = false;
  /** A slash in code that may begin a comment or a regular expression. */
  #isSlashPending = false;
  #inCharacterClass = false;
  /** The last characters, at most {@link MAX_RECENT}; those before the mode began left out. */
  #recent = "\n";
  /** Last character of code that is not white space. */
  #lastCode = "\n";
  /** The word that the last code ends with; empty if it does not. A longer one's last characters. */
  #word = "";
  /** Whether the last character ended an empty string: a third quote then opens a triple-quoted one. */
  #endedEmptyString = false;
  #numTextChars = 0;
  /** Length of the delimiter that began the mode. */
  #openedBack = 0;

  constructor(syntax: CodeSyntax) {
    this.#syntax = syntax;
  }

  get mode(): LexerMode {
    return this.#mode;
  }

  /** What ends the string or comment; undefined in code and where the line does. */
  get closer(): string | undefined {
    if (this.#mode === '"' || this.#mode === "'") return this.#mode;
    return this.#block?.close;
  }

  /** What begins another one of the block. */
  get opener(): string | undefined {
    return this.#block?.open;
  }

  get isInString(): boolean {
    return this.#mode === '"' || this.#mode === "'" || this.#block?.isComment === false;
  }

  /** Whether what the last character stands in goes on behind a line break. */
  get goesOn(): boolean {
    return this.#mode === "block" || (this.#spansLines && this.isInString);
  }

  /** Characters of the delimiter that began {@link mode}: so far back it began when it was first seen. */
  get openedBack(): number {
    return this.#openedBack;
  }

  /** The same at the character that began the mode; 0 at any other. */
  get delimiterLength(): number {
    return this.#mode !== "code" && this.#numTextChars === 0 ? this.#openedBack : 0;
  }

  /**
   * A lexer that goes on from here and leaves this one as it is.
   * @param spansLines - whether strings go on in the next line where the language lets them.
   */
  fork(spansLines = false): CodeLexer {
    const copy = new CodeLexer(this.#syntax);
    copy.#mode = this.#mode;
    copy.#block = this.#block;
    copy.#depth = this.#depth;
    copy.#spansLines = this.#spansLines || (spansLines && this.#syntax.stringsSpanLines === true);
    copy.#isEscaped = this.#isEscaped;
    copy.#isSlashPending = this.#isSlashPending;
    copy.#inCharacterClass = this.#inCharacterClass;
    copy.#recent = this.#recent;
    copy.#lastCode = this.#lastCode;
    copy.#word = this.#word;
    copy.#endedEmptyString = this.#endedEmptyString;
    copy.#numTextChars = this.#numTextChars;
    copy.#openedBack = this.#openedBack;
    return copy;
  }

  /** Takes a UTF-16 code unit; true if it is code, delimiters of strings and comments not counted. */
  push(char: string): boolean {
    this.#recent = (this.#recent + char).slice(-MAX_RECENT);
    return this.#mode === "code" ? this.#pushCode(char) : this.#pushText(char);
  }

  #pushCode(char: string): boolean {
    const endedEmptyString = this.#endedEmptyString;
    const word = this.#word;
    this.#endedEmptyString = false;
    if (isWordChar(char)) this.#word = (this.#wordGoesOn ? word + char : char).slice(-MAX_WORD);
    else if (char !== " " && char !== "\t") this.#word = "";
    if (this.#beginDelimited()) return false;
    if (this.#isSlashPending) {
      this.#isSlashPending = false;
      if (char !== "\n" && char !== "/" && this.#mayBeRegex(word)) {
        this.#begin("regex", 2);
        this.#pushText(char);
        return false;
      }
      this.#lastCode = "/";
    }
    if (this.#syntax.quotes.includes(char) && !this.#isNoString(char, word)) {
      this.#beginString(char as QuoteMode, endedEmptyString);
      return false;
    }
    if (char === "/" && this.#syntax.lineComments.includes("//")) {
      this.#isSlashPending = true;
      this.#word = word;
      return true;
    }
    if (char === "\n" || char.trim() !== "") this.#lastCode = char;
    return true;
  }

  /** Whether the character before the last one belongs to the same word. */
  get #wordGoesOn(): boolean {
    return isWordChar(this.#recent.at(-2) ?? "");
  }

  #mayBeRegex(word: string): boolean {
    return BEFORE_REGEX.test(this.#lastCode) || WORD_BEFORE_REGEX.test(word);
  }

  /** Whether a quote only stands in a word or a number (`don't`, `1'000`), is escaped, or is a character (`'"'`). */
  #isNoString(char: string, word: string): boolean {
    const before = this.#recent.at(-2);
    if (before === "\\") return true;
    if (before === "'" && !this.#syntax.quotes.includes("'")) return true;
    if (char !== "'" || !isWordChar(before ?? "")) return false;
    return this.#syntax.hasQuotesInWords !== true && !STRING_PREFIX.test(word);
  }

  #beginString(quote: QuoteMode, endedEmptyString: boolean): void {
    const triple = quote.repeat(3);
    const block = this.#syntax.blocks.find(({ open }) => open === triple);
    if (endedEmptyString && block !== undefined) this.#begin("block", 3, block);
    else this.#begin(quote, 1);
  }

  /** Begins the comment or string whose delimiter ends with the last character. */
  #beginDelimited(): boolean {
    const { blocks, lineComments } = this.#syntax;
    const line = lineComments.find((one) => this.#recent.endsWith(one));
    const block = blocks.find((one) => this.#recent.endsWith(one.open) && this.#mayBegin(one));
    if (line !== undefined && this.#mayComment(line) && block === undefined) {
      this.#begin("lineComment", line.length);
    } else if (block !== undefined) this.#begin("block", block.open.length, block);
    else return false;
    return true;
  }

  #mayBegin({ open, isComment, isOfLine }: TextBlock): boolean {
    const before = this.#recent.at(-1 - open.length) ?? "\n";
    return isOfLine ? before === "\n" : isComment || before !== "\\";
  }

  /** Whether what stands before a delimiter lets it begin a comment: `$#`, `\\%`, `http://` and `url(//` do not. */
  #mayComment(delimiter: string): boolean {
    const before = this.#recent.at(-1 - delimiter.length) ?? "\n";
    if (delimiter === "#") return /\s/.test(before);
    if (delimiter === "//") return before !== ":" && !this.#recent.endsWith("url(//");
    return before !== "\\";
  }

  #begin(mode: LexerMode, openedBack: number, block?: TextBlock): void {
    this.#mode = mode;
    this.#block = block;
    this.#depth = 1;
    this.#openedBack = openedBack;
    this.#isEscaped = false;
    this.#isSlashPending = false;
    this.#inCharacterClass = false;
    this.#numTextChars = 0;
    this.#word = "";
    this.#recent = "";
  }

  #end(lastCode: string): void {
    this.#mode = "code";
    this.#block = undefined;
    this.#lastCode = lastCode;
  }

  #pushText(char: string): boolean {
    const mode = this.#mode;
    this.#numTextChars++;
    if (mode === "lineComment" && this.#becomesBlock()) return false;
    if (char === "\n" && !this.goesOn && !(this.#isEscaped && this.isInString)) {
      // An apostrophe, or a string the author has not finished.
      this.#end("\n");
      this.#recent = "\n";
      return true;
    }
    if (this.#isEscaped) this.#isEscaped = char === "\r";
    else if (char === "\\" && this.#hasEscapes) this.#isEscaped = true;
    else if (this.#endsWith(char)) {
      this.#endedEmptyString = mode === char && this.#numTextChars === 1;
      this.#end(char);
    }
    return false;
  }

  get #hasEscapes(): boolean {
    if (this.#mode === "lineComment") return false;
    return this.#block === undefined || this.#block.hasEscapes === true;
  }

  /** Whether a comment turns out to be one that may span lines: Lua's `--[[`. */
  #becomesBlock(): boolean {
    const length = this.#openedBack + this.#numTextChars;
    const block = this.#syntax.blocks.find(
      ({ open }) => open.length === length && open.endsWith(this.#recent),
    );
    if (block === undefined) return false;
    this.#begin("block", length, block);
    return true;
  }

  #endsWith(char: string): boolean {
    if (this.#mode === "lineComment") return false;
    if (this.#mode === "block") return this.#endsBlock(this.#block!);
    if (this.#mode !== "regex") return char === this.#mode;
    if (char === "[") this.#inCharacterClass = true;
    else if (char === "]") this.#inCharacterClass = false;
    return char === "/" && !this.#inCharacterClass;
  }

  #endsBlock({ open, close, nests }: TextBlock): boolean {
    if (nests && this.#recent.endsWith(open)) {
      this.#depth++;
      this.#recent = "";
    } else if (this.#recent.endsWith(close)) {
      this.#depth--;
      this.#recent = "";
    } else return false;
    return this.#depth === 0;
  }
}

function isWordChar(char: string): boolean {
  const code = char.charCodeAt(0);
  if (code < 128) {
    return (
      (code >= 48 && code < 58) ||
      (code >= 65 && code < 91) ||
      code === 95 ||
      (code >= 97 && code < 123)
    );
  }
  return WORD_CHAR.test(char);
}
