/**
 * The host's handle on the engine: typed requests that survive the engine's death. A dead engine is started again by
 * the next request, after a back-off, and gets the models it had before it serves. `RestartPolicy` has the rules.
 */
import type { RequestType, RequestType0 } from "vscode-jsonrpc/node";
import {
  type BenchAnswer,
  type BenchParams,
  type BenchProgress,
  benchProgress,
  benchRequest,
} from "../../engine/protocol/benchMessages.ts";
import {
  type CompleteParams,
  type CompletionChunk,
  type CompletionResult,
  completeRequest,
  completionProgress,
} from "../../engine/protocol/completeMessages.ts";
import {
  type LastPrompt,
  lastPromptRequest,
  type PromptAnswer,
  type PromptQuestion,
  promptRequest,
} from "../../engine/protocol/promptMessages.ts";
import {
  type EngineHealth,
  type EngineStatistics,
  healthRequest,
  type LoadedModels,
  type LoadParams,
  type LoadProgress,
  statisticsRequest,
  unloadRequest,
  type WireError,
} from "../../engine/protocol/protocol.ts";
import {
  type BenchSuggestionsAnswer,
  type BenchSuggestionsParams,
  benchSuggestionsRequest,
} from "../../engine/protocol/suggestionMessages.ts";
import { abortable, abortError } from "../abort.ts";
import { ListenerSet } from "../listenerSet.ts";
import type { PendingAnswer } from "./engineAnswer.ts";
import { EngineSupervisor, type EngineSupervisorOptions } from "./engineSupervisor.ts";
import { ModelServing } from "./modelServing.ts";
import { BENCHMARK, type Patience, QUESTION, UNLOAD } from "./patience.ts";
import { stepDownNotice } from "./restartPolicy.ts";

/**
 * What the engine is doing: `stopped` before the first request and after dispose, `restarting` from a crash until the
 * new process is up (which the next request asks for), `failed` after too many crashes in a row.
 */
export type EngineState =
  | "stopped"
  | "starting"
  | "ready"
  | "loading"
  | "working"
  | "restarting"
  | "failed";

/** What a benchmark is asked for, how far it is, and when to end it. */
type Measuring<P> = [params: P, onProgress: (progress: BenchProgress) => void, signal: AbortSignal];

export class EngineClient implements AsyncDisposable {
  readonly #options: EngineSupervisorOptions;
  readonly #supervisor: EngineSupervisor;
  readonly #serving: ModelServing;
  readonly #lifetime = new AbortController();
  readonly #stateListeners = new ListenerSet<EngineState>();
  readonly #noticeListeners = new ListenerSet<string>();
  #state: EngineState = "stopped";
  #numRunning = 0;

