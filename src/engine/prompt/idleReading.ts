/**
 * Lets models read between requests what they lack at the place of the last one: the draft model, so that it drafts from the
 * second step of the next; the target, so that the next has a longer prompt. It waits for its turn, and the next request stops it
 * within its pass.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isAbortError, messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import { endOfPart, READ_STEP } from "../../core/tree/promptReading.ts";
import type { TargetModel } from "../../core/tree/targetModel.ts";
import type { BackgroundTurns } from "../base/backgroundTurns.ts";

/** Before the target reads, in ms: keys that follow each other faster find it free. */
export const REST_MS = 250;

/** What is to be read. */
export interface Reading {
  readonly model: Pick<TargetModel, "numHeld" | "prefill"> & {
    /** Keeps the prompt in use aside, where the model can. */
    turnTo?(tokens: Int32Array): void;
  };
  /** Asked for in the reading's own turn; undefined: nothing. */
  readonly tokens: () => Int32Array | undefined;
  /** Only once nobody has asked for a while. */
  readonly waits?: boolean;
  /** Told of each part. */
  readonly onRead?: (numTokens: number, ms: number) => void;
  /** Told once all is read. */
  readonly onDone?: () => void;
}

export class IdleReading {
  readonly #turns: BackgroundTurns;
  readonly #log: Log;
  #running: { readonly controller: AbortController; readonly end: Promise<void> } | undefined;

  /** @param turns - those between requests. */
  constructor(turns: BackgroundTurns, log: Log) {
    this.#turns = turns;
    this.#log = log;
  }

  /** From the next turn on these are read, one after the other, in place of what was to be read. */
  start(readings: readonly Reading[]): void {
    const before = this.stop();
    const controller = new AbortController();
    const end = before.then(() => this.#readAll(readings, controller.signal));
    this.#running = { controller, end };
  }

  /** Resolves when no pass is running and none will; soon where passes can be stopped. Never rejects. */
  async stop(): Promise<void> {
    this.#running?.controller.abort();
    await this.#running?.end;
  }

  async #readAll(readings: readonly Reading[], signal: AbortSignal): Promise<void> {
    try {
      for (const reading of readings) await this.#read(reading, signal);
    } catch (error) {
      if (signal.aborted && isAbortError(error)) return;
      // The request that next uses the model reports what is wrong with it.
      this.#log("warn", `idle-reading failed reason=${JSON.stringify(messageOf(error))}`);
    }
  }

  /** @throws the signal's reason; what the model throws. */
  async #read(reading: Reading, signal: AbortSignal): Promise<void> {
    const { model, waits = false, onRead, onDone } = reading;
    if (waits) await delay(REST_MS, undefined, { signal, ref: false });
    const tokens = reading.tokens();
    if (tokens === undefined) return;
    for (let numRead = model.numHeld(tokens); numRead < tokens.length; ) {
      await this.#turns.next(signal);
      // A request may have used the model since the last part.
      model.turnTo?.(tokens);
      const numHeld = model.numHeld(tokens);
      numRead = endOfPart(numHeld, READ_STEP, tokens.length);
      const start = performance.now();
      await model.prefill(tokens.subarray(0, numRead), signal);
      onRead?.(numRead - numHeld, performance.now() - start);
    }
    onDone?.();
  }
}
