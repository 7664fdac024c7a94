/**
 * One life of the engine process: spawned, greeted, asked, watched, ended. It starts no second one; `EngineClient` does.
 * The engine ends when its channel closes, so it goes with this process however that ends.
 */

import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  type CancellationToken,
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
  type ProgressType,
  type RequestType,
  type RequestType0,
} from "vscode-jsonrpc/node";
import type { GpuChoice } from "../../core/base/backend.ts";
import { EngineError } from "../../core/base/errors.ts";
import { pathText } from "../../core/base/foreignText.ts";
import type { Log } from "../../core/base/log.ts";
import { beatNotification } from "../../engine/protocol/beatMessages.ts";
import {
  healthRequest,
  logNotification,
  PROTOCOL_VERSION,
  type WireError,
} from "../../engine/protocol/protocol.ts";
import type { Clock } from "../clock.ts";
import { type PendingAnswer, sendCancellable } from "./engineAnswer.ts";
import { describeExit, type EngineExit, StderrTail } from "./engineExit.ts";
import { EngineWatch } from "./engineWatch.ts";
import { type Patience, START, START_TIMEOUT_MS } from "./patience.ts";

/** Time an engine has to end by itself once its channel is closed, in ms. */
const EXIT_GRACE_MS = 1_000;
/** Time the system may take to end a killed engine, in ms; one that is stuck in a driver or a drive may stay for ever. */
const KILL_GRACE_MS = 5_000;
/** Time the last lines of stderr may take to arrive after the exit, in ms. */
const DRAIN_MS = 250;

export interface EngineProcessOptions {
  /** The built engine, an ES module. */
  readonly enginePath: string;
  readonly gpu: GpuChoice;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly clock: Clock;
  /** The error of a request that the engine can no longer answer. */
  readonly endedError: (engine: EngineProcess) => Error;
}

/** A request with parameters, which tells how far it is. */
export interface EngineWork<P extends object, R, Q> {
  readonly type: RequestType<P & { progressToken: string }, R, WireError>;
  readonly params: P;
  readonly patience: Patience;
  readonly progressType: ProgressType<Q>;
  /** Called until the engine answers, which after a cancel is later than the caller's rejection. */
  readonly onProgress: (progress: Q) => void;
}

/**
 * How the engine is forked. No flags are inherited: a debugger's port or a memory limit of the host is not the engine's.
 * @param electronVersion - `process.versions.electron`; Electron's binary must be told to be Node.
 */
export function forkOptions(
  env: NodeJS.ProcessEnv,
  electronVersion: string | undefined,
): ForkOptions {
  return {
    serialization: "advanced",
    execArgv: [],
    // A native library may print to stdout, which would mix with the command line's output.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: {
      // glibc would give each worker thread an arena of its own, which never shrinks; others ignore it.
      MALLOC_ARENA_MAX: "2",
      ...env,
      ...(electronVersion === undefined ? {} : { ELECTRON_RUN_AS_NODE: "1" }),
    },
  };
}

export class EngineProcess implements AsyncDisposable {
  /**
   * Resolves when the process is gone, whatever the reason, or was given up because the system cannot end it; pending
   * requests reject just after.
   */
  readonly exited: Promise<EngineExit>;
  readonly #child: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #watch: EngineWatch;
  readonly #endedError: () => Error;
  #giveUp: (exit: EngineExit) => void = () => {};
  #exit: EngineExit | undefined;
  #hang: string | undefined;
  #isRetired = false;

