/** Tells code from strings and comments, character by character, so that brackets are counted in code only. */
import type { CodeSyntax, TextBlock } from "./codeSyntax.ts";
import {
  blockOfComment,
  delimiterAt,
  isNoString,
  isQuotedBracket,
  isWordChar,
  mayBeRegex,
  meaningOf,
} from "./delimiters.ts";
import { followHereDocument, hereDocument } from "./hereDocuments.ts";
import { LexerPlace } from "./lexerPlace.ts";
import { type LexerMode, LexerState, type QuoteMode } from "./lexerState.ts";
import { ELEMENT, frameAround, stepElement, TAG, TEXT } from "./textFrames.ts";

/** Longest delimiter, with what stands before it. */
const MAX_RECENT = 10;
const MAX_WORD = 8;

/** A lexer of one pass; {@link CodeLexer.fork} continues from a state. */
export class CodeLexer extends LexerPlace {
  readonly #syntax: CodeSyntax;

  constructor(syntax: CodeSyntax) {
    super();
    this.#syntax = syntax;
  }

  /**
   * A lexer that goes on from here and leaves this one as it is.
   * @param spansLines - whether strings go on in the next line where the language lets them.
   */
  fork(spansLines = false): CodeLexer {
    const copy = new CodeLexer(this.#syntax);
    copy.state = Object.assign(new LexerState(), this.state);
    if (spansLines) copy.state.spansLines ||= this.#syntax.stringsSpanLines === true;
    return copy;
  }

  /** The same behind the text that this one stands in, as if it ended here. */
  forkBehindText(): CodeLexer {
    const copy = this.fork();
    copy.#leaveText("\n");
    copy.state.recent = "\n";
    return copy;
  }

  /** Whether a quote is part of the string around it, as it stands there twice. */
  isDoubled(char: string, next: string | undefined): boolean {
    const { isEscaped, mode } = this.state;
    return this.#syntax.doublesQuotes === true && char === next && char === mode && !isEscaped;
  }

  /** Takes a UTF-16 code unit; true if it is code, delimiters of strings and comments not counted. */
  push(char: string): boolean {
    this.state.recent = (this.state.recent + char).slice(-MAX_RECENT);
    if (this.isAtHereEnd && !isWordChar(char)) this.#end("\n");
    const opener = this.#syntax.hereDocument;
    if (opener !== undefined) followHereDocument(this.state, char, opener);
    const isCode = this.state.mode === "code" ? this.#pushCode(char) : this.#pushText(char);
    if (char === "\n" && this.state.declared !== "" && this.state.mode === "code") {
      const { declared, declaredBack } = this.state;
      this.#begin("block", declaredBack, hereDocument(declared));
      this.state.declared = "";
      this.state.hereLine = "";
    }
    return isCode;
  }

  #pushCode(char: string): boolean {
    const endedEmptyString = this.state.endedEmptyString;
    const { word, isTagPending } = this.state;
    this.state.isTagPending = false;
    this.state.endedEmptyString = false;
    const wordGoesOn = isWordChar(this.state.recent.at(-2) ?? "");
    if (isWordChar(char)) this.state.word = (wordGoesOn ? word + char : char).slice(-MAX_WORD);
    else if (char !== " " && char !== "\t") this.state.word = "";
    const delimiter = delimiterAt(this.state.recent, this.#syntax);
    if (delimiter !== undefined) {
      const { block, length } = delimiter;
      this.#begin(block === undefined ? "lineComment" : "block", length, block);
      return false;
    }
    if (isQuotedBracket(this.state.recent, this.#syntax)) return false;
    if (this.state.isSlashPending) {
      this.state.isSlashPending = false;
      if (char !== "\n" && char !== "/" && mayBeRegex(this.state.lastCode, word)) {
        this.#begin("regex", 2);
        this.#pushText(char);
        return false;
      }
      this.state.lastCode = "/";
    }
    if (this.#syntax.quotes.includes(char) && !isNoString(this.state.recent, word, this.#syntax)) {
      this.#beginString(char as QuoteMode, endedEmptyString);
      return false;
    }
    if (char === "/" && this.#syntax.lineComments.includes("//")) {
      this.state.isSlashPending = true;
      this.state.word = word;
      return true;
    }
    if (this.#endsSubstitution(char) || (isTagPending && this.#beginsElement(char))) return false;
    this.state.isTagPending =
      this.#syntax.hasElements === true && char === "<" && mayBeRegex(this.state.lastCode, word);
    if (char === "\n" || char.trim() !== "") this.state.lastCode = meaningOf(this.state.recent);
    return true;
  }

  /** Counts the braces of code within text; true if the character ends that code. */
  #endsSubstitution(char: string): boolean {
    const frame = this.state.frame;
    if (frame === undefined) return false;
    if (char === "\n") {
      this.#dropFrames();
      return false;
    }
    const isOfLine = frame.block === undefined;
    const closer = isOfLine ? this.#syntax.interpolation?.close : "}";
    if (char !== closer && char !== (closer === ")" ? "(" : "{")) return false;
    const numBraces = frame.numBraces + (char === closer ? -1 : 1);
    if (numBraces >= 0) {
      this.state.frame = { ...frame, numBraces };
      return false;
    }
    this.#begin(isOfLine ? '"' : "block", 0, frame.block);
    this.state.element = frame.element;
    this.state.frame = frame.parent;
    this.state.numTextChars = 1;
    return true;
  }

  /** A string of one line ends with it, whatever is open in it. */
  #dropFrames(): void {
    while (this.state.frame !== undefined && this.state.frame.block === undefined) {
      this.state.frame = this.state.frame.parent;
    }
  }

  /** Leaves text for the code in it. */
  #beginSubstitution(): void {
    this.state.frame = frameAround(
      this.state.frame,
      this.state.block,
      this.state.element && { ...this.state.element, pending: "", head: "" },
      false,
    );
    this.state.element = undefined;
    this.#end("{");
    this.state.recent = "{";
  }

  /** @param char - behind a `<`. */
  #beginsElement(char: string): boolean {
    if (!/[\p{L}_$>]/u.test(char)) return false;
    this.#begin("block", 2, ELEMENT);
    this.state.element = char === ">" ? TEXT : { ...TAG, pending: char, head: char };
    return true;
  }

