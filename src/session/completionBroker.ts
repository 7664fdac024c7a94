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
import type { CompleteParams } from "../engine/protocol.ts";
import { abortError } from "./abort.ts";
import type { Clock } from "./clock.ts";
import { type CacheHit, CompletionCache } from "./completionCache.ts";
import type {
  CompletionQuery,
  CompletionSource,
  QueryOutcome,
  Suggestion,
} from "./completionQuery.ts";
import { DebouncePolicy } from "./debouncePolicy.ts";
import { CANCELLED, failure, SUPERSEDED, withoutResult, withoutText } from "./emptyOutcomes.ts";
import {
  type CompletionEngine,
  type GenerationEnd,
  RunningGeneration,
} from "./runningGeneration.ts";

/** A shown suggestion that nobody types into for this long may be about to be accepted, in ms. */
export const PREFETCH_IDLE_MS = 200;
/** A cursor that rests this long in a new place may be typed at, in ms (Cody preloads after as long). */
export const REST_MS = 150;
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

/** What the user sees, and where. */
interface Shown {
  readonly query: CompletionQuery;
  readonly suggestion: Suggestion;
}

export class CompletionBroker implements CompletionSource, Disposable {
  readonly #options: CompletionBrokerOptions;
  readonly #cache: CompletionCache | undefined;
  readonly #debounce = new DebouncePolicy();
  readonly #lifetime = new AbortController();
  /** Ends the newest question when a newer comes; there while it has no answer. */
  #turn: AbortController | undefined;
  #running: RunningGeneration | undefined;
  /** Ends what is to happen if nobody asks for a while. */
  #plan: AbortController | undefined;
  #shown: Shown | undefined;
  #numGenerations = 0;

  constructor(options: CompletionBrokerOptions) {
    this.#options = options;
    this.#cache = options.caches ? new CompletionCache() : undefined;
  }

