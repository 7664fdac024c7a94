/** How much of the accepted text is still there after a while. Pure: it follows edits and reads the text when due. */
import type { Counters } from "../figures/counters.ts";

/** After this long an acceptance is judged, in ms. */
export const KEPT_AFTER_MS = 30_000;

/** A suggestion as it was handed to the editor. Offsets are those of the document, with its own line ends. */
export interface Offer {
  readonly id: number;
  readonly documentId: string;
  readonly languageId: string;
  readonly offset: number;
  /** Where the cursor is, if a selected entry of the suggest widget is to go between it and the text. */
  readonly cursorOffset?: number;
  /** With the document's line ends. */
  readonly text: string;
  /** Other texts that the user may turn to, likewise; rank 2 is the first of them. */
  readonly others?: readonly string[];
}

/** A change of a document, in its own line ends. */
export interface TextEdit {
  readonly offset: number;
  readonly numRemoved: number;
  readonly text: string;
}

/** Text of a document between two offsets; undefined if it is not open. */
export type TextReader = (documentId: string, start: number, end: number) => string | undefined;

interface Watched {
  readonly documentId: string;
  readonly languageId: string;
  readonly text: string;
  readonly dueAt: number;
  start: number;
  end: number;
}

export class KeptText {
  readonly #record: (languageId: string, counters: Counters) => void;
  #watched: Watched[] = [];

  constructor(record: (languageId: string, counters: Counters) => void) {
    this.#record = record;
  }

  /** Text that was inserted at the offer's offset. */
  watch({ documentId, languageId, offset, text }: Offer, now: number): void {
    const span = { start: offset, end: offset + text.length };
    this.#watched.push({ documentId, languageId, text, dueAt: now + KEPT_AFTER_MS, ...span });
  }

  /** Follows an edit: text before a span moves it, text within changes its length. */
  edited(documentId: string, { offset, numRemoved, text }: TextEdit): void {
    const growth = text.length - numRemoved;
    for (const span of this.#watched) {
      if (span.documentId !== documentId || offset >= span.end) continue;
      if (offset + numRemoved <= span.start) {
        span.start += growth;
        span.end += growth;
      } else {
        span.start = Math.min(span.start, offset);
        span.end = Math.max(offset + text.length, span.end + growth);
      }
    }
  }

  /** Judges what is due. @returns when the next is, in ms. */
  judge(now: number, read: TextReader): number | undefined {
    this.#judgeWhere((span) => span.dueAt <= now, read);
    return this.#watched[0]?.dueAt;
  }

  judgeDocument(documentId: string, read: TextReader): void {
    this.#judgeWhere((span) => span.documentId === documentId, read);
  }

  #judgeWhere(isDue: (span: Watched) => boolean, read: TextReader): void {
    const due = this.#watched.filter(isDue);
    if (due.length === 0) return;
    this.#watched = this.#watched.filter((span) => !isDue(span));
    for (const { documentId, languageId, text, start, end } of due) {
      const now = read(documentId, start, end);
      if (now === undefined) continue;
      const keptCharacters = countKept(text, now);
      this.#record(languageId, { judgedCharacters: text.length, keptCharacters });
    }
  }
}

/** Characters of `before` that are still at the start or at the end of `after`: what one stretch of edits left. */
export function countKept(before: string, after: string): number {
  const max = Math.min(before.length, after.length);
  let start = 0;
  while (start < max && before[start] === after[start]) start++;
  let end = 0;
  while (end < max - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return start + end;
}
