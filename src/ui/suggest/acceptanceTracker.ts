/**
 * What became of the suggestions. The stable API tells an extension of whole acceptances only, through the item's
 * command. So a suggestion counts as *shown* if it still fits after a dwell time, and as *partly accepted* if the
 * document grows by several characters at once that are a prefix of it. Pure: times and edits come in as values.
 */
import type { Counters } from "../figures/counters.ts";
import { KeptText, type Offer, type TextEdit, type TextReader } from "./keptText.ts";
import { RecentIds } from "./recentIds.ts";

/** A suggestion that stood this long was seen, in ms (Cody's value). */
export const SHOWN_DWELL_MS = 750;
/** What an editor types for a user who typed the first character of it. */
const TYPED_PAIRS = new Set(["()", "[]", "{}", "<>", '""', "''", "``"]);
const TYPED_LINE_BREAK = /^\r?\n[ \t]*$/;

interface Current extends Offer {
  readonly firstOfferedAt: number;
  /** Of `text` among those that were offered together. */
  readonly rank: number;
  /** What may stand on the screen in place of `text`, best first. */
  readonly candidates: readonly Candidate[];
}

/** What is left of an offered text. */
interface Candidate {
  readonly text: string;
  readonly rank: number;
}

export class AcceptanceTracker {
  readonly #record: (languageId: string, counters: Counters) => void;
  readonly #kept: KeptText;
  readonly #shownIds = new RecentIds();
  readonly #acceptedIds = new RecentIds();
  /** Ends of suggestions that were taken whole: first lines and their rest have one id. */
  readonly #finished = new RecentIds<string>();
  /** What may be on the screen: its text is what is left of it. */
  #current: Current | undefined;
  /** The newest offer and what is left of it, also when an edit has hidden it. */
  #last: Current | undefined;

  constructor(record: (languageId: string, counters: Counters) => void) {
    this.#record = record;
    this.#kept = new KeptText(record);
  }

  /** The provider handed out a suggestion, or what is left of one. */
  offered(offer: Offer, now: number): void {
    this.#dwell(now);
    const before = this.#last?.id === offer.id ? this.#last : undefined;
    const { text, others = [] } = offer;
    const candidates = [text, ...others].map((each, index) => ({ text: each, rank: index + 1 }));
    this.#current = {
      ...offer,
      firstOfferedAt: before?.firstOfferedAt ?? now,
      rank: 1,
      candidates,
    };
    this.#last = this.#current;
  }

  cursorMoved(documentId: string, offset: number, now: number): void {
    this.#dwell(now);
    const current = this.#current;
    if (current === undefined) return;
    const expected = current.cursorOffset ?? current.offset;
    if (documentId !== current.documentId || offset !== expected) this.#current = undefined;
  }

  /** A document changed; the edits of one event, in VS Code's order. */
  edited(documentId: string, edits: readonly TextEdit[], now: number): void {
    this.#dwell(now);
    for (const edit of edits) {
      this.#kept.edited(documentId, edit);
      if (this.#current?.documentId === documentId) this.#applyToCurrent(this.#current, edit, now);
    }
  }

  /** The user took a suggestion whole: its command ran. @param rank - as it was offered. */
  accepted(id: number, now: number, rank = 1): void {
    if (this.#last?.id !== id) return;
    const taken = this.#last.candidates.find((candidate) => candidate.rank === rank);
    const offer = { ...this.#last, ...taken };
    if (!this.#finished.add(endOf(offer))) return;
    this.#take(offer, offer.text, now);
    this.#current = undefined;
  }

  /** Counts what has become due. @returns when to call again, in ms; undefined if nothing waits. */
  tick(now: number, read: TextReader): number | undefined {
    this.#dwell(now);
    const dwellAt =
      this.#current === undefined || this.#shownIds.has(this.#current.id)
        ? Number.POSITIVE_INFINITY
        : this.#current.firstOfferedAt + SHOWN_DWELL_MS;
    const next = Math.min(dwellAt, this.#kept.judge(now, read) ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(next) ? next : undefined;
  }

  /** A document is gone: what is kept of it is judged now. */
  closed(documentId: string, read: TextReader): void {
    this.#kept.judgeDocument(documentId, read);
    if (this.#current?.documentId === documentId) this.#current = undefined;
  }

  #applyToCurrent(current: Current, edit: TextEdit, now: number): void {
    const { offset } = current;
    if (current.cursorOffset !== undefined) {
      // The entry changes with every key; the editor asks again at once.
      this.#current = undefined;
      return;
    }
    const isInsertion = edit.offset === offset && edit.numRemoved === 0 && edit.text !== "";
    const fitting = isInsertion
      ? current.candidates.filter(({ text }) => text.startsWith(edit.text))
      : [];
    // A text that was taken to its end is the one the user had turned to.
    const taken = fitting.find(({ text }) => text === edit.text) ?? fitting[0];
    if (taken !== undefined) {
      if (!isTyped(edit.text)) this.#insert({ ...current, ...taken }, edit.text, now);
      const restOf = ({ text, rank }: Candidate) => ({ text: text.slice(edit.text.length), rank });
      const candidates = fitting.map(restOf);
      const rest = {
        ...current,
        ...restOf(taken),
        candidates,
        offset: offset + edit.text.length,
      };
      this.#last = rest;
      this.#current = rest.text === "" ? undefined : rest;
    } else if (!isInsertion && edit.offset + edit.numRemoved <= offset && edit.offset < offset) {
      const moved = { ...current, offset: offset + edit.text.length - edit.numRemoved };
      this.#last = moved;
      this.#current = moved;
    } else if (edit.offset <= offset) this.#current = undefined;
  }

  #insert(current: Current, text: string, now: number): void {
    if (text === current.text) {
      // The command of the same acceptance follows, or, after partial ones, does not.
      if (this.#finished.add(endOf(current))) this.#take(current, text, now);
      return;
    }
    this.#record(current.languageId, { partialAccepts: 1 });
    this.#take(current, text, now);
  }

  /** Counts text that was inserted at the offer's place. */
  #take(offer: Current, text: string, now: number): void {
    const { id, languageId, rank } = offer;
    if (this.#shownIds.add(id)) this.#record(languageId, { shown: 1 });
    if (this.#acceptedIds.add(id)) {
      this.#record(languageId, { accepted: 1, [`acceptedRank.${rank}`]: 1 });
    }
    if (text === "") return;
    this.#record(languageId, { acceptedCharacters: text.length });
    this.#kept.watch({ ...offer, text }, now);
  }

  #dwell(now: number): void {
    const current = this.#current;
    if (current === undefined || now - current.firstOfferedAt < SHOWN_DWELL_MS) return;
    if (this.#shownIds.add(current.id)) this.#record(current.languageId, { shown: 1 });
  }
}

/** Whether one key explains the inserted text: a character, a pair that closes itself, a line with its indentation. */
function isTyped(text: string): boolean {
  return Array.from(text).length === 1 || TYPED_PAIRS.has(text) || TYPED_LINE_BREAK.test(text);
}

/** Where a suggestion ends, which stays the same while it is taken. */
function endOf({ id, offset, text }: Offer): string {
  return `${id}@${offset + text.length}`;
}
