/**
 * Plays a typing script in real time against a completion source, as VS Code would ask, and notes what stands on the screen
 * in each pause. VS Code waits a little behind a key, goes on with ghost text that is typed into, and behind a word gives its
 * question up after a while; then `InlineProvider` asks on and has it ask again. Its list of words, which would open then, is
 * not played.
 */
import type { TypingPause } from "../../bench/typing/typingFigures.ts";
import { TypingDocument, type TypingScript } from "../../bench/typing/typingReplay.ts";
import type { CompletionResult } from "../../engine/protocol/completeMessages.ts";
import type {
  CompletionQuery,
  CompletionSource,
  QueryOutcome,
  Suggestion,
} from "../../session/broker/completionQuery.ts";
import {
  CURSOR_REST_MS,
  EDITOR_DEBOUNCE_MS,
  EDITOR_GIVES_UP_MS,
} from "../../session/broker/editorTimings.ts";
import type { Clock } from "../../session/clock.ts";

/**
 * What was seen on the screen.
 * @param givesUp - whether the editor gives questions up, as VS Code does.
 * @throws the signal's reason.
 */
export async function playScript(
  script: TypingScript,
  source: CompletionSource,
  clock: Clock,
  givesUp: boolean,
  signal: AbortSignal,
) {
  const player = new TypingPlayer(script, source, clock, givesUp);
  await player.play(script, signal);
  return player;
}

interface GhostText {
  readonly id: number;
  readonly text: string;
  /** Since when something stands there, in ms. */
  readonly sinceMs: number;
  readonly origin: string;
}

/** A key whose pause goes on. */
interface PressedKey {
  readonly step: number;
  readonly atMs: number;
  /** Why there is no ghost text; `cutOff` while it is not known. */
  reason: string;
}

/** Where VS Code would open its list of words by itself. */
const WORD_AT_END = /(?:^|[^\p{L}\p{N}_$])[\p{L}_$][\p{L}\p{N}_$]*$/u;
/** Text before the cursor that a word is looked for in, in UTF-16 code units. */
const MAX_WORD = 100;

class TypingPlayer {
  readonly pauses: TypingPause[] = [];
  readonly shown = new Set<CompletionResult>();
  numAcceptedSuggestions = 0;
  readonly #document: TypingDocument;
  readonly #source: CompletionSource;
  readonly #clock: Clock;
  readonly #givesUp: boolean;
  /** Ends with the next keystroke. */
  #turn = new AbortController();
  /** The last one; undefined behind a jump, which asks nothing. */
  #key: PressedKey | undefined;
  #onScreen: GhostText | undefined;
  readonly #noted: Promise<void>[] = [];

  constructor({ places }: TypingScript, source: CompletionSource, clock: Clock, givesUp: boolean) {
    this.#document = new TypingDocument(places);
    this.#source = source;
    this.#clock = clock;
    this.#givesUp = givesUp;
  }

