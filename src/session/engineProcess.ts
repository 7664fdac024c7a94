/**
 * One life of the engine process: spawned, greeted, watched, ended. It starts no second one; `EngineClient` does.
 * The engine ends when its channel closes, so it goes with this process however that ends.
 */
import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from "vscode-jsonrpc/node";
import type { GpuChoice } from "../core/backend.ts";
import { EngineError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { healthRequest, logNotification, PROTOCOL_VERSION } from "../engine/protocol.ts";
import { abortable } from "./abort.ts";
import type { Clock } from "./clock.ts";
import { describeExit, type EngineExit, StderrTail } from "./engineExit.ts";

/** Time from the spawn to the first answer, in ms; a cold disk and a virus scanner need some of it. */
export const START_TIMEOUT_MS = 30_000;
/** Time an engine has to end by itself once its channel is closed, in ms. */
const EXIT_GRACE_MS = 1_000;
/** Time the last lines of stderr may take to arrive after the exit, in ms. */
const DRAIN_MS = 250;

export interface EngineProcessOptions {
  /** The built engine, an ES module. */
  readonly enginePath: string;
  readonly gpu: GpuChoice;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly clock: Clock;
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
  readonly connection: MessageConnection;
  /** Resolves when the process is gone, whatever the reason; pending requests reject just after. */
  readonly exited: Promise<EngineExit>;
  readonly #child: ChildProcess;
  #exit: EngineExit | undefined;
  #isRetired = false;

  private constructor(child: ChildProcess, log: Log) {
    this.#child = child;
    this.exited = watchExit(child);
    this.connection = createMessageConnection(
      new IPCMessageReader(child),
      new IPCMessageWriter(child),
    );
    this.connection.onNotification(logNotification, ({ level, message }) => log(level, message));
    // A write to a process that just died; the exit tells the requests.
    this.connection.onError(([error]) => log("debug", `channel error="${error.message}"`));
    this.connection.listen();
    const killNow = () => child.kill("SIGKILL");
    process.once("exit", killNow);
    void this.exited.then((exit) => {
      this.#exit = exit;
      process.off("exit", killNow);
      // Whoever awaits `exited` learns of the crash before its requests fail.
      setImmediate(() => this.connection.dispose());
    });
  }

  /**
   * Forks the engine and shakes hands.
   * @throws EngineError `engineStartFailed` if it exits or does not answer in time, `protocolMismatch` if it is another
   *   version; no process is left behind then.
   */
  static async start(options: EngineProcessOptions, signal: AbortSignal): Promise<EngineProcess> {
    signal.throwIfAborted();
    const { enginePath, gpu, env, log, clock } = options;
    const { electron } = process.versions;
    const child = fork(enginePath, ["--gpu", gpu], forkOptions(env, electron));
    const engine = new EngineProcess(child, log);
    const greeted = new AbortController();
    try {
      const health = await Promise.race([
        abortable(engine.connection.sendRequest(healthRequest), signal),
        engine.exited.then((exit) => {
          throw new EngineError(
            "engineStartFailed",
            `The engine process did not start: it ended with ${describeExit(exit)}. ` +
              `Check that ${enginePath} exists and belongs to this version; reinstalling restores it.`,
          );
        }),
        clock.delay(START_TIMEOUT_MS, greeted.signal).then(() => {
          throw new EngineError(
            "engineStartFailed",
            `The engine process did not answer within ${START_TIMEOUT_MS / 1000} s. ` +
              "Close programs that keep the machine busy, or set the GPU to off if a driver hangs.",
          );
        }),
      ]);
      if (health.protocolVersion !== PROTOCOL_VERSION) {
        throw new EngineError(
          "protocolMismatch",
          `Expected an engine of protocol ${PROTOCOL_VERSION}, found ${health.protocolVersion} ` +
            `in ${enginePath}. Reinstall, so that both parts come from one build.`,
        );
      }
      log("info", `engine started pid=${health.pid} node=${health.nodeVersion} gpu=${gpu}`);
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    } finally {
      greeted.abort();
    }
  }

  /** How it ended, or undefined while it runs. */
  get exit(): EngineExit | undefined {
    return this.#exit;
  }

  /** Whether its end was asked for, so that it is no crash. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** Ends it at once; it counts as a crash. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isRetired = true;
    this.connection.dispose();
    if (this.#child.connected) this.#child.disconnect();
    const grace = setTimeout(() => this.#child.kill("SIGKILL"), EXIT_GRACE_MS);
    await this.exited;
    clearTimeout(grace);
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
