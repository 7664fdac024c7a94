/**
 * Where a completion ends, found character by character, so that it cannot depend on how the model's tokens cut the
 * text. Used while decoding (`stopRules.ts`) and after it (`trimCompletion.ts`).
 */
import {
  isOpener,
  type OpenBracket,
  OpenBrackets,
  type OwnBracket,
  openerOf,
} from "./bracketStack.ts";
import type { CodeLexer } from "./codeLexer.ts";
import {
  type CursorContext,
  isCloserLine,
  isNextLine,
  withoutReturn,
  withoutTrailing,
} from "./cursorContext.ts";
import { indentWidth } from "./indentation.ts";
import { isStartingLoop, LoopDetector, type TextLoop } from "./loopDetector.ts";
import { RepeatBelow } from "./repeatBelow.ts";

/**
 * Why a text ends: its one line is full (`line`), the block is complete (`block`, `blankLine`), the text after the
 * cursor goes on from here (`suffixLine`, `closer`), or the text repeats itself.
 */
export type EndCause = "line" | "block" | "blankLine" | "suffixLine" | "closer" | "repetition";

export interface CompletionEnd {
  /** UTF-16 code units that stay. */
  readonly length: number;
  readonly cause: EndCause;
  /** What of them is worth showing, if that is less: a line that loops is not. */
  readonly soundLength: number;
}

/** A line that goes on in the next one, whatever that is indented by. */
const GOES_ON = /(=>|[=+*&|?.]|\breturn)$/;
/** Begins a line that belongs to the block before it. */
const CONTINUES_BLOCK = /^(else|elif|except|finally|case)\b/;
const CLOSES = /^[)\]}]/;
/** A preprocessor's line, at column 0 wherever it is. */
const DIRECTIVE = /^#\s*(if|ifdef|ifndef|else|elif|endif|define|undef|include|pragma)\b/;
const NUM_EQUAL_LINES = 3;

export class CompletionScanner {
  readonly #context: CursorContext;
  readonly #lexer: CodeLexer;
  readonly #loops = new LoopDetector();
  #text = "";
  #end: CompletionEnd | undefined;
  #lineStart = 0;
  /** Whether the line being written began inside a string or comment. */
  #lineBeganInText: boolean;
  /** Whether the line being written began inside a bracket that the completion opened. */
  #lineBeganInOwn = false;
  /** Whether the line being written closed a bracket that stands before the cursor. */
  #lineClosedPrefix = false;
  /** The string or comment around the cursor has not ended yet. */
  #isInCursorText: boolean;
  readonly #own = new OpenBrackets<OwnBracket>();
  readonly #prefixOpen: OpenBrackets<OpenBracket>;
  /** Index of the outermost bracket of the cursor's line that a completion may close, -1 if there is none. */
  readonly #lineOpenIndex: number;
  /** The cursor's line left a block open; its closing ends the completion. */
  #awaitsClosing = false;
  /** The cursor's line began a block that ends by indentation. */
  #isInIndentedBlock = false;
  #lastLine = "";
  #numEqualLines = 1;
  readonly #below: RepeatBelow;
  /** Where the first repeat of {@link #lastLine} begins. */
  #repeatedLinesStart = 0;