  async play({ steps, lastPauseMs }: TypingScript, signal: AbortSignal): Promise<void> {
    const asked: Promise<void>[] = [this.#rest(this.#turn.signal)];
    let keyAt = this.#clock.now();
    try {
      for (const [number, step] of steps.entries()) {
        await this.#wait(keyAt + step.delayMs, signal);
        keyAt = this.#clock.now();
        this.#endPause(keyAt, step.delayMs);
        const onScreen = this.#onScreen;
        const before = this.#document.prefixText;
        const effect = this.#document.apply(step, onScreen?.text);
        if (effect === "acceptedAll" || effect === "acceptedWord") this.numAcceptedSuggestions++;
        if (effect === "acceptedAll" && onScreen !== undefined) this.#source.accepted(onScreen.id);
        // A moved cursor is no question.
        const isAsked = effect !== "jumped";
        this.#key = isAsked ? { step: number, atMs: keyAt, reason: "cutOff" } : undefined;
        this.#onScreen = isAsked ? restOf(onScreen, before, this.#document, keyAt) : undefined;
        asked.push(isAsked ? this.#ask(this.#turn.signal) : this.#rest(this.#turn.signal));
      }
      await this.#wait(keyAt + lastPauseMs, signal);
      this.#endPause(this.#clock.now(), lastPauseMs);
    } finally {
      this.#turn.abort();
      await Promise.all([...asked, ...this.#noted]);
    }
  }

  async #wait(untilMs: number, signal: AbortSignal): Promise<void> {
    await this.#clock.delay(Math.max(0, untilMs - this.#clock.now()), signal);
  }

  /** The next key is there: what was asked for the last one is not shown any more. */
  #endPause(nowMs: number, drawnMs: number): void {
    this.#turn.abort();
    this.#turn = new AbortController();
    if (this.#key === undefined) return;
    const { step, atMs, reason } = this.#key;
    const ghost = this.#onScreen;
    this.pauses.push({
      step,
      place: this.#document.numJumps,
      drawnMs,
      pauseMs: nowMs - atMs,
      ghostMs: ghost === undefined ? null : ghost.sinceMs - atMs,
      origin: ghost?.origin ?? reason,
    });
  }

  /** Where the cursor came to rest, in a file that was opened or behind a jump, what may be asked is prepared. */
  async #rest(signal: AbortSignal): Promise<void> {
    const query = this.#query();
    await this.#clock.delay(CURSOR_REST_MS, signal).catch(() => {});
    if (!signal.aborted) this.#source.prepare(query);
  }

  /** What the editor asks after one keystroke. */
  async #ask(signal: AbortSignal): Promise<void> {
    const query = this.#query();
    await this.#clock.delay(EDITOR_DEBOUNCE_MS, signal).catch(() => {});
    if (signal.aborted) return;
    const outcome = await this.#answer(query, signal);
    if (signal.aborted) return;
    if ("suggestion" in outcome) this.#show(outcome.suggestion);
    else {
      this.#onScreen = undefined;
      if (this.#key !== undefined) this.#key.reason = outcome.noSuggestion.reason;
    }
  }

  async #answer(query: CompletionQuery, signal: AbortSignal): Promise<QueryOutcome> {
    const opensList = WORD_AT_END.test(query.prefixText.slice(-MAX_WORD));
    if (!this.#givesUp || !opensList || this.#onScreen !== undefined)
      return this.#source.query(query, signal);
    const givenUp = new AbortController();
    const answered = new AbortController();
    this.#clock
      .delay(EDITOR_GIVES_UP_MS - EDITOR_DEBOUNCE_MS, answered.signal)
      .then(() => givenUp.abort())
      .catch(() => {});
    const first = await this.#source.query(query, AbortSignal.any([signal, givenUp.signal]));
    answered.abort();
    if (!givenUp.signal.aborted || signal.aborted) return first;
    const again = { ...query, trigger: "again" } as const;
    const late = await this.#source.query(again, signal);
    return "suggestion" in late ? this.#source.query(again, signal) : late;
  }

  #show({ id, text, origin, result }: Suggestion): void {
    // Another text in the place of one is no new ghost text.
    const { sinceMs, origin: first } = this.#onScreen ?? { sinceMs: this.#clock.now(), origin };
    this.#onScreen = { id, text, sinceMs, origin: first };
    const noted = result.then((found) => {
      if (found !== undefined) this.shown.add(found);
    });
    this.#noted.push(noted);
  }

  #query(): CompletionQuery {
    const { path, prefixText, suffixText } = this.#document;
    const file = { documentId: path, filePath: path, languageId: "typescript" };
    return { ...file, prefixText, suffixText, trigger: "automatic" };
  }
}

/** What the editor goes on to show by itself: the rest of ghost text that was typed into, or of which a word was taken. */
function restOf(
  ghost: GhostText | undefined,
  before: string,
  { prefixText }: TypingDocument,
  nowMs: number,
): GhostText | undefined {
  if (ghost === undefined || !prefixText.startsWith(before)) return undefined;
  const typed = prefixText.slice(before.length);
  const text = ghost.text.slice(typed.length);
  if (!ghost.text.startsWith(typed) || text === "") return undefined;
  return { id: ghost.id, text, sinceMs: nowMs, origin: "onScreen" };
}
