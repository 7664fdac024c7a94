/**
 * Where a completion ends, found character by character, so that it cannot depend on how the model's tokens cut the
 * text. Used while decoding (`stopRules.ts`) and after it (`trimCompletion.ts`).
 */
import type { CodeLexer } from "../syntax/codeLexer.ts";
import { indentWidth } from "../syntax/indentation.ts";
import { OwnElements } from "../syntax/tagBalance.ts";
import { beforePossibleMarker, wrapperStart } from "../syntax/wrappers.ts";
import type { CompletionEnd, EndCause } from "./completionEnd.ts";
import {
  type CursorContext,
  isCloserLine,
  isNextLine,
  withoutReturn,
  withoutTrailing,
} from "./cursorContext.ts";
import {
  CLOSES,
  CONTINUES_BLOCK,
  Conditionals,
  directiveOf,
  GOES_ON,
  opensIndentedBlock,
} from "./lineKinds.ts";
import { EqualLines, LoopDetector, loopEnd, type TextLoop } from "./loopDetector.ts";
import { hasWords, RepeatBelow } from "./repeatBelow.ts";
import { ScannedBrackets } from "./scannedBrackets.ts";
import { TextAround } from "./textAround.ts";

export class CompletionScanner {
  readonly context: CursorContext;
  readonly #lexer: CodeLexer;
  readonly #loops = new LoopDetector();
  #text = "";
  #end: CompletionEnd | undefined;
  #lineStart = 0;
  /** Whether the line being written began inside a string or comment. */
  #lineBeganInText: boolean;
  /** Whether that is the one around the cursor. */
  #lineBeganInCursorText = false;
  /** Whether the line being written began inside a bracket that the completion opened. */
  #lineBeganInOwn = false;
  readonly #around: TextAround;
  readonly #brackets: ScannedBrackets;
  /** The cursor's line left a block open; its closing ends the completion. */
  #awaitsClosing = false;
  /** The cursor's line began a block that ends by indentation. */
  #isInIndentedBlock = false;
  readonly #equalLines = new EqualLines();
  readonly #below: RepeatBelow;
  readonly #elements: OwnElements | undefined;
  readonly #conditionals = new Conditionals();

