/**
 * Lets the draft model read between requests what it lacks at the place of the last one, so that it drafts from the second
 * step of the next. Costs no request anything: it waits for its turn, and the next request stops it within its pass.
 */
import { isAbortError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { endOfPart, READ_STEP } from "../core/promptReading.ts";
import type { TargetModel } from "../core/targetModel.ts";
import type { BackgroundTurns } from "./backgroundTurns.ts";

export class IdleReading {
  readonly #turns: BackgroundTurns;
  readonly #log: Log;
  #running: { readonly controller: AbortController; readonly end: Promise<void> } | undefined;

  /** @param turns - those between requests. */
  constructor(turns: BackgroundTurns, log: Log) {
    this.#turns = turns;
    this.#log = log;
  }

  /** From the next turn on the model reads these tokens, in place of those it was to read. */
  start(model: TargetModel, tokens: Int32Array): void {
    const before = this.stop();
    const controller = new AbortController();
    const end = before.then(() => this.#read(model, tokens, controller.signal));
    this.#running = { controller, end };
  }

  /** Resolves when no pass is running and none will; soon where passes can be stopped. Never rejects. */
  async stop(): Promise<void> {
    this.#running?.controller.abort();
    await this.#running?.end;
  }

  async #read(model: TargetModel, tokens: Int32Array, signal: AbortSignal): Promise<void> {
    try {
      for (let numRead = model.numHeld(tokens); numRead < tokens.length; ) {
        await this.#turns.next(signal);
        // A request may have used the model since the last part.
        numRead = endOfPart(model.numHeld(tokens), READ_STEP, tokens.length);
        await model.prefill(tokens.subarray(0, numRead), signal);
      }
    } catch (error) {
      if (signal.aborted && isAbortError(error)) return;
      // The request that next uses the model reports what is wrong with it.
      this.#log("warn", `idle-reading failed reason=${JSON.stringify(messageOf(error))}`);
    }
  }
}