  constructor(context: CursorContext) {
    this.#context = context;
    this.#lexer = context.brackets.lexer.fork();
    this.#prefixOpen = new OpenBrackets(context.brackets.open);
    this.#lineOpenIndex = context.brackets.open.findIndex(
      (open) => open.isOnCursorLine && open.isClosable,
    );
    this.#lineBeganInText = this.#lexer.goesOn;
    this.#isInCursorText = this.#lexer.mode !== "code";
    this.#below = new RepeatBelow(context.linesBelow);
  }

  /** All text that was pushed up to the end that was found. */
  get text(): string {
    return this.#end === undefined ? this.#text : this.#text.slice(0, this.#end.length);
  }

  /** Set as soon as the end is certain; later text is ignored. */
  get end(): CompletionEnd | undefined {
    return this.#end;
  }

  /** The part of {@link text} that more text cannot take back. */
  get settledText(): string {
    if (this.#end !== undefined) return this.text;
    const newline = this.#settledLineEnd;
    // Blank lines may turn out to separate a line from its repeats.
    if (newline !== -1) return this.#text.slice(0, newline).trimEnd();
    if (this.#text.includes("\n")) return "";
    // A delimiter of three characters may end the text before its first.
    return withoutTrailing(this.#text.slice(0, this.#heldFrom), /["'`*/\s]/);
  }

  /** Whether {@link settledText} ends where a line does. */
  get isSettledByLine(): boolean {
    return this.#end !== undefined || this.#settledLineEnd !== -1;
  }

  /** Where text begins that may still turn out to be a repetition. */
  get #heldFrom(): number {
    return Math.min(
      this.#loops.earliestRepeat,
      this.#below.heldFrom,
      this.#numEqualLines > 1 ? this.#repeatedLinesStart : this.#text.length,
    );
  }

  /** The last line break before that; -1 if there is none. */
  get #settledLineEnd(): number {
    return this.#text.slice(0, this.#heldFrom).lastIndexOf("\n");
  }

  /** Takes text; returns the end if it is found. */
  push(text: string): CompletionEnd | undefined {
    for (let i = 0; i < text.length && this.#end === undefined; i++) this.#pushChar(text[i]!);
    return this.#end;
  }

  /** Judges the last line as one that is complete. */
  finish(): CompletionEnd | undefined {
    if (this.#end === undefined && !this.#context.isSingleLine) this.#endLine(this.#text.length);
    return this.cutShort();
  }

  /** Judges a text that was cut short: its last line may go on. */
  cutShort(): CompletionEnd | undefined {
    const start = this.#below.start;
    if (this.#end === undefined && start !== undefined) this.#endAt(start, "suffixLine");
    return this.#end;
  }

  #pushChar(char: string): void {
    const at = this.#text.length;
    this.#text += char;
    const loop = this.#loops.push(char);
    const modeBefore = this.#lexer.mode;
    const isCode = this.#lexer.push(char);
    if (char === "\n") {
      if (this.#context.isSingleLine) this.#endAt(at, "line");
      else this.#endLine(at);
      this.#lineStart = at + 1;
      this.#lineBeganInText = this.#lexer.mode !== "code";
      this.#lineBeganInOwn = this.#hasOwn;
      this.#lineClosedPrefix = false;
    } else if (isCode && this.#context.syntax.countsBrackets) this.#pushCode(char, at);
    if (!isCode) this.#own.dropFrom(at + 1 - this.#lexer.delimiterLength);
    if (this.#isInCursorText && this.#lexer.mode !== modeBefore) this.#leaveCursorText(at);
    if (loop !== undefined && this.#end === undefined) this.#endLoop(loop);
  }

  /** Of repeated lines the first stay; of a line that loops the text before it does, or the first unit. */
  #endLoop(loop: TextLoop): void {
    const lineStart = this.#text.lastIndexOf("\n", loop.start - 1) + 1;
    const newline = this.#text.indexOf("\n", loop.repeatStart - 1);
    if (loop.hasLines && newline !== -1) this.#endAt(newline, "repetition");
    else if (lineStart > 0) this.#endAt(loop.repeatStart, "repetition", lineStart);
    else {
      const soundLength = isStartingLoop(loop, this.#text) ? 0 : loop.repeatStart;
      this.#endAt(loop.repeatStart, "repetition", soundLength);
    }
  }

  #leaveCursorText(at: number): void {
    this.#isInCursorText = false;
    const { closingDelimiter } = this.#context;
    if (closingDelimiter === undefined || this.#end !== undefined) return;
    const start = at + 1 - closingDelimiter.length;
    if (this.#text.endsWith(closingDelimiter)) this.#endAt(Math.max(0, start), "closer");
    // The delimiter began before the cursor.
    else if (start < 0) this.#endAt(0, "closer");
  }

  #pushCode(char: string, at: number): void {
    if (isOpener(char)) {
      this.#own.push({ char, position: at });
      return;
    }
    const opener = openerOf(char);
    if (opener === undefined) return;
    if (this.#own.close(char)) return;
    const index = this.#prefixOpen.innermost(opener);
    if (!this.#hasOwn && this.#prefixOpen.items[index]?.isClosable === true) {
      this.#prefixOpen.truncate(index);
      this.#lineClosedPrefix = true;
      return;
    }
    const before = this.#lineStart === 0 ? this.#context.lineBefore : "";
    const isPlain = index === -1 && this.#context.syntax.hasPlainText === true;
    if (isPlain && (before + this.#text.slice(this.#lineStart, at)).trim() !== "") return;
    const isLineBlank = this.#text.slice(this.#lineStart, at).trim() === "";
    this.#endAt(isLineBlank && this.#lineStart > 0 ? this.#lineStart - 1 : at, "closer");
  }

  #endLine(lineEnd: number): void {
    const line = withoutReturn(this.#text.slice(this.#lineStart, lineEnd));
    const isFirst = this.#lineStart === 0;
    const whole = (isFirst ? this.#context.lineBefore + line : line).trimEnd();
    const trimmed = whole.trimStart();
    if (this.#lineBeganInText && !isFirst) return;
    if (isFirst) this.#judgeFirstLine(line, trimmed, lineEnd);
    else this.#judgeLine(line, trimmed, lineEnd);
    if (this.#end === undefined && this.#isHeaderOfBelow(whole)) this.#endAt(lineEnd, "block");
    if (this.#end === undefined && trimmed !== "") this.#countEqualLines(whole, lineEnd);
  }

  #judgeFirstLine(line: string, trimmed: string, lineEnd: number): void {
    const { linesBelow, syntax } = this.#context;
    const isJudged = line.trim() !== "" && !this.#isByBalance(linesBelow[0]?.trimmed);
    if (isJudged && isNextLine(this.#context, line)) {
      // It stays in the text, as what was settled does, and is refused in the end.
      const start = this.#below.push(linesBelow[0]!, lineEnd, false);
      if (start !== undefined) this.#endAt(start, "suffixLine");
    }
    this.#isInIndentedBlock = syntax.isIndented && opensIndentedBlock(trimmed);
    this.#awaitsClosing = this.#hasOpenBlock();
  }

  #judgeLine(line: string, trimmed: string, lineEnd: number): void {
    const { baseIndent, indentStyle } = this.#context;
    const before = this.#lineStart - 1;
    if (trimmed === "") {
      if (this.#text.slice(0, before).trim() !== "" && !this.#hasOpenBlock())
        this.#endAt(before, "blankLine");
      return;
    }
    const indent = indentWidth(line, indentStyle.width);
    const isInOwn = this.#lineBeganInOwn || this.#isByBalance(trimmed);
    const repeatStart = this.#below.push({ text: line, trimmed, indent }, before, isInOwn);
    if (repeatStart !== undefined) {
      this.#endAt(repeatStart, "suffixLine");
      return;
    }
    if (this.#isOutside(trimmed, indent)) this.#endAt(before, "block");
    else if (this.#lineClosedPrefix && indent < baseIndent) this.#endAt(lineEnd, "block");
    else this.#endOpenBlock(trimmed, lineEnd);
  }

  /** Ends the text with the line that closes what the cursor's line opened. */
  #endOpenBlock(trimmed: string, lineEnd: number): void {
    const { syntax } = this.#context;
    if (!this.#awaitsClosing || this.#hasOpenBlock() || GOES_ON.test(trimmed)) return;
    if (syntax.isIndented && opensIndentedBlock(trimmed)) {
      this.#isInIndentedBlock = true;
      this.#awaitsClosing = false;
    } else this.#endAt(lineEnd, "block");
  }

  /** Whether a line belongs to what is around the block. */
  #isOutside(trimmed: string, indent: number): boolean {
    const { baseIndent, syntax } = this.#context;
    const belongs = CLOSES.test(trimmed) && (this.#lineClosedPrefix || syntax.countsBrackets);
    if (indent < baseIndent) {
      const isDirective = !syntax.isIndented && syntax.countsBrackets && DIRECTIVE.test(trimmed);
      return !belongs && !isDirective;
    }
    if (!this.#isInIndentedBlock || indent > baseIndent || this.#hasOwn) return false;
    return !(belongs || CONTINUES_BLOCK.test(trimmed) || trimmed.startsWith("- "));
  }

  /** Whether the lines below are the block that a line opened: they stand deeper, and closers there lack their openers. */
  #isHeaderOfBelow(line: string): boolean {
    const { linesBelow, indentStyle, brackets } = this.#context;
    const [below] = linesBelow;
    if (!this.#hasOwn || below === undefined) return false;
    if (below.indent <= indentWidth(line, indentStyle.width)) return false;
    const numLeft = { ...brackets.numSurplus };
    return this.#own.items.every(({ char }) => numLeft[char]-- > 0);
  }

  /** Whether the completion opened a bracket that it has not closed. */
  get #hasOwn(): boolean {
    return this.#own.items.length > 0;
  }

  /** Whether a bracket is open that the completion, or the cursor's line, opened and nothing closes. */
  #hasOpenBlock(): boolean {
    const isLineOpen =
      this.#lineOpenIndex !== -1 && this.#lineOpenIndex < this.#prefixOpen.items.length;
    return this.#hasOwn || isLineOpen;
  }

  /** Whether a line is judged by the balance of brackets and not by its text. */
  #isByBalance(trimmed: string | undefined): boolean {
    return trimmed !== undefined && this.#context.syntax.countsBrackets && isCloserLine(trimmed);
  }

  #countEqualLines(line: string, lineEnd: number): void {
    if (line === this.#lastLine && /\p{L}/u.test(line)) this.#numEqualLines++;
    else {
      this.#lastLine = line;
      this.#numEqualLines = 1;
      this.#repeatedLinesStart = lineEnd + 1;
    }
    if (this.#numEqualLines < NUM_EQUAL_LINES) return;
    this.#endAt(this.#repeatedLinesStart - 1, "repetition");
  }

  #endAt(length: number, cause: EndCause, soundLength = length): void {
    if (this.#end !== undefined) return;
    const start = this.#below.start;
    if (start !== undefined && start < length) {
      this.#endAt(start, "suffixLine");
      return;
    }
    const isBreak = this.#text[length] === "\n" && this.#text[length - 1] === "\r";
    const kept = isBreak ? length - 1 : length;
    this.#end = { length: kept, cause, soundLength: Math.min(kept, soundLength) };
  }
}

function opensIndentedBlock(trimmed: string): boolean {
  return /:(\s*#.*)?$/.test(trimmed);
}