  constructor(context: CursorContext) {
    this.context = context;
    this.#lexer = context.brackets.lexer.fork();
    this.#brackets = new ScannedBrackets(context);
    this.#lineBeganInText = this.#lexer.goesOn && !this.#lexer.isInElement;
    this.#around = new TextAround(context);
    this.#below = new RepeatBelow(context.linesBelow);
    this.#elements = context.endsElements ? new OwnElements(context.syntax.markup!) : undefined;
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
    const text = withoutTrailing(this.#text.slice(0, this.#heldFrom), /["'`*/<\s]/);
    return this.#around.beforePossibleEnd(beforePossibleMarker(text));
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
      this.#equalLines.heldFrom,
      this.#brackets.unclosedEnd ?? Number.POSITIVE_INFINITY,
      this.#elements?.heldFrom ?? Number.POSITIVE_INFINITY,
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
    if (this.#end === undefined && !this.context.isSingleLine) this.#endLine(this.#text.length);
    return this.cutShort();
  }

  /** Judges a text that was cut short: its last line may go on. */
  cutShort(): CompletionEnd | undefined {
    const start = this.#below.start;
    const unclosed = this.#brackets.unclosedEnd;
    if (start !== undefined) this.#endAt(start, "suffixLine");
    else if (this.#around.endAt !== undefined) this.#endAt(this.#around.endAt, "closer");
    else if (unclosed !== undefined) this.#endAt(unclosed, "closer");
    return this.#end;
  }

  #pushChar(char: string): void {
    const at = this.#text.length;
    this.#text += char;
    const loop = this.#loops.push(char);
    const wasInElement = this.#lexer.isInElement;
    const isCode = this.#lexer.push(char);
    if (this.#brackets.leavesSubstitution(this.#lexer, at)) this.#endAt(at, "closer");
    const cursorDepth = this.context.brackets.lexer.depth;
    const aroundEnd = this.#around.push(this.#text, this.#lexer.depth);
    if (aroundEnd !== undefined) this.#endAt(aroundEnd, "closer");
    if (char === "\n") {
      if (this.context.isSingleLine) this.#endAt(at, "line");
      else this.#endLine(at);
      this.#lineStart = at + 1;
      const isOwnElement = this.#lexer.depth > cursorDepth;
      const isText = this.#lexer.mode !== "code";
      this.#lineBeganInText = isText && (isOwnElement || !this.#lexer.isInElement);
      const isDeclared = this.context.brackets.lexer.declaredBack > 0;
      this.#lineBeganInCursorText =
        this.#around.isIn || (isDeclared && this.#lexer.isInHereDocument);
      this.#lineBeganInOwn = this.#brackets.hasOwn;
      this.#brackets.beginLine();
    } else if (wasInElement && this.#brackets.closesElement(this.#lexer, this.#text)) {
      this.#endAt(this.#startOf(at - 1), "closer");
    } else if (wasInElement && char === "}") this.#endAt(this.#startOf(at), "closer");
    else if (isCode && this.context.syntax.countsBrackets) this.#pushCode(char, at);
    if (!isCode) this.#brackets.dropFrom(at + 1 - this.#lexer.delimiterLength);
    const surplusTag = this.#elements?.push(this.#text);
    if (surplusTag !== undefined) this.#endAt(this.#startOf(surplusTag), "closer");
    if (char === ">" || char === "`") this.#endAtWrapper();
    if (loop !== undefined && this.#end === undefined) this.#endLoop(loop);
  }

  #endAtWrapper(): void {
    const isText = this.#lexer.mode !== "code" && !this.#lexer.isInElement;
    const line = this.#lineBeganInText ? undefined : this.#lineTo(this.#text.length);
    const start = wrapperStart(this.#text, line, isText, this.context.syntax);
    if (start !== undefined) this.#endAt(this.#startOf(start), "wrapper");
  }

  /** The line being written, with what stands before the cursor on it. */
  #lineTo(end: number): string {
    const own = this.#text.slice(this.#lineStart, end);
    return this.#lineStart === 0 ? this.context.lineBefore + own : own;
  }

  #endLoop(loop: TextLoop): void {
    const { length, soundLength } = loopEnd(loop, this.#text);
    this.#endAt(length, "repetition", soundLength);
  }

  #pushCode(char: string, at: number): void {
    const end = this.#brackets.push(char, at, this.#startOf(at), this.#lineTo(at));
    if (end !== undefined) this.#endAt(this.#repeatsStart(end), "closer");
  }

  /** Where the text ends before a character: with the line before, if it is the first of its own. */
  #startOf(at: number): number {
    const isFirst = this.#text.slice(this.#lineStart, at).trim() === "";
    return isFirst && this.#lineStart > 0 ? this.#lineStart - 1 : at;
  }

  /** Where a line that ends before a closer begins, if it stands below as well; else where it ends. */
  #repeatsStart(end: number): number {
    const [below] = this.context.linesBelow;
    const line = this.#text.slice(this.#lineStart, end).trim();
    const repeats = below?.trimmed.startsWith(line) === true && hasWords(line);
    return repeats && this.#lineStart > 0 ? this.#lineStart - 1 : end;
  }

