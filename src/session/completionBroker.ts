/**
 * Answers the editor's questions at the least cost: from the cache, from a generation that is under way, and only then
 * from the engine. Between questions it prepares the one that follows an acceptance.
 *
 *   query → cached or typed into? → still what is being generated? → wait while the user types fast → generate
 *
 * One question counts, the newest; one generation runs, for it. Both win by replacing the one before.
 */
import type { DraftSource } from "../core/draftTree.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { abortError } from "./abort.ts";
import type { Clock } from "./clock.ts";
import { type CacheHit, CompletionCache } from "./completionCache.ts";
import {
  afterAcceptance,
  type CompletionQuery,
  type CompletionSource,
  paramsOf,
  type QueryOutcome,
  type Shown,
  type Suggestion,
  type SuggestionOrigin,
} from "./completionQuery.ts";
import { DebouncePolicy } from "./debouncePolicy.ts";
import {
  CANCELLED,
  FORGOTTEN,
  failure,
  SUPERSEDED,
  withoutResult,
  withoutText,
} from "./emptyOutcomes.ts";
import { IdlePlan } from "./idlePlan.ts";
import {
  type CompletionEngine,
  type GenerationEnd,
  RunningGeneration,
} from "./runningGeneration.ts";

/** A shown suggestion that nobody types into for this long may be about to be accepted, in ms. */
export const PREFETCH_IDLE_MS = 200;
/** A cursor that rests this long in a new place may be typed at, in ms (Cody preloads after as long). */
export const REST_MS = 150;
/**
 * Lines that are done are shown when a generation has taken so long, in ms: before VS Code gives a question up (750 ms),
 * and late enough that a quick engine's text comes whole, as lines that are shown are not replaced.
 */
export const LINES_AFTER_MS = 600;
/** A question that comes later than that waits so long for more of them, in ms. */
export const MORE_LINES_MS = 150;
/** Slower engines prefetch only what was accepted, in ms: a guess must not keep a machine busy. */
const MAX_GUESS_LATENCY_MS = 500;
/**
 * How long a generation outlives a cancelled question, in ms. Editors cancel at each key and ask again a little later
 * (VS Code after 50 ms); if they do not, the engine is freed.
 */
export const ORPHAN_GRACE_MS = 500;

export interface CompletionBrokerOptions {
  readonly engine: CompletionEngine;
  /** Output tokens of a completion at most. */
  readonly maxTokens: number;
  readonly sources: readonly DraftSource[];
  readonly clock: Clock;
  readonly log: Log;
  /** False: every question is generated anew, nothing is kept or prepared. For measuring what caches bring. */
  readonly caches: boolean;
}

interface Question {
  readonly query: CompletionQuery;
  readonly arrivedAt: number;
  /** Ends the wait for an answer. */
  readonly signal: AbortSignal;
}

export class CompletionBroker implements CompletionSource, Disposable {
  readonly #options: CompletionBrokerOptions;
  readonly #cache: CompletionCache | undefined;
  readonly #debounce = new DebouncePolicy();
  readonly #lifetime = new AbortController();
  /** Ends the newest question when a newer comes; there while it has no answer. */
  #turn: AbortController | undefined;
  #running: RunningGeneration | undefined;
  /** What is to happen if nobody asks for a while. */
  readonly #plan: IdlePlan;
  #shown: Shown | undefined;
  #numGenerations = 0;

  constructor(options: CompletionBrokerOptions) {
    this.#options = options;
    this.#cache = options.caches ? new CompletionCache() : undefined;
    this.#plan = new IdlePlan(options.clock, options.log);
  }

