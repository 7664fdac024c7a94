/** Plays a typing script in real time against a completion source, as VS Code would ask. */

import { TypingDocument, type TypingScript } from "../bench/typingReplay.ts";
import type { TypingAnswer } from "../bench/typingReport.ts";
import type { CompletionResult } from "../engine/protocol.ts";
import type { Clock } from "../session/clock.ts";
import type {
  CompletionQuery,
  CompletionSource,
  QueryTrigger,
  Suggestion,
} from "../session/completionQuery.ts";

/** VS Code asks once more, as if the user had, this long after ghost text appears, in ms. */
const SECOND_CALL_MS = 130;

/** What was seen on the screen. */
export interface PlayedScript {
  readonly answers: readonly TypingAnswer[];
  readonly shown: ReadonlySet<CompletionResult>;
  readonly numAcceptedSuggestions: number;
}

/** @throws the signal's reason. */
export async function playScript(
  script: TypingScript,
  source: CompletionSource,
  clock: Clock,
  signal: AbortSignal,
): Promise<PlayedScript> {
  const player = new TypingPlayer(script, source, clock);
  await player.play(script, signal);
  return player;
}

class TypingPlayer implements PlayedScript {
  readonly answers: TypingAnswer[] = [];
  readonly shown = new Set<CompletionResult>();
  numAcceptedSuggestions = 0;
  readonly #document: TypingDocument;
  readonly #source: CompletionSource;
  readonly #clock: Clock;
  /** Ends with the next keystroke. */
  #key = new AbortController();
  #onScreen: Suggestion | undefined;
  readonly #noted: Promise<void>[] = [];

  constructor({ places }: TypingScript, source: CompletionSource, clock: Clock) {
    this.#document = new TypingDocument(places);
    this.#source = source;
    this.#clock = clock;
  }

  async play({ steps }: TypingScript, signal: AbortSignal): Promise<void> {
    const asked: Promise<void>[] = [];
    let nextAt = this.#clock.now();
    try {
      this.#source.prepare(this.#query("automatic"));
      for (const step of steps) {
        nextAt += step.delayMs;
        await this.#clock.delay(Math.max(0, nextAt - this.#clock.now()), signal);
        this.#key.abort();
        this.#key = new AbortController();
        const onScreen = this.#onScreen;
        this.#onScreen = undefined;
        const effect = this.#document.apply(step, onScreen?.text);
        if (effect === "acceptedAll" || effect === "acceptedWord") this.numAcceptedSuggestions++;
        if (effect === "acceptedAll" && onScreen !== undefined) this.#source.accepted(onScreen.id);
        // A moved cursor is no question.
        if (effect === "jumped") this.#source.prepare(this.#query("automatic"));
        else asked.push(this.#look(this.#key.signal));
      }
    } catch (error) {
      this.#key.abort();
      throw error;
    } finally {
      await Promise.all([...asked, ...this.#noted]);
    }
  }

  /** What the editor asks after one keystroke. */
  async #look(signal: AbortSignal): Promise<void> {
    if (!(await this.#ask("automatic", "key", signal))) return;
    await this.#clock.delay(SECOND_CALL_MS, signal).catch(() => {});
    if (!signal.aborted) await this.#ask("invoke", "second", signal);
  }

  async #ask(
    trigger: QueryTrigger,
    call: TypingAnswer["call"],
    signal: AbortSignal,
  ): Promise<boolean> {
    const startedAt = this.#clock.now();
    const query = this.#query(trigger);
    const outcome = await this.#source.query(query, signal);
    const latencyMs = this.#clock.now() - startedAt;
    if (!("suggestion" in outcome)) {
      const { reason } = outcome.noSuggestion;
      this.answers.push({ call, answer: reason, isSuggestion: false, latencyMs });
      return false;
    }
    const { suggestion } = outcome;
    const isSuggestion = !signal.aborted;
    const answer = isSuggestion ? suggestion.origin : "cancelled";
    this.answers.push({ call, answer, isSuggestion, latencyMs });
    if (!isSuggestion) return false;
    this.#onScreen = suggestion;
    const noted = suggestion.result.then((result) => {
      if (result !== undefined) this.shown.add(result);
    });
    this.#noted.push(noted);
    return true;
  }

  #query(trigger: QueryTrigger): CompletionQuery {
    const { path, prefixText, suffixText } = this.#document;
    return {
      documentId: path,
      filePath: path,
      languageId: "typescript",
      prefixText,
      suffixText,
      trigger,
    };
  }
}
