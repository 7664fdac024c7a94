/**
 * Keeps at most one engine process and says when the next may start. It knows nothing of models or requests; what a
 * crash interrupted it asks its owner.
 */
import type { Backend } from "../../core/base/backend.ts";
import { isAbortError, messageOf } from "../../core/base/errors.ts";
import { abortError } from "../abort.ts";
import { crashError, describeExit, type EngineExit, givenUpError } from "./engineExit.ts";
import { EngineProcess, type EngineProcessOptions } from "./engineProcess.ts";
import { type CrashPhase, RestartPolicy, type StepDown } from "./restartPolicy.ts";
import type { WorkspaceFeed } from "./workspaceFeed.ts";

export interface EngineSupervisorOptions extends Omit<EngineProcessOptions, "endedError"> {
  /** Told of every engine that starts. */
  readonly workspace?: WorkspaceFeed;
}

export interface EngineOwner {
  /** How far the running engine has come, and the backend its models are on. */
  progress(): { readonly phase: CrashPhase; readonly backend: Backend | undefined };
  onCrash(engine: EngineProcess): void;
  onStepDown(step: StepDown): void;
  /** Called when `phase` or the policy's counts have changed. */
  onPhaseChange(): void;
}

export class EngineSupervisor {
  readonly policy: RestartPolicy;
  readonly #options: EngineSupervisorOptions;
  readonly #owner: EngineOwner;
  /** Aborts the start that is under way. */
  readonly #lifetime = new AbortController();
  /** Resolves to the engine; there from the moment a start is asked for until the engine is gone. */
  #starting: Promise<EngineProcess> | undefined;
  #running: EngineProcess | undefined;
  /** Resolves when the engine that was ended is gone. */
  #ended: Promise<void> | undefined;
  #lastFailure = "";

  constructor(options: EngineSupervisorOptions, owner: EngineOwner) {
    this.#options = options;
    this.#owner = owner;
    this.policy = new RestartPolicy(options.gpu, () => options.clock.now());
  }

  get phase(): "none" | "starting" | "running" {
    if (this.#running !== undefined) return "running";
    return this.#starting === undefined ? "none" : "starting";
  }

  /**
   * The running engine, or a new one after the back-off; concurrent callers share it.
   * @throws EngineError `engineStartFailed`, `protocolMismatch`, or `engineCrashed` while it is refused.
   */
  start(): Promise<EngineProcess> {
    if (this.#starting !== undefined) return this.#starting;
    const starting = this.#startAfterBackOff(this.#lifetime.signal);
    this.#starting = starting;
    this.#owner.onPhaseChange();
    starting.catch(() => {
      if (this.#starting === starting) this.#starting = undefined;
      this.#owner.onPhaseChange();
    });
    return starting;
  }

  /** Ends the engine, if there is one, for good; its pending requests reject with an AbortError. Resolves when it is gone. */
  end(): Promise<void> {
    const starting = this.#starting;
    this.#starting = undefined;
    this.#running = undefined;
    this.#lifetime.abort(abortError("The engine was ended."));
    this.#owner.onPhaseChange();
    // A start that is under way cleans up after itself and rejects.
    this.#ended ??= starting?.then(
      (engine) => engine[Symbol.asyncDispose](),
      () => {},
    );
    return this.#ended ?? Promise.resolve();
  }

  async #startAfterBackOff(signal: AbortSignal): Promise<EngineProcess> {
    const { clock, log } = this.#options;
    const plan = this.policy.planStart();
    if (plan.kind === "refuse") {
      throw givenUpError(this.#lastFailure, this.policy.numCrashes, plan.retryInMs);
    }
    if (plan.delayMs > 0) await clock.delay(plan.delayMs, signal);
    const { gpu } = this.policy;
    try {
      const engine = await EngineProcess.start(
        { ...this.#options, gpu, endedError: (engine) => this.#endedError(engine) },
        signal,
      );
      void engine.exited.then((exit) => this.#onExit(engine, exit));
      if (!signal.aborted) {
        this.#running = engine;
        this.#options.workspace?.attach(engine);
      }
      this.#owner.onPhaseChange();
      return engine;
    } catch (error) {
      if (!isAbortError(error)) {
        this.#lastFailure = messageOf(error);
        this.policy.crashed("starting", undefined);
        log("error", `start failed gpu=${gpu} message="${this.#lastFailure}"`);
      }
      throw error;
    }
  }

  #endedError(engine: EngineProcess): Error {
    return engine.isRetired || engine.exit === undefined
      ? abortError("The engine was ended.")
      : crashError(engine.exit, this.policy);
  }

  #onExit(engine: EngineProcess, exit: EngineExit): void {
    if (engine.isRetired) return;
    this.#starting = undefined;
    this.#running = undefined;
    const { phase, backend } = this.#owner.progress();
    this.#lastFailure = `The engine process ended with ${describeExit(exit)}.`;
    const step = this.policy.crashed(phase, backend);
    this.#options.log(
      "error",
      `engine crashed phase=${phase} gpu=${step?.from ?? this.policy.gpu} crashes=${this.policy.numCrashes} ` +
        `reason=${describeExit(exit)}`,
    );
    this.#owner.onCrash(engine);
    if (step !== undefined) this.#owner.onStepDown(step);
    this.#owner.onPhaseChange();
  }
}