  async query(query: CompletionQuery, signal: AbortSignal): Promise<QueryOutcome> {
    const { clock, log } = this.#options;
    const arrivedAt = clock.now();
    if (signal.aborted || this.#lifetime.signal.aborted) return CANCELLED;
    const turn = new AbortController();
    this.#turn?.abort(abortError("A newer question replaced this one."));
    this.#turn = turn;
    this.#plan.cancel();
    const relay = () => turn.abort(signal.reason);
    signal.addEventListener("abort", relay, { once: true });
    try {
      return await this.#answer({ query, arrivedAt, signal: turn.signal });
    } catch (error) {
      if (signal.aborted || this.#lifetime.signal.aborted) {
        if (this.#turn === turn) this.#abandon();
        return CANCELLED;
      }
      if (turn.signal.aborted) return SUPERSEDED;
      log("error", `query failed reason=${JSON.stringify(messageOf(error))}`);
      return failure(error);
    } finally {
      signal.removeEventListener("abort", relay);
      if (this.#turn === turn) this.#turn = undefined;
    }
  }

  accepted(suggestionId: number): void {
    const shown = this.#shown;
    if (shown?.suggestion.id !== suggestionId) return;
    this.#shown = undefined;
    this.#plan.cancel();
    this.#prefetch(afterAcceptance(shown));
  }

  prepare(query: CompletionQuery): void {
    if (this.#cache === undefined || this.#turn !== undefined) return;
    this.#plan.start(REST_MS, () => this.#prefetch(query));
  }

  forget(documentId?: string): void {
    const isMeant = (id: string | undefined) => documentId === undefined || id === documentId;
    this.#cache?.forget(documentId);
    if (isMeant(this.#running?.state.documentId)) this.#abortRunning();
    if (!isMeant(this.#shown?.query.documentId)) return;
    this.#shown = undefined;
    this.#plan.cancel();
  }

  /** Ends everything; questions are answered with `cancelled` from now on. */
  [Symbol.dispose](): void {
    this.#lifetime.abort();
    this.#turn?.abort(abortError("The broker was disposed."));
    this.forget();
  }

  /** @throws the signal's reason. */
  async #answer(question: Question): Promise<QueryOutcome> {
    const { query, signal } = question;
    const { clock, caches } = this.#options;
    if (query.trigger === "automatic") this.#debounce.keyPressed(question.arrivedAt);
    const hit = this.#cache?.find(query);
    if (hit !== undefined) {
      if (!this.#isOfUse(query, hit.text)) this.#abortRunning();
      return this.#serve(question, hit);
    }
    if (caches && this.#running?.agreesWith(query)) {
      const outcome = await this.#await(this.#running, question, "running");
      if (outcome !== undefined) return outcome;
    } else {
      // Freed now, not after the wait.
      this.#abortRunning();
      const waitMs = query.trigger === "automatic" ? this.#debounce.delayMs : 0;
      if (waitMs > 0) await clock.delay(waitMs, signal);
    }
    const outcome = await this.#await(this.#start(query, false), question, "generated");
    return outcome ?? FORGOTTEN;
  }

  /** Whether what is being generated is for this place, or for the one behind the text that is served here. */
  #isOfUse(query: CompletionQuery, text: string): boolean {
    const behind = { ...query, prefixText: query.prefixText + text };
    return this.#running?.agreesWith(query) === true || this.#running?.typedSince(behind) === "";
  }

  /** What a generation has for a question; undefined once it turns out to be another text than was typed. */
  async #await(
    generation: RunningGeneration,
    question: Question,
    origin: SuggestionOrigin,
  ): Promise<QueryOutcome | undefined> {
    const { query, signal } = question;
    const answer = await generation.answerFor(
      query,
      signal,
      this.#untilLines(generation, question),
    );
    const { id } = generation;
    if (answer.kind === "lines") {
      const result = generation.end.then((end) =>
        end.kind === "finished" ? end.result : undefined,
      );
      return this.#show(question, { id, text: answer.text, origin, isWhole: false, result });
    }
    if (answer.kind === "disagreed") return undefined;
    if (answer.kind !== "finished") return withoutResult(answer);
    const { text } = answer.result;
    const typed = generation.typedSince(query);
    if (typed === undefined || !text.startsWith(typed)) return undefined;
    const rest = text.slice(typed.length);
    // Typed to its end: what comes behind is another completion.
    if (rest === "" && typed !== "") return undefined;
    const completion = { id, result: answer.result, isPrefetched: generation.isPrefetch };
    return this.#serve(question, { completion, text: rest, origin });
  }

  /** When done lines will do; undefined where nothing may outlive its question. */
  #untilLines({ startedAt }: RunningGeneration, { arrivedAt }: Question) {
    const { caches, clock } = this.#options;
    if (!caches) return;
    const at = Math.max(startedAt + LINES_AFTER_MS, arrivedAt + MORE_LINES_MS);
    return (signal: AbortSignal) => clock.delay(Math.max(0, at - clock.now()), signal);
  }

  #serve(question: Question, { completion, text, origin }: CacheHit): QueryOutcome {
    const { id, result } = completion;
    if (text === "") return withoutText(result);
    const outcome = this.#show(question, {
      id,
      text,
      origin,
      isWhole: true,
      result: Promise.resolve(result),
    });
    this.#guessAcceptance({ query: question.query, suggestion: outcome.suggestion });
    return outcome;
  }

  #show({ query, arrivedAt }: Question, found: Omit<Suggestion, "latencyMs">) {
    const { clock, log } = this.#options;
    const suggestion = { ...found, latencyMs: clock.now() - arrivedAt };
    const { origin, id, text, isWhole, latencyMs } = suggestion;
    log(
      "debug",
      `query origin=${origin} id=${id} chars=${text.length} whole=${isWhole} ms=${latencyMs.toFixed(1)} trigger=${query.trigger}`,
    );
    this.#shown = { query, suggestion };
    return { suggestion };
  }

  /** Prepares what follows a suggestion that stays on the screen. */
  #guessAcceptance(shown: Shown): void {
    if ((this.#debounce.engineLatencyMs ?? 0) > MAX_GUESS_LATENCY_MS) return;
    this.#plan.start(PREFETCH_IDLE_MS, () => this.#prefetch(afterAcceptance(shown)));
  }

  /** Generates for a state that nobody has asked for yet; whoever asks for another replaces it. */
  #prefetch(query: CompletionQuery): void {
    if (this.#cache === undefined || this.#turn !== undefined) return;
    if (this.#running?.agreesWith(query) || this.#cache.find(query) !== undefined) return;
    this.#start(query, true);
  }

  #start(query: CompletionQuery, isPrefetch: boolean): RunningGeneration {
    const { engine, clock } = this.#options;
    this.#abortRunning();
    this.#numGenerations++;
    const startedAt = clock.now();
    const generation = RunningGeneration.start(engine, paramsOf(query, this.#options), {
      id: this.#numGenerations,
      state: query,
      startedAt,
      isPrefetch,
    });
    this.#running = generation;
    generation.end
      .then((end) => this.#ended(generation, end, clock.now() - startedAt))
      .catch((error: unknown) => this.#options.log("error", `record failed: ${messageOf(error)}`));
    return generation;
  }

  #ended(generation: RunningGeneration, end: GenerationEnd, elapsedMs: number): void {
    if (this.#running === generation) this.#running = undefined;
    if (end.kind === "aborted") this.#debounce.cancelled(elapsedMs);
    if (end.kind !== "finished") return;
    this.#debounce.answered(elapsedMs);
    const { id, isPrefetch, state } = generation;
    this.#cache?.add(state, { id, result: end.result, isPrefetched: isPrefetch });
  }

  #abortRunning(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** The editor cancelled. It asks again if that was a key, and then the generation may still be right. */
  #abandon(): void {
    const orphan = this.#running;
    if (orphan === undefined) return;
    const end = () => {
      if (this.#running === orphan) this.#abortRunning();
    };
    if (this.#options.caches) this.#plan.start(ORPHAN_GRACE_MS, end);
    else end();
  }
}
