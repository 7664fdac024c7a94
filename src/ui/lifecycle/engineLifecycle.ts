/**
 * Keeps the engine as the settings want it: models loaded, loaded anew, or gone. It is the one that the rest of the
 * extension asks for completions. No VS Code here; what the user must be told goes out as a `Problem`.
 */
import { l10n } from "vscode";
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import { EngineError, isAbortError, messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import type { BenchParams, BenchProgress } from "../../engine/protocol/benchMessages.ts";
import type { LastPrompt } from "../../engine/protocol/promptMessages.ts";
import type { LoadProgress } from "../../engine/protocol/protocol.ts";
import { abortError } from "../../session/abort.ts";
import { CompletionBroker } from "../../session/broker/completionBroker.ts";
import type {
  CompletionQuery,
  CompletionSource,
  QueryOutcome,
} from "../../session/broker/completionQuery.ts";
import type { EngineClient, EngineState } from "../../session/client/engineClient.ts";
import type { LoadedEngines } from "../../session/client/loadedEngines.ts";
import type { Clock } from "../../session/clock.ts";
import { type Config, needsReload } from "../base/config.ts";
import type { EngineStatus, Phase } from "../figures/status.ts";
import { askedHow, asksOtherwise } from "./askedHow.ts";
import { type BundledFiles, loadParamsOf } from "./bundledFiles.ts";
import { OtherWindows } from "./otherWindows.ts";
import { gaveUpProblem, loadProblem, type Problem } from "./problem.ts";

const BENCHMARKING = l10n.t("A benchmark is running; suggestions come back when it is over.");
/** More than any broker hands out. */
const IDS_PER_BROKER = 2 ** 32;

export interface EngineLifecycleOptions {
  readonly bundled: BundledFiles;
  readonly createClient: (config: Config) => EngineClient;
  readonly loadedEngines: LoadedEngines;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: (status: EngineStatus) => void;
  readonly onProblem: (problem: Problem) => void;
  /** What was wrong is right again. */
  readonly onRecovered: () => void;
  /** Good to know, nothing to do. */
  readonly onNotice: (message: string) => void;
}

export class EngineLifecycle implements CompletionSource, AsyncDisposable {
  readonly #options: EngineLifecycleOptions;
  #config: Config | undefined;
  #client: EngineClient | undefined;
  #broker: CompletionBroker | undefined;
  /** Ends the change that is under way; a newer one replaces it. */
  #change = new AbortController();
  #changed: Promise<void> = Promise.resolve();
  /** Every broker counts its suggestions from 1; added to that, ids are unique for this window's life. */
  #idBase = 0;
  #isChanging = false;
  #isBenchmarking = false;
  #progress: string | undefined;
  /** Why no request is worth sending. */
  #refusal: Problem | undefined;
  readonly #others: OtherWindows;
  /** The engine was ended as nobody asked; the next question starts it. */
  #isAsleep = false;

  constructor(options: EngineLifecycleOptions) {
    this.#options = options;
    this.#others = new OtherWindows(options.loadedEngines, options.log, () => this.#fire());
  }

  get status(): EngineStatus {
    const phase = this.#phase;
    return {
      phase,
      detail: this.#refusal?.message ?? this.#progress,
      failure: phase === "failed" ? (this.#refusal?.kind ?? "engine") : undefined,
      models: this.#client?.models,
      alsoLoadedBytes: this.#others.alsoLoadedBytes,
    };
  }

  /** Brings the engine to what the settings say. Never rejects. */
  apply(config: Config): Promise<void> {
    const before = this.#config;
    this.#config = config;
    const isSame =
      before !== undefined && before.enabled === config.enabled && !needsReload(before, config);
    if (!isSame) return this.#replaceChange((signal) => this.#serve(config, before, signal));
    if (asksOtherwise(before, config) && this.#broker !== undefined) this.#createBroker(config);
    return Promise.resolve();
  }

  /** The status once the engine is what the settings say, or cannot be. */
  async settled(): Promise<EngineStatus> {
    await this.#changed;
    return this.status;
  }

  /** A new engine with the same models. Never rejects. */
  restart(): Promise<void> {
    const config = this.#config;
    if (config === undefined) return Promise.resolve();
    return this.#replaceChange((signal) => this.#serve(config, undefined, signal));
  }

  /** Ends the engine until `wake`, where it has nothing to do. Never rejects. */
  async sleep(): Promise<void> {
    const isServing = this.#client?.state === "ready" && !this.#isChanging;
    if (!isServing || this.#isBenchmarking || this.#isAsleep) return;
    this.#options.log("info", "unloaded reason=idle");
    await this.#replaceChange(async () => {
      this.#isAsleep = true;
      await this.#endClient();
      await this.#others.withdraw();
    });
  }

  /** Resolves when an engine that slept is up again, or cannot be; at once where none slept. Never rejects. */
  async wake(): Promise<void> {
    const config = this.#config;
    if (!this.#isAsleep || config === undefined) return;
    this.#isAsleep = false;
    await this.#replaceChange((signal) => this.#serve(config, undefined, signal));
  }

  async query(query: CompletionQuery, signal: AbortSignal): Promise<QueryOutcome> {
    const refusal = this.#refusal;
    if (refusal !== undefined || this.#broker === undefined) {
      const detail = refusal?.message ?? l10n.t("The engine is not running.");
      const reason = refusal?.kind === "engine" ? "engineFailed" : "noModel";
      return { noSuggestion: { reason, detail } };
    }
    if (this.#isBenchmarking) return { noSuggestion: { reason: "busy", detail: BENCHMARKING } };
    const idBase = this.#idBase;
    const outcome = await this.#broker.query(query, signal);
    if ("noSuggestion" in outcome) return outcome;
    return { suggestion: { ...outcome.suggestion, id: idBase + outcome.suggestion.id } };
  }

  prepare(query: CompletionQuery): void {
    if (this.#refusal === undefined) this.#broker?.prepare(query);
  }

  accepted(suggestionId: number, rank = 1): void {
    this.#broker?.accepted(suggestionId - this.#idBase, rank);
  }

  forget(documentId?: string): void {
    this.#broker?.forget(documentId);
  }

  /** Measures with the models as they are. Meanwhile there are no suggestions: one would end the run. */
  async bench(
    params: BenchParams,
    onProgress: (progress: BenchProgress) => void,
    signal: AbortSignal,
  ): Promise<BenchReport> {
    if (this.#client === undefined) throw new Error(l10n.t("The engine is not running."));
    this.#isBenchmarking = true;
    try {
      return await this.#client.bench(params, onProgress, signal);
    } finally {
      this.#isBenchmarking = false;
    }
  }

  /** What the target got for the last completion; undefined where there was none. */
  async lastPrompt(): Promise<LastPrompt | undefined> {
    return (await this.#client?.lastPrompt(this.#change.signal)) ?? undefined;
  }

  async lookForOthers(): Promise<void> {
    await this.#others.look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#change.abort(abortError("Treeline was deactivated."));
    await this.#endClient();
    await this.#others.withdraw();
  }

  get #phase(): Phase {
    if (this.#config !== undefined && !this.#config.enabled) return "off";
    if (this.#refusal !== undefined) return "failed";
    if (this.#isAsleep) return "asleep";
    const state = this.#client?.state ?? "stopped";
    if (this.#isChanging) return state === "loading" ? "loading" : "starting";
    if (state === "stopped") return "starting";
    return state === "restarting" ? "recovering" : state;
  }

  #replaceChange(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#change.abort(abortError("The settings changed."));
    const change = new AbortController();
    this.#change = change;
    const before = this.#changed;
    this.#changed = (async () => {
      await before;
      if (change.signal.aborted) return;
      this.#isChanging = true;
      try {
        await work(change.signal);
      } catch (error) {
        this.#failed(error, change.signal);
      } finally {
        this.#isChanging = false;
        this.#progress = undefined;
        this.#fire();
      }
    })();
    return this.#changed;
  }

  /** @param before - what the client that is there was made for; undefined for a new one. */
  async #serve(config: Config, before: Config | undefined, signal: AbortSignal): Promise<void> {
    const { createClient, log, onNotice } = this.#options;
    this.#refusal = undefined;
    this.#isAsleep = false;
    if (!config.enabled) {
      await this.#endClient();
      await this.#others.withdraw();
      return;
    }
    if (before?.gpu !== config.gpu) await this.#endClient();
    if (this.#client === undefined) {
      this.#client = createClient(config);
      this.#client.onStateChange((state) => this.#stateChanged(state));
      this.#client.onNotice(onNotice);
    }
    // Asked as the newest settings say: they may have changed while the engine before this one ended.
    this.#createBroker(this.#config ?? config);
    this.#fire();
    const params = loadParamsOf(config, this.#options.bundled);
    const models = await this.#client.load(params, (progress) => this.#report(progress), signal);
    for (const notice of models.notices) log("warn", `notice text=${JSON.stringify(notice)}`);
    await this.#others.announce(models);
  }

  #createBroker(config: Config): void {
    const { clock, log } = this.#options;
    this.#broker?.[Symbol.dispose]();
    this.#idBase += IDS_PER_BROKER;
    this.#broker = new CompletionBroker({
      engine: {
        complete: (params, onChunk, signal) => {
          if (this.#client === undefined) throw abortError("The engine was ended.");
          if (this.#isBenchmarking) throw abortError(BENCHMARKING);
          return this.#client.complete(params, onChunk, signal);
        },
      },
      ...askedHow(config),
      clock,
      log,
      caches: true,
    });
  }

  #report({ model, fraction }: LoadProgress): void {
    this.#progress = l10n.t("Loading the {0} model: {1} %", model, Math.round(fraction * 100));
    this.#fire();
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted || isAbortError(error)) return;
    const message = messageOf(error);
    const code = error instanceof EngineError ? error.code : "internal";
    this.#options.log("error", `load failed code=${code} message=${JSON.stringify(message)}`);
    const problem = loadProblem(code, message, this.#config);
    // A crash may be the backend's: the next request tries again, on another one in the end.
    if (code !== "engineCrashed") this.#refusal = problem;
    this.#options.onProblem(problem);
  }

  #stateChanged(state: EngineState): void {
    if (state === "failed") this.#options.onProblem(gaveUpProblem());
    // By itself after a crash, too: not when models are loaded again, which the next request may crash as the last one did.
    const client = this.#client;
    const serves = state === "ready" && client?.models !== undefined;
    if (serves && client.isSound) this.#options.onRecovered();
    this.#fire();
  }

  async #endClient(): Promise<void> {
    this.#broker?.[Symbol.dispose]();
    this.#broker = undefined;
    const client = this.#client;
    this.#client = undefined;
    await client?.[Symbol.asyncDispose]();
  }

  #fire(): void {
    this.#options.onChange(this.status);
  }
}
