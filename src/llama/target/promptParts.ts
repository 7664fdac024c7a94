/**
 * How a prompt is cut into passes. The cuts are fixed positions of the context, the same on a quiet machine and a busy one:
 * with quantized weights a row's logits depend on the rows beside it, so cuts that follow the clock would let the same
 * request give other tokens.
 */

/**
 * Rows of a part: about as fast as longer ones. 256 tokens of Qwen2.5-Coder 1.5B Q4_K_M take, in parts of 8, 16, 32, 64, 128
 * and 256, 1.82, 1.07, 1.04, 1.02, 1.00 and 1.05 times the best (two cores); an abort loses a part, or waits for it.
 */
export const PART_ROWS = {
  /** Where an abort stops a pass in its middle. */
  stoppable: 32,
  /** Where the CPU must finish it. */
  cpu: 16,
  /** Devices take whole graphs, and want many rows; partly offloaded models are not much faster than the CPU. */
  device: 64,
} as const;
/** An abort waits for a part that is done within this time, in ms, instead of losing it. */
const WORTH_WAITING_MS = 100;
/** The same behind a part that an abort stopped: while somebody types, every second one gets a prompt on. */
const WORTH_WAITING_AGAIN_MS = 1000;

/** Rows of the part that begins at a position: up to the next cut, or to the end of the prompt. */
export function partLength(position: number, end: number, partRows: number): number {
  return Math.min(end, (Math.floor(position / partRows) + 1) * partRows) - position;
}

/** Lets parts finish that are nearly done: keys follow each other, and a prompt that is always stopped never ends. */
export class PartPace {
  readonly #waits: boolean;
  /** Of the last part that was finished; of a stopped one, at least so much. */
  #msPerRow = Number.POSITIVE_INFINITY;
  #wasStopped = false;

  /** @param waits - no where an abort stops every part at once: what a draft model reads may delay nobody. */
  constructor(waits = true) {
    this.#waits = waits;
  }

  record(numRows: number, elapsedMs: number): void {
    this.#msPerRow = elapsedMs / numRows;
    this.#wasStopped = false;
  }

  /** An abort stopped a part. */
  recordStopped(numRows: number, elapsedMs: number): void {
    if (this.#msPerRow === Number.POSITIVE_INFINITY) this.#msPerRow = elapsedMs / numRows;
    this.#wasStopped = true;
  }

  /**
   * The signal for a part that begins now: aborted with `signal`, unless the part is about to be done.
   * @param now - clock in ms.
   */
  stopSignal(numRows: number, signal: AbortSignal, now: () => number) {
    const expectedEnd = now() + numRows * this.#msPerRow;
    const worthWaitingMs = this.#wasStopped ? WORTH_WAITING_AGAIN_MS : WORTH_WAITING_MS;
    const controller = new AbortController();
    const onAbort = () => {
      const isNearlyDone = expectedEnd - now() <= worthWaitingMs;
      if (!(this.#waits && isNearlyDone)) controller.abort(signal.reason);
    };
    signal.addEventListener("abort", onAbort);
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => signal.removeEventListener("abort", onAbort),
    };
  }
}
