/** When a generation may stop early. Text rules; the decode loop asks them after every token. */

import type { Token } from "../base/tokens.ts";
import type { StopRule } from "../tree/generation.ts";
import type { EndCause } from "./completionEnd.ts";
import { CompletionScanner } from "./completionScanner.ts";
import { type CursorContext, type CursorText, readCursor } from "./cursorContext.ts";

/**
 * Ends the output at the end of the line where text that it must join follows the cursor. Elsewhere it ends with the
 * block around the cursor, at a blank line, where it meets the text after the cursor, or when it repeats itself.
 *
 * @param cursor - the text around it, or what reads that once for several outputs.
 * @param decode - text that a token adds; holds back the bytes of an unfinished character.
 */
export class CompletionStopRule implements StopRule {
  readonly #decode: (token: Token) => string;
  readonly #read: () => CursorContext;
  #lazyScanner: CompletionScanner | undefined;
  #rawText = "";

  constructor(cursor: CursorText | (() => CursorContext), decode: (token: Token) => string) {
    this.#decode = decode;
    this.#read = typeof cursor === "function" ? cursor : () => readCursor(cursor);
  }

  /** The text around the cursor, read. */
  get context(): CursorContext {
    return this.#scanner.context;
  }

  push(token: Token): boolean {
    const text = this.#decode(token);
    this.#rawText += text;
    return this.#scanner.push(text) !== undefined;
  }

  /** Made when there is text to judge. */
  get #scanner(): CompletionScanner {
    this.#lazyScanner ??= new CompletionScanner(this.#read());
    return this.#lazyScanner;
  }

  /** Why the output ended; undefined while it goes on. */
  get endCause(): EndCause | undefined {
    return this.#scanner.end?.cause;
  }

  /** The output's text up to its end. */
  get text(): string {
    return this.#scanner.text;
  }

  /** All text that was decoded: what `trimCompletion` takes, as the rest of the last token may say why it ended. */
  get rawText(): string {
    return this.#rawText;
  }

  /** The part of {@link text} that later tokens cannot take back. */
  get settledText(): string {
    return this.#scanner.settledText;
  }

  /** Whether {@link settledText} ends where a line does. */
  get isSettledByLine(): boolean {
    return this.#scanner.isSettledByLine;
  }
}
