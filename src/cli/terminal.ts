/** Output to the terminal: text to stdout, everything about it to stderr, colors only where a person reads them. */
import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

export interface OutputStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class Terminal {
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #hasColor: boolean;

  /** @param env - `NO_COLOR`, if set to anything but nothing, turns colors off (no-color.org). */
  constructor(stdout: OutputStream, stderr: OutputStream, env: NodeJS.ProcessEnv) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    const { NO_COLOR: noColor = "" } = env;
    this.#hasColor = stdout.isTTY === true && noColor === "";
  }

  get isInteractive(): boolean {
    return this.#stdout.isTTY === true;
  }

  out(text: string): void {
    this.#stdout.write(text);
  }

  /** One line to stderr. */
  note(line: string): void {
    this.#stderr.write(`${line}\n`);
  }

  /** Replaces the last progress line on stderr; nothing unless a person watches. An empty line removes it. */
  progress(line: string): void {
    if (this.#stderr.isTTY === true) this.#stderr.write(`\r\u001b[2K${line}`);
  }

  style(style: Style, text: string): string {
    // Colors are decided above, for both streams alike.
    return this.#hasColor ? styleText(style, text, { validateStream: false }) : text;
  }
}
