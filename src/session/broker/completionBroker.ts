/**
 * Answers the editor's questions at the least cost: from the cache, from a generation that is under way, and only then
 * from the engine. Between questions it prepares other suggestions for the place, and the one that follows an acceptance.
 *
 *   query → cached or typed into? → still what is being generated? → wait while the user types fast → generate
 *
 * One question counts, the newest; one generation runs, for it. Both win by replacing the one before.
 */
import { messageOf } from "../../core/base/errors.ts";
import { abortable, abortError } from "../abort.ts";
import type { Alternatives } from "./alternatives.ts";
import { type CompletionBrokerOptions, createAlternatives } from "./brokerOptions.ts";
import {
  linesDueAt,
  MAX_GUESS_LATENCY_MS,
  ORPHAN_GRACE_MS,
  PREFETCH_IDLE_MS,
  REST_MS,
} from "./brokerTimings.ts";
import { type CacheHit, CompletionCache } from "./completionCache.ts";
import {
  afterAcceptance,
  type CompletionQuery,
  type CompletionSource,
  paramsOf,
  type QueryOutcome,
  type Question,
  type Shown,
  type Suggestion,
  type SuggestionOrigin,
} from "./completionQuery.ts";
import { ConfidenceBound } from "./confidenceBound.ts";
import { DebouncePolicy } from "./debouncePolicy.ts";
import { CANCELLED, FORGOTTEN, failure, NOT_ASKED, SUPERSEDED, withheld } from "./emptyOutcomes.ts";
import { IdlePlan } from "./idlePlan.ts";
import { type GenerationEnd, RunningGeneration } from "./runningGeneration.ts";

export class CompletionBroker implements CompletionSource, Disposable {
  readonly #options: CompletionBrokerOptions;
  readonly #cache: CompletionCache | undefined;
  /** There where more than one suggestion is wanted. */
  readonly #alternatives: Alternatives | undefined;
  /** Whether what nobody asked for may be generated. */
  readonly #mayGuess: boolean;
  readonly #debounce = new DebouncePolicy();
  readonly #bound: ConfidenceBound;
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
    this.#bound = new ConfidenceBound(options.minConfidence);
    this.#alternatives = createAlternatives(options, this.#cache);
    this.#mayGuess = options.caches && options.onlyWhenAsked !== true;
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

  accepted(suggestionId: number, rank = 1): void {
    const shown = this.#shown;
    if (shown?.suggestion.id !== suggestionId) return;
    this.#shown = undefined;
    this.#plan.cancel();
    this.#prefetch(afterAcceptance(shown, rank));
  }

  prepare(query: CompletionQuery): void {
    if (!this.#mayGuess || this.#turn !== undefined) return;
    this.#plan.start(REST_MS, () => this.#prefetch(query));
  }

  forget(documentId?: string): void {
    const isMeant = (id: string | undefined) => documentId === undefined || id === documentId;
    this.#cache?.forget(documentId);
    this.#alternatives?.forget(documentId);
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
    const { clock, caches, onlyWhenAsked } = this.#options;
    const mayGenerate = !onlyWhenAsked || query.trigger === "invoke";
    if (query.trigger === "automatic" && mayGenerate) this.#debounce.keyPressed(question.arrivedAt);
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
    if (!mayGenerate) {
      this.#abortRunning();
      return NOT_ASKED;
    }
    const outcome = await this.#await(this.#start(query, false), question, "generated");
    return outcome ?? FORGOTTEN;
  }

  /** Whether what is being generated is for this place, or for the one behind the text that is served here. */
  #isOfUse(query: CompletionQuery, text: string): boolean {
    const behind = { ...query, prefixText: query.prefixText + text };
    if (this.#alternatives?.isOfUse(query)) return true;
    return this.#running?.agreesWith(query) === true || this.#running?.typedSince(behind) === "";
  }

  /** What a generation has for a question; undefined once it turns out to be another text than was typed. */
  async #await(
    generation: RunningGeneration,
    question: Question,
    origin: SuggestionOrigin,
  ): Promise<QueryOutcome | undefined> {
    const { query, signal } = question;
    const { caches, clock } = this.#options;
    const dueAt = linesDueAt(generation.startedAt, question.arrivedAt);
    const lines = {
      until: (ended: AbortSignal) => clock.delay(Math.max(0, dueAt - clock.now()), ended),
      minConfidence: this.#bound.of(query, generation.id),
    };
    // Without caches nothing may outlive its question.
    const answer = await generation.answerFor(query, signal, caches ? lines : undefined);
    const { id, result } = generation;
    if (answer.kind === "lines") {
      const shown = { id, text: answer.text, others: [], origin, isWhole: false, result };
      return { suggestion: this.#show(question, shown).suggestion };
    }
    if (answer.kind === "disagreed") return undefined;
    if (answer.kind === "failed") return failure(answer.error);
    if (answer.kind === "aborted") return FORGOTTEN;
    const { text } = answer.result;
    const typed = generation.typedSince(query);
    if (typed === undefined || !text.startsWith(typed)) return undefined;
    const rest = text.slice(typed.length);
    // Typed to its end: what comes behind is another completion.
    if (rest === "" && typed !== "") return undefined;
    const completion = { id, result: answer.result, isPrefetched: generation.isPrefetch };
    return this.#serve(question, { completion, text: rest, numTyped: typed.length, origin });
  }

  #serve(question: Question, hit: CacheHit): QueryOutcome | Promise<QueryOutcome> {
    const nothing = withheld(hit, this.#bound.of(question.query, hit.completion.id));
    if (nothing !== undefined) {
      this.#shown = undefined;
      return nothing;
    }
    const isAsked = question.query.trigger === "invoke" && hit.others === undefined;
    // VS Code asks an explicit question once at a version of the text, so its answer is all there is.
    return isAsked && this.#alternatives !== undefined
      ? this.#serveAll(this.#alternatives, question, hit)
      : this.#offer(question, hit);
  }

  /** @throws the signal's reason. */
  async #serveAll(alternatives: Alternatives, question: Question, hit: CacheHit) {
    this.#running?.abort();
    this.#running = undefined;
    const others = await abortable(alternatives.prepare(question.query, hit), question.signal);
    return this.#offer(question, { ...hit, others });
  }