  #pushElement(char: string): boolean {
    const step = stepElement(this.state.element!, char);
    if (typeof step !== "string") this.state.element = step;
    else if (step === "code") this.#beginSubstitution();
    else if (step === "element" || step === "fragment") {
      this.state.frame = frameAround(this.state.frame, ELEMENT, TEXT, true);
      this.state.element = step === "fragment" ? TEXT : { ...TAG, pending: char };
      this.state.openedBack = 2;
      this.state.numTextChars = 0;
    } else if (step === "end" && this.state.frame?.isOfElement === true) {
      this.state.element = this.state.frame.element;
      this.state.frame = this.state.frame.parent;
    } else {
      this.#leaveText(")");
      return step === "none" && this.#pushCode(char);
    }
    return false;
  }

  /** Leaves the text around the place, of elements the outermost. */
  #leaveText(lastCode: string): void {
    while (this.state.frame?.isOfElement) this.state.frame = this.state.frame.parent;
    this.state.element = undefined;
    this.#end(lastCode);
  }

  #beginString(quote: QuoteMode, endedEmptyString: boolean): void {
    const triple = quote.repeat(3);
    const block = this.#syntax.blocks.find(({ open }) => open === triple);
    if (endedEmptyString && block !== undefined) this.#begin("block", 3, block);
    else this.#begin(quote, 1);
  }

  #begin(mode: LexerMode, openedBack: number, block?: TextBlock): void {
    this.state.mode = mode;
    this.state.block = block;
    this.state.depth = 1;
    this.state.openedBack = openedBack;
    this.state.isEscaped = false;
    this.state.isSlashPending = false;
    this.state.inCharacterClass = false;
    this.state.numTextChars = 0;
    this.state.word = "";
    this.state.recent = "";
  }

  #end(lastCode: string): void {
    this.state.mode = "code";
    this.state.block = undefined;
    this.state.lastCode = lastCode;
  }

  #pushText(char: string): boolean {
    const mode = this.state.mode;
    this.state.numTextChars++;
    if (this.state.element !== undefined) return this.#pushElement(char);
    if (mode === "lineComment" && this.#becomesBlock()) return false;
    if (char === "\n" && !this.goesOn && !(this.state.isEscaped && this.isInString)) {
      // An apostrophe, or a string the author has not finished.
      this.#end("\n");
      this.#dropFrames();
      this.state.recent = "\n";
      return true;
    }
    if (this.#opensSubstitution()) {
      this.#beginSubstitution();
      return false;
    }
    if (this.state.isEscaped) this.state.isEscaped = char === "\r";
    else if (char === "\\" && this.#hasEscapes) this.state.isEscaped = true;
    else if (this.#endsWith(char)) {
      this.state.endedEmptyString = mode === char && this.state.numTextChars === 1;
      this.#end(char);
    }
    return false;
  }

  #opensSubstitution(): boolean {
    const { block, mode, recent, isEscaped } = this.state;
    const open = mode === '"' ? this.#syntax.interpolation?.open : block?.hasCode && "${";
    if (!open || !recent.endsWith(open)) return false;
    return open.startsWith("\\") ? isEscaped : recent.at(-1 - open.length) !== "\\";
  }

  get #hasEscapes(): boolean {
    if (this.state.mode === "lineComment") return false;
    return this.state.block === undefined || this.state.block.hasEscapes === true;
  }

  /** Whether a comment turns out to be one that may span lines: Lua's `--[[`. */
  #becomesBlock(): boolean {
    const length = this.state.openedBack + this.state.numTextChars;
    const block = blockOfComment(this.state.recent, length, this.#syntax);
    if (block === undefined) return false;
    this.#begin("block", length, block);
    return true;
  }

  #endsWith(char: string): boolean {
    if (this.state.mode === "lineComment") return false;
    if (this.state.mode === "block") return this.#endsBlock(this.state.block!);
    if (this.state.mode !== "regex") return char === this.state.mode;
    if (char === "[") this.state.inCharacterClass = true;
    else if (char === "]") this.state.inCharacterClass = false;
    return char === "/" && !this.state.inCharacterClass;
  }

  #endsBlock({ open, close, nests, isHereDocument }: TextBlock): boolean {
    if (isHereDocument) return false;
    if (nests && this.state.recent.endsWith(open)) {
      this.state.depth++;
      this.state.recent = "";
    } else if (this.state.recent.endsWith(close)) {
      this.state.depth--;
      this.state.recent = "";
    } else return false;
    return this.state.depth === 0;
  }
}