  async query(query: CompletionQuery, signal: AbortSignal): Promise<QueryOutcome> {
    const { clock, log } = this.#options;
    const arrivedAt = clock.now();
    if (signal.aborted || this.#lifetime.signal.aborted) return CANCELLED;
    const turn = new AbortController();
    this.#turn?.abort(abortError("A newer question replaced this one."));
    this.#turn = turn;
    this.#plan?.abort();
    const relay = () => turn.abort(signal.reason);
    signal.addEventListener("abort", relay, { once: true });
    try {
      return await this.#answer(query, arrivedAt, turn.signal);
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
    this.#plan?.abort();
    this.#prefetch(afterAcceptance(shown));
  }

  prepare(query: CompletionQuery): void {
    if (this.#cache === undefined || this.#turn !== undefined) return;
    this.#planWhenIdle(REST_MS, () => this.#prefetch(query));
  }

  forget(documentId?: string): void {
    const isMeant = (id: string | undefined) => documentId === undefined || id === documentId;
    this.#cache?.forget(documentId);
    if (isMeant(this.#running?.state.documentId)) this.#abortRunning();
    if (!isMeant(this.#shown?.query.documentId)) return;
    this.#shown = undefined;
    this.#plan?.abort();
  }

  /** Ends everything; questions are answered with `cancelled` from now on. */
  [Symbol.dispose](): void {
    this.#lifetime.abort();
    this.#turn?.abort(abortError("The broker was disposed."));
    this.forget();
  }

  /** @throws the signal's reason. */
  async #answer(
    query: CompletionQuery,
    arrivedAt: number,
    signal: AbortSignal,
  ): Promise<QueryOutcome> {
    const { clock } = this.#options;
    if (query.trigger === "automatic") this.#debounce.keyPressed(arrivedAt);
    const hit = this.#cache?.find(query);
    if (hit !== undefined) {
      if (!this.#isOfUse(query, hit.text)) this.#abortRunning();
      return this.#serve(query, arrivedAt, hit);
    }
    if (this.#options.caches && this.#running?.agreesWith(query)) {
      const outcome = await this.#attach(this.#running, query, arrivedAt, signal);
      if (outcome !== undefined) return outcome;
    } else {
      // Freed now, not after the wait.
      this.#abortRunning();
      const waitMs = query.trigger === "automatic" ? this.#debounce.delayMs : 0;
      if (waitMs > 0) await clock.delay(waitMs, signal);
    }
    const own = this.#start(query, false);
    const end = await own.answerFor(query, signal);
    if (end.kind !== "finished") return withoutResult(end);
    const { id } = own;
    const completion = { id, result: end.result, isPrefetched: false };
    return this.#serve(query, arrivedAt, {
      completion,
      text: end.result.text,
      origin: "generated",
    });
  }

  /** Whether what is being generated is for this place, or for the one behind the text that is served here. */
  #isOfUse(query: CompletionQuery, text: string): boolean {
    const behind = { ...query, prefixText: query.prefixText + text };
    return this.#running?.agreesWith(query) === true || this.#running?.typedSince(behind) === "";
  }

  /** The rest of what is being generated; undefined once it is not what the user typed. */
  async #attach(
    running: RunningGeneration,
    query: CompletionQuery,
    arrivedAt: number,
    signal: AbortSignal,
  ): Promise<QueryOutcome | undefined> {
    const end = await running.answerFor(query, signal);
    if (end.kind === "disagreed") return undefined;
    if (end.kind !== "finished") return withoutResult(end);
    // By now it is in the cache, which knows what is left of it.
    const hit = this.#cache?.find(query);
    return hit && this.#serve(query, arrivedAt, { ...hit, origin: "running" });
  }

  #serve(query: CompletionQuery, arrivedAt: number, hit: CacheHit): QueryOutcome {
    const { clock, log } = this.#options;
    const { completion, text, origin } = hit;
    const { id, result } = completion;
    const latencyMs = clock.now() - arrivedAt;
    log(
      "debug",
      `query origin=${origin} id=${id} chars=${text.length} ms=${latencyMs.toFixed(1)} trigger=${query.trigger}`,
    );
    if (text === "") return withoutText(result);
    const suggestion = { id, text, origin, latencyMs, result };
    this.#shown = { query, suggestion };
    this.#guessAcceptance(this.#shown);
    return { suggestion };
  }

  /** Prepares what follows a suggestion that stays on the screen. */
  #guessAcceptance(shown: Shown): void {
    if ((this.#debounce.engineLatencyMs ?? 0) > MAX_GUESS_LATENCY_MS) return;
    this.#planWhenIdle(PREFETCH_IDLE_MS, () => this.#prefetch(afterAcceptance(shown)));
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
    const generation = RunningGeneration.start(engine, this.#paramsOf(query), {
      id: this.#numGenerations,
      state: query,
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
    if (this.#options.caches) this.#planWhenIdle(ORPHAN_GRACE_MS, end);
    else end();
  }

  #planWhenIdle(ms: number, action: () => void): void {
    const { clock, log } = this.#options;
    this.#plan?.abort();
    const plan = new AbortController();
    this.#plan = plan;
    clock
      .delay(ms, plan.signal)
      .then(action)
      .catch((error: unknown) => {
        if (!plan.signal.aborted) log("error", `plan failed reason=${messageOf(error)}`);
      });
  }

  #paramsOf(query: CompletionQuery): CompleteParams {
    const { maxTokens, sources } = this.#options;
    const { prefixText, suffixText, languageId, filePath, repoName } = query;
    return {
      prefixText,
      suffixText,
      languageId,
      maxTokens,
      sources,
      ...(filePath === undefined ? {} : { filePath }),
      ...(repoName === undefined ? {} : { repoName }),
    };
  }
}

/** The question that follows when the user takes what is shown. */
function afterAcceptance({ query, suggestion }: Shown): CompletionQuery {
  return { ...query, prefixText: query.prefixText + suggestion.text, trigger: "automatic" };
}
