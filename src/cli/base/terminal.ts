/**
 * Output to the terminal: text to stdout, everything about it to stderr. Where a person reads it there are colors, and
 * nothing in a text can make the terminal do something; through a pipe stdout has the text as it is.
 */
import { styleText } from "node:util";
import { foreignText, visibleText } from "../../core/base/foreignText.ts";

export type Style = Parameters<typeof styleText>[0];

/** Text in a style, which takes effect where there are colors. */
export interface Styled {
  readonly style: Style;
  readonly text: string;
}

/** A piece of output. */
export type Part = string | Styled;

/** Of a note, in UTF-16 units: a message and what introduces it. */
const MAX_NOTE_LENGTH = 1_000;
/** Of a progress line, in UTF-16 units: one that wraps could not be taken back. */
const MAX_PROGRESS_LENGTH = 78;

export interface OutputStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Between two lines of progress where nobody watches, in ms. */
const TELL_MS = 10_000;

export class Terminal {
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #hasColor: boolean;
  readonly #now: () => number;
  /** Whether what went to stdout last ended inside a line. */
  #isInLine = false;
  /** When a line of progress may be told next without a terminal; never unless asked for. */
  #nextTellMs = Number.POSITIVE_INFINITY;

  /** @param env - `NO_COLOR`, if set to anything but nothing, turns colors off (no-color.org). */
  constructor(
    stdout: OutputStream,
    stderr: OutputStream,
    env: NodeJS.ProcessEnv,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
    this.#stdout = stdout;
    this.#stderr = stderr;
    const { NO_COLOR: noColor = "" } = env;
    this.#hasColor = stdout.isTTY === true && noColor === "";
  }

  get isInteractive(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Without, what colors say must be said otherwise. */
  get hasColor(): boolean {
    return this.#hasColor;
  }

  out(...parts: readonly Part[]): void {
    const text = parts.map((part) => this.#rendered(part)).join("");
    this.#stdout.write(text);
    if (text !== "") this.#isInLine = !text.endsWith("\n");
  }

  /** One line to stderr, which never goes on where stdout ended: both may go to one place. */
  note(line: string): void {
    const lineEnd = this.#isInLine ? "\n" : "";
    this.#isInLine = false;
    this.#stderr.write(`${lineEnd}${foreignText(line, MAX_NOTE_LENGTH)}\n`);
  }

  /** Several lines to stderr. */
  notes(text: string): void {
    this.#stderr.write(visibleText(text));
  }

  /** From now on progress is told without a terminal, too: a plain line now and then. */
  tellProgress(): void {
    this.#nextTellMs = this.#now();
  }

  /** Replaces the last progress line on stderr, if a person watches there. An empty line removes it. */
  progress(line: string): void {
    if (this.#stderr.isTTY === true) {
      this.#stderr.write(`\r\u001b[2K${foreignText(line, MAX_PROGRESS_LENGTH)}`);
    } else if (line !== "" && this.#now() >= this.#nextTellMs) {
      this.note(line);
      this.#nextTellMs = this.#now() + TELL_MS;
    }
  }

  #rendered(part: Part): string {
    const { style, text } = typeof part === "string" ? { style: undefined, text: part } : part;
    const shown = this.isInteractive ? visibleText(text) : text;
    // Whether there are colors was decided with the streams.
    return style === undefined || !this.#hasColor
      ? shown
      : styleText(style, shown, { validateStream: false });
  }
}