  #offer(question: Question, hit: CacheHit): QueryOutcome {
    const { completion, text, origin, others = [] } = hit;
    const { id, result } = completion;
    const whole = { id, text, others, origin, isWhole: true, result: Promise.resolve(result) };
    const shown = this.#show(question, whole);
    // A guess must not keep a machine busy.
    if (this.#mayGuess && (this.#debounce.engineLatencyMs ?? 0) <= MAX_GUESS_LATENCY_MS) {
      this.#plan.start(PREFETCH_IDLE_MS, () => void this.#prepareNext(shown, hit));
    }
    return { suggestion: shown.suggestion };
  }

  #show({ query, arrivedAt }: Question, found: Omit<Suggestion, "latencyMs">): Shown {
    const { clock, log } = this.#options;
    const suggestion = { ...found, latencyMs: clock.now() - arrivedAt };
    const { origin, id, text, others, isWhole, latencyMs } = suggestion;
    const size = `chars=${text.length} whole=${isWhole} others=${others.length}`;
    const why = `ms=${latencyMs.toFixed(1)} trigger=${query.trigger}`;
    log("debug", `query origin=${origin} id=${id} ${size} ${why}`);
    this.#bound.shown(id);
    this.#shown = { query, suggestion };
    return this.#shown;
  }

  /** Other suggestions first, as they cost little and are of use at once; then what follows the first. Never rejects. */
  async #prepareNext(shown: Shown, hit: CacheHit): Promise<void> {
    const isStill = () => this.#shown === shown && this.#turn === undefined;
    if (this.#alternatives !== undefined && hit.others === undefined) {
      await this.#running?.end;
      if (isStill()) await this.#alternatives.prepare(shown.query, hit);
    }
    if (isStill()) this.#prefetch(afterAcceptance(shown));
  }

  /** Generates for a state that nobody has asked for yet; whoever asks for another replaces it. */
  #prefetch(query: CompletionQuery): void {
    if (!this.#mayGuess || this.#turn !== undefined) return;
    if (this.#running?.agreesWith(query) || this.#cache?.find(query) !== undefined) return;
    this.#start(query, true);
  }

  #start(query: CompletionQuery, isPrefetch: boolean): RunningGeneration {
    const { engine, clock } = this.#options;
    this.#abortRunning();
    const startedAt = clock.now();
    const generation = new RunningGeneration(engine, paramsOf(query, this.#options), {
      id: ++this.#numGenerations,
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
    this.#alternatives?.abort();
    this.#running?.abort();
    this.#running = undefined;
  }

  /** The editor cancelled. It asks again if that was a key, and then the generation may still be right. */
  #abandon(): void {
    const orphan = this.#running;
    if (orphan === undefined && !this.#alternatives?.isRunning) return;
    const end = () => {
      if (this.#running === orphan) this.#abortRunning();
    };
    if (this.#options.caches) this.#plan.start(ORPHAN_GRACE_MS, end);
    else end();
  }
}