  constructor(options: EngineSupervisorOptions) {
    this.#options = options;
    this.#supervisor = new EngineSupervisor(options, {
      progress: () => ({
        phase: this.#serving.crashPhase,
        backend: this.#serving.models?.backend,
      }),
      onCrash: (engine) => this.#serving.lost(engine),
      onStepDown: (step) => this.#noticeListeners.fire(stepDownNotice(step)),
      onPhaseChange: () => this.#updateState(),
    });
    this.#serving = new ModelServing(this.#supervisor, () => this.#updateState());
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Those that the engine holds now: after a crash none, until they are asked for again. */
  get models(): LoadedModels | undefined {
    return this.#serving.models;
  }

  /** Whether no engine crashed since the last completion. */
  get isSound(): boolean {
    return this.#supervisor.policy.numCrashes === 0;
  }

  onStateChange(listener: (state: EngineState) => void): Disposable {
    return this.#stateListeners.add(listener);
  }

  /** Called with a message for the user, once per cause. */
  onNotice(listener: (message: string) => void): Disposable {
    return this.#noticeListeners.add(listener);
  }

  /**
   * Loads models in place of those loaded; a newer load replaces an older. They are loaded again after a crash.
   * A load that a GPU backend crashes is tried again, at last on the CPU.
   * @throws EngineError of the engine, after which no models are wanted any more, or of a crash.
   */
  async load(
    params: LoadParams,
    onProgress: (progress: LoadProgress) => void,
    signal: AbortSignal,
  ): Promise<LoadedModels> {
    this.#assertOpen();
    return this.#serving.load(params, onProgress, this.#withLifetime(signal));
  }

  /** Frees the models; does nothing if no engine runs. */
  async unload(signal: AbortSignal): Promise<void> {
    this.#assertOpen();
    this.#serving.forget();
    if (this.#supervisor.phase === "none") return;
    await this.#ask(unloadRequest, UNLOAD, signal);
  }

  /**
   * Completes at a cursor. A newer completion aborts this one, which then rejects with an `AbortError`.
   * @param onChunk - called with each piece of text as it is decoded, until the promise settles.
   * @throws EngineError `engineCrashed` if the engine dies meanwhile; the signal's reason as soon as it aborts.
   */
  async complete(
    params: CompleteParams,
    onChunk: (chunk: CompletionChunk) => void,
    signal: AbortSignal,
  ): Promise<CompletionResult> {
    this.#assertOpen();
    const engine = await this.#serving.engine(this.#withLifetime(signal));
    const pending = engine.work(
      {
        type: completeRequest,
        params,
        patience: this.#serving.patience,
        progressType: completionProgress,
        onProgress(chunk: CompletionChunk) {
          if (!signal.aborted) onChunk(chunk);
        },
      },
      signal,
    );
    this.#count(pending);
    return pending.result;
  }

  /**
   * Measures the loaded models. An abort ends it early: the promise then resolves to what was finished until then. So does
   * a completion or a load, which comes first.
   * @throws EngineError `engineCrashed` if the engine dies meanwhile; the signal's reason if it had not begun.
   */
  bench(...args: Measuring<BenchParams>): Promise<BenchAnswer> {
    return this.#measure(benchRequest, ...args);
  }

  /** The same of several suggestions. @throws also an AbortError before a prompt is finished. */
  benchSuggestions(...args: Measuring<BenchSuggestionsParams>): Promise<BenchSuggestionsAnswer> {
    return this.#measure(benchSuggestionsRequest, ...args);
  }

  async #measure<P extends object, R>(
    type: RequestType<P & { progressToken: string }, R, WireError>,
    ...[params, onProgress, signal]: Measuring<P>
  ): Promise<R> {
    this.#assertOpen();
    const engine = await this.#serving.engine(this.#withLifetime(signal));
    const pending = engine.work(
      { type, params, patience: BENCHMARK, progressType: benchProgress, onProgress },
      signal,
    );
    // It rejects with the abort; the answer comes nevertheless.
    pending.result.catch(() => {});
    this.#count(pending);
    return pending.answer;
  }

  /** What the target would get for a completion, without a pass of it. @throws EngineError of the engine. */
  async promptOf(question: PromptQuestion, signal: AbortSignal): Promise<PromptAnswer> {
    this.#assertOpen();
    const engine = await this.#serving.engine(this.#withLifetime(signal));
    return engine.ask(promptRequest, QUESTION, signal, question);
  }

  /** What the target got for the last completion; null if there was none since the models were loaded. */
  async lastPrompt(signal: AbortSignal): Promise<LastPrompt | null> {
    return this.#ask(lastPromptRequest, QUESTION, signal);
  }

  async statistics(signal: AbortSignal): Promise<EngineStatistics> {
    return this.#ask(statisticsRequest, QUESTION, signal);
  }

  async health(signal: AbortSignal): Promise<EngineHealth> {
    return this.#ask(healthRequest, QUESTION, signal);
  }

  /** Ends the engine; every request rejects with an `AbortError`. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = "The engine client was disposed.";
    this.#lifetime.abort(abortError(reason));
    this.#serving.interrupt(reason);
    await this.#supervisor.end();
  }

  #assertOpen(): void {
    if (this.#lifetime.signal.aborted) throw new Error("The engine client is disposed.");
  }

  #withLifetime(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#lifetime.signal]);
  }

  async #ask<R>(
    type: RequestType0<R, WireError>,
    patience: Patience,
    signal: AbortSignal,
  ): Promise<R> {
    this.#assertOpen();
    const engine = await abortable(this.#supervisor.start(), this.#withLifetime(signal));
    return engine.ask(type, patience, signal);
  }

  /** Until a request is answered the engine works, which after a cancel is later than the caller's rejection. */
  #count(pending: PendingAnswer<unknown>): void {
    this.#numRunning++;
    this.#updateState();
    const onAnswer = () => {
      this.#numRunning--;
      this.#updateState();
    };
    pending.answer.then(() => {
      this.#supervisor.policy.completed();
      this.#serving.completed();
      onAnswer();
    }, onAnswer);
  }

  #updateState(): void {
    const state = this.#currentState();
    if (state === this.#state) return;
    this.#state = state;
    this.#options.log("debug", `engine state=${state}`);
    this.#stateListeners.fire(state);
  }

  #currentState(): EngineState {
    const { phase, policy } = this.#supervisor;
    if (this.#lifetime.signal.aborted) return "stopped";
    if (phase === "running") {
      if (this.#serving.isLoading) return "loading";
      return this.#numRunning > 0 ? "working" : "ready";
    }
    if (phase === "starting") return policy.numCrashes > 0 ? "restarting" : "starting";
    if (policy.hasGivenUp) return "failed";
    return policy.numCrashes > 0 ? "restarting" : "stopped";
  }
}