  #endLine(lineEnd: number): void {
    const line = withoutReturn(this.#text.slice(this.#lineStart, lineEnd));
    const isFirst = this.#lineStart === 0;
    const whole = this.#lineTo(lineEnd).trimEnd();
    const trimmed = whole.trimStart();
    if (this.#lineBeganInText && !isFirst) {
      if (this.#lineBeganInCursorText) this.#judgeTextLine(line, trimmed);
      return;
    }
    const directive = directiveOf(trimmed, this.context.syntax);
    if (this.#conditionals.push(directive) && !isFirst) this.#endAt(this.#lineStart - 1, "block");
    if (isFirst) this.#judgeFirstLine(line, trimmed, lineEnd);
    else this.#judgeLine(line, trimmed, lineEnd);
    if (this.#brackets.unclosedEnd !== undefined) this.#endAt(this.#brackets.unclosedEnd, "closer");
    if (this.#brackets.isHeaderOfBelow(whole)) this.#endAt(lineEnd, "block");
    if (this.#end !== undefined || trimmed === "") return;
    const loopStart = this.#equalLines.push(whole, lineEnd);
    if (loopStart !== undefined) this.#endAt(loopStart, "repetition");
  }

  /** A line of the string or comment around the cursor: it may be one that stands below, or none of the comment's. */
  #judgeTextLine(line: string, trimmed: string): void {
    const { baseIndent, indentStyle, brackets, lineBefore, syntax } = this.context;
    if (trimmed === "") return;
    const before = this.#lineStart - 1;
    const indent = indentWidth(line, indentStyle.width);
    const start = this.#below.push({ text: line, trimmed, indent }, before, false);
    if (start !== undefined) this.#endAt(start, "suffixLine");
    const isOther =
      indent < baseIndent || (/^\s*\*/.test(lineBefore + this.#text) && !trimmed.startsWith("*"));
    if ((!brackets.lexer.isInString || syntax.isIndented) && isOther) this.#endAt(before, "block");
  }

  #judgeFirstLine(line: string, trimmed: string, lineEnd: number): void {
    const { linesBelow, syntax } = this.context;
    const isJudged = line.trim() !== "" && !this.#isByBalance(linesBelow[0]?.trimmed);
    if (isJudged && isNextLine(this.context, line)) {
      // It stays in the text, as what was settled does, and is refused in the end.
      const start = this.#below.push(linesBelow[0]!, lineEnd, false);
      if (start !== undefined) this.#endAt(start, "suffixLine");
    }
    this.#isInIndentedBlock = syntax.isIndented && opensIndentedBlock(trimmed);
    this.#awaitsClosing = this.#brackets.hasOpenBlock;
  }

  #judgeLine(line: string, trimmed: string, lineEnd: number): void {
    const { baseIndent, indentStyle } = this.context;
    const before = this.#lineStart - 1;
    if (trimmed === "") {
      if (this.#text.slice(0, before).trim() !== "" && !this.#brackets.hasOpenBlock)
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
    else if (this.#brackets.lineClosedPrefix && indent < baseIndent) this.#endAt(lineEnd, "block");
    else this.#endOpenBlock(trimmed, lineEnd);
  }

  /** Ends the text with the line that closes what the cursor's line opened. */
  #endOpenBlock(trimmed: string, lineEnd: number): void {
    const { syntax } = this.context;
    if (!this.#awaitsClosing || this.#brackets.hasOpenBlock || GOES_ON.test(trimmed)) return;
    if (syntax.isIndented && opensIndentedBlock(trimmed)) {
      this.#isInIndentedBlock = true;
      this.#awaitsClosing = false;
    } else this.#endAt(lineEnd, "block");
  }

  /** Whether a line belongs to what is around the block. */
  #isOutside(trimmed: string, indent: number): boolean {
    const { baseIndent, syntax } = this.context;
    const belongs =
      CLOSES.test(trimmed) && (this.#brackets.lineClosedPrefix || syntax.countsBrackets);
    if (indent < baseIndent) return !belongs && directiveOf(trimmed, syntax) === undefined;
    if (!this.#isInIndentedBlock || indent > baseIndent || this.#lineBeganInOwn) return false;
    return !(belongs || CONTINUES_BLOCK.test(trimmed) || trimmed.startsWith("- "));
  }

  /** Whether a line is judged by the balance of brackets and not by its text. */
  #isByBalance(trimmed: string | undefined): boolean {
    return trimmed !== undefined && this.context.syntax.countsBrackets && isCloserLine(trimmed);
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
