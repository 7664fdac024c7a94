/**
 * The models that the engine should hold: loads them, again after a crash, and hands out an engine that holds them.
 */
import { EngineError, isAbortError } from "../../core/base/errors.ts";
import {
  type LoadedModels,
  type LoadParams,
  type LoadProgress,
  loadProgress,
  loadRequest,
} from "../../engine/protocol/protocol.ts";
import { abortable, abortError } from "../abort.ts";
import type { EngineProcess } from "./engineProcess.ts";
import type { EngineSupervisor } from "./engineSupervisor.ts";
import { COMPLETION, FIRST_COMPLETION, LOAD, type Patience } from "./patience.ts";
import type { CrashPhase } from "./restartPolicy.ts";

/** An engine on its way to hold the wanted models. Outlives a crash while the load is tried again. */
interface Serving {
  readonly controller: AbortController;
  readonly promise: Promise<ServingEngine>;
  /** Set once it serves. */
  engine?: EngineProcess;
}

/** An engine, and the models it holds if any are wanted. */
interface ServingEngine {
  readonly engine: EngineProcess;
  readonly models?: LoadedModels;
}

export class ModelServing {
  readonly #supervisor: EngineSupervisor;
  readonly #onChange: () => void;
  /** Loaded again after a crash. */
  #wanted: LoadParams | undefined;
  #serving: Serving | undefined;
  #models: LoadedModels | undefined;
  #hasCompletedSinceLoad = false;
  #numLoads = 0;

  /** @param onChange - called when `isLoading` may have changed. */
  constructor(supervisor: EngineSupervisor, onChange: () => void) {
    this.#supervisor = supervisor;
    this.#onChange = onChange;
  }

  get isLoading(): boolean {
    return this.#numLoads > 0;
  }

  get models(): LoadedModels | undefined {
    return this.#models;
  }

  /** How far the running engine has come. */
  get crashPhase(): CrashPhase {
    if (this.#numLoads === 0 && this.#models === undefined) return "idle";
    return this.#hasCompletedSinceLoad ? "proven" : "unproven";
  }

  /** With completions. */
  get patience(): Patience {
    return this.#hasCompletedSinceLoad ? COMPLETION : FIRST_COMPLETION;
  }

  /** The loaded models finished a completion. */
  completed(): void {
    this.#hasCompletedSinceLoad = true;
  }

  /** See `EngineClient.load`. */
  async load(
    params: LoadParams,
    onProgress: (progress: LoadProgress) => void,
    signal: AbortSignal,
  ): Promise<LoadedModels> {
    signal.throwIfAborted();
    this.#wanted = params;
    const { controller, promise } = this.#serve(onProgress);
    const cancel = () => controller.abort(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const { models } = await promise;
      if (models === undefined) throw new RangeError("a load resolved without models");
      return models;
    } catch (error) {
      // Models that crash the engine stay wanted: the next request tries again, perhaps on another backend.
      const isRefused = signal.aborted || !(isAbortError(error) || isEngineDeath(error));
      if (this.#wanted === params && isRefused) this.#wanted = undefined;
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /** From now on no models are wanted. */
  forget(): void {
    this.#wanted = undefined;
    this.#models = undefined;
    this.interrupt("The models were unloaded.");
  }

  /** Aborts a load under way. The wanted models stay wanted. */
  interrupt(reason: string): void {
    this.#serving?.controller.abort(abortError(reason));
    this.#serving = undefined;
  }

  /** The engine is gone, and with it its models. */
  lost(engine: EngineProcess): void {
    this.#models = undefined;
    // A load that is still under way decides for itself whether to try again.
    if (this.#serving?.engine === engine) this.#serving = undefined;
  }

  /**
   * An engine that holds the wanted models, if any are wanted.
   * @throws the signal's reason, or what kept the engine from starting or the models from loading.
   */
  async engine(signal: AbortSignal): Promise<EngineProcess> {
    for (;;) {
      signal.throwIfAborted();
      const serving = this.#serving ?? this.#serve(() => {});
      try {
        const { engine } = await abortable(serving.promise, signal);
        // A load of the same moment has replaced it: this request comes after.
        if (this.#serving === serving) return engine;
      } catch (error) {
        // Another caller's load was cancelled or replaced; this request goes with what is wanted now.
        if (signal.aborted || !isAbortError(error)) throw error;
      }
    }
  }

  #serve(onProgress: (progress: LoadProgress) => void): Serving {
    this.interrupt("A newer load replaced this one.");
    const controller = new AbortController();
    const promise = this.#startAndLoad(this.#wanted, onProgress, controller.signal);
    const serving: Serving = { controller, promise };
    this.#serving = serving;
    promise.then(
      ({ engine }) => {
        serving.engine = engine;
      },
      () => {
        if (this.#serving === serving) this.#serving = undefined;
      },
    );
    return serving;
  }

  async #startAndLoad(
    params: LoadParams | undefined,
    onProgress: (progress: LoadProgress) => void,
    signal: AbortSignal,
  ): Promise<ServingEngine> {
    for (;;) {
      const engine = await abortable(this.#supervisor.start(), signal);
      if (params === undefined) return { engine };
      try {
        return { engine, models: await this.#loadInto(engine, params, onProgress, signal) };
      } catch (error) {
        if (!(isEngineDeath(error) && this.#supervisor.policy.retriesLoad)) throw error;
      }
    }
  }

  async #loadInto(
    engine: EngineProcess,
    params: LoadParams,
    onProgress: (progress: LoadProgress) => void,
    signal: AbortSignal,
  ): Promise<LoadedModels> {
    const pending = engine.work(
      {
        type: loadRequest,
        params,
        patience: LOAD,
        progressType: loadProgress,
        onProgress(report: LoadProgress) {
          if (!signal.aborted) onProgress(report);
        },
      },
      signal,
    );
    this.#models = undefined;
    this.#hasCompletedSinceLoad = false;
    this.#numLoads++;
    this.#onChange();
    try {
      this.#models = await pending.result;
      return this.#models;
    } finally {
      this.#numLoads--;
      this.#onChange();
    }
  }
}

function isEngineDeath(error: unknown): boolean {
  return error instanceof EngineError && error.code === "engineCrashed";
}
