/** A text document as the extension host holds it; never edited. */
import { EndOfLine, Position, type Range, Uri } from "./fakeVscode.ts";

export class FakeDocument {
  readonly uri: Uri;
  readonly languageId: string;
  readonly eol: number;
  version = 1;
  readonly #text: string;
  constructor(text: string, { uri = "file:/ws/a.ts", languageId = "typescript" } = {}) {
    const [scheme = "file", path = ""] = uri.split(/:(.*)/s);
    this.uri = Uri.from({ scheme, path });
    this.languageId = languageId;
    this.#text = text;
    this.eol = text.includes("\r\n") ? EndOfLine.CRLF : EndOfLine.LF;
  }
  get #lineStarts(): number[] {
    return [0, ...Array.from(this.#text.matchAll(/\r\n|\n/g), (end) => end.index + end[0].length)];
  }
  offsetAt({ line, character }: { line: number; character: number }): number {
    return (this.#lineStarts[line] ?? this.#text.length) + character;
  }
  positionAt(offset: number): Position {
    const clamped = Math.min(Math.max(0, offset), this.#text.length);
    const line = this.#lineStarts.findLastIndex((start) => start <= clamped);
    return new Position(line, clamped - (this.#lineStarts[line] ?? 0));
  }
  getText(range?: Range): string {
    if (range === undefined) return this.#text;
    return this.#text.slice(this.offsetAt(range.start), this.offsetAt(range.end));
  }
}
