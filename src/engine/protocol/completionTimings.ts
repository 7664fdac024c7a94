/** Where the time of a completion went, in ms. */
export interface CompletionTimings {
  /** From the request's arrival to its result. */
  readonly totalMs: number;
  /** From the request's arrival to the first committed token. */
  readonly firstTokenMs: number;
  /** Choosing and tokenizing the text around the cursor. */
  readonly promptMs: number;
  /** The target's passes over the prompt, healing included. */
  readonly prefillMs: number;
  /** The drafters' start; no pass of a model. */
  readonly beginMs: number;
  /** All steps: drafting, passes, verification. promptMs + prefillMs + beginMs + decodeMs + othersMs = totalMs. */
  readonly decodeMs: number;
  /** The suggestions beside the first; absent where one was asked for. */
  readonly othersMs?: number;
}
