/** One thing that is to happen if nobody asks for a while; the next plan, or a question, replaces it. */
import { messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import type { Clock } from "../clock.ts";

export class IdlePlan {
  readonly #clock: Clock;
  readonly #log: Log;
  #controller: AbortController | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  start(afterMs: number, action: () => void): void {
    this.cancel();
    const controller = new AbortController();
    this.#controller = controller;
    this.#clock
      .delay(afterMs, controller.signal)
      .then(action)
      .catch((error: unknown) => {
        if (!controller.signal.aborted)
          this.#log("error", `plan failed reason=${messageOf(error)}`);
      });
  }

  cancel(): void {
    this.#controller?.abort();
  }
}