  private constructor(child: ChildProcess, { log, clock, endedError }: EngineProcessOptions) {
    this.#child = child;
    this.#endedError = () => endedError(this);
    const givenUp = new Promise<EngineExit>((resolve) => {
      this.#giveUp = resolve;
    });
    this.exited = Promise.race([watchExit(child), givenUp]).then((exit) =>
      this.#hang === undefined ? exit : { ...exit, hang: this.#hang },
    );
    this.#connection = createMessageConnection(
      new IPCMessageReader(child),
      new IPCMessageWriter(child),
    );
    this.#watch = new EngineWatch(clock, (finding) => {
      log("warn", `kill engine reason="it ${finding}"`);
      this.#hang = finding;
      this.#kill();
    });
    child.on("message", () => this.#watch.heard());
    this.#connection.onNotification(beatNotification, (beat) => this.#watch.beat(beat));
    this.#connection.onNotification(logNotification, ({ level, message }) => log(level, message));
    // A write to a process that just died; the exit tells the requests.
    this.#connection.onError(([error]) => log("debug", `channel error="${error.message}"`));
    this.#connection.listen();
    const killNow = () => child.kill("SIGKILL");
    process.once("exit", killNow);
    void this.exited.then((exit) => {
      this.#exit = exit;
      this.#watch[Symbol.dispose]();
      process.off("exit", killNow);
      // Whoever awaits `exited` learns of the crash before its requests fail.
      setImmediate(() => this.#connection.dispose());
    });
  }

  /**
   * Forks the engine and shakes hands.
   * @throws EngineError `engineStartFailed` if it exits or does not answer in time, `protocolMismatch` if it is another
   *   version; no process is left behind then.
   */
  static async start(options: EngineProcessOptions, signal: AbortSignal): Promise<EngineProcess> {
    signal.throwIfAborted();
    const { enginePath, gpu, env, log } = options;
    const { electron } = process.versions;
    const child = fork(enginePath, ["--gpu", gpu], forkOptions(env, electron));
    const engine = new EngineProcess(child, options);
    try {
      const health = await Promise.race([
        engine.ask(healthRequest, START, signal),
        engine.exited.then((exit) => {
          throw new EngineError(
            "engineStartFailed",
            exit.hang === undefined
              ? `The engine process did not start: it ended with ${describeExit(exit)}. ` +
                  `Check that ${pathText(enginePath)} exists and belongs to this version; reinstalling restores it.`
              : `The engine process did not answer within ${START_TIMEOUT_MS / 1000} s. ` +
                  "Close programs that keep the machine busy, or set the GPU to off if a driver hangs.",
          );
        }),
      ]);
      if (health.protocolVersion !== PROTOCOL_VERSION) {
        throw new EngineError(
          "protocolMismatch",
          `Expected an engine of protocol ${PROTOCOL_VERSION}, found ${health.protocolVersion} ` +
            `in ${pathText(enginePath)}. Reinstall, so that both parts come from one build.`,
        );
      }
      log("info", `engine started pid=${health.pid} node=${health.nodeVersion} gpu=${gpu}`);
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** For notifications; requests go through `ask` and `work`, so that all are watched. */
  get connection(): Pick<MessageConnection, "onNotification" | "sendNotification"> {
    return this.#connection;
  }

  /** How it ended, or undefined while it runs. */
  get exit(): EngineExit | undefined {
    return this.#exit;
  }

  /** Whether its end was asked for, so that it is no crash. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /**
   * Asks a question.
   * @param params - of the questions that have any.
   * @throws the signal's reason; what `endedError` says if it cannot be answered any more.
   */
  async ask<R, P extends object>(
    type: RequestType0<R, WireError> | RequestType<P, R, WireError>,
    patience: Patience,
    signal: AbortSignal,
    params?: P,
  ): Promise<R> {
    signal.throwIfAborted();
    const watched = this.#watch.begin(patience, signal);
    const { method } = type;
    const send = (token: CancellationToken) =>
      params === undefined
        ? this.#connection.sendRequest<R>(method, token)
        : this.#connection.sendRequest<R>(method, params, token);
    const onAnswer = () => watched[Symbol.dispose]();
    return await sendCancellable(send, this.#endedError, onAnswer, signal).result;
  }

  /** Has something done. @throws like `ask`. */
  work<P extends object, R, Q>(work: EngineWork<P, R, Q>, signal: AbortSignal): PendingAnswer<R> {
    signal.throwIfAborted();
    const progressToken = randomUUID();
    const watched = this.#watch.begin(work.patience, signal);
    const progress = this.#connection.onProgress(work.progressType, progressToken, (value) => {
      watched.progressed();
      work.onProgress(value);
    });
    const params = { ...work.params, progressToken };
    const send = (token: CancellationToken) =>
      this.#connection.sendRequest<R>(work.type.method, params, token);
    const onAnswer = () => {
      progress.dispose();
      watched[Symbol.dispose]();
    };
    return sendCancellable(send, this.#endedError, onAnswer, signal);
  }

  /** Waits for it beside all requests: it is ended if it hangs until what is returned is disposed. */
  watchFor(patience: Patience): Disposable {
    return this.#watch.begin(patience, new AbortController().signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isRetired = true;
    this.#watch[Symbol.dispose]();
    this.#connection.dispose();
    if (this.#child.connected) this.#child.disconnect();
    const grace = setTimeout(() => this.#kill(), EXIT_GRACE_MS);
    await this.exited;
    clearTimeout(grace);
  }

  #kill(): void {
    const child = this.#child;
    child.kill("SIGKILL");
    const grace = setTimeout(() => {
      // Neither requests nor this process wait for one that stays.
      if (child.connected) child.disconnect();
      child.stderr?.destroy();
      child.unref();
      this.#giveUp({ code: null, signal: null, lastStderrLine: "the system could not end it" });
    }, KILL_GRACE_MS);
    void this.exited.then(() => clearTimeout(grace));
  }
}

function watchExit(child: ChildProcess): Promise<EngineExit> {
  const { stderr } = child;
  const tail = new StderrTail();
  stderr?.setEncoding("utf8").on("data", (text: string) => tail.append(text));
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      const settle = () => resolve({ code, signal, lastStderrLine: tail.lastLine });
      // Not the child's `close`: it does not come once the channel was closed from this side.
      if (stderr === null || stderr.closed) return settle();
      const drained = setTimeout(settle, DRAIN_MS);
      stderr.once("close", () => {
        clearTimeout(drained);
        settle();
      });
    });
    child.on("error", (error) => {
      // Without a process there will be no exit.
      if (child.pid === undefined) {
        resolve({ code: null, signal: null, lastStderrLine: error.message });
      }
    });
  });
}
