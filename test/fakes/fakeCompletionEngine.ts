/** An engine that completes by a function of the text, as fast or as slowly as a test wants. One request at a time. */
import type { CompletionRejection } from "../../src/core/ending/completionRejection.ts";
import { emptyDecodeStats } from "../../src/core/tree/decodeStats.ts";
import type {
  CompleteParams,
  CompletionChunk,
  CompletionResult,
} from "../../src/engine/protocol/completeMessages.ts";
import type { CompletionEngine } from "../../src/session/broker/runningGeneration.ts";

export type TextOf = (prefixText: string, suffixText: string) => string;
/** The suggestions beside the first. */
export type OthersOf = (prefixText: string, suffixText: string) => readonly string[];

/** An empty text after this word is refused for that reason. */
const REJECTION = /empty$|tooShort$|repeatsSuffix$|repeatsLineAbove$|repetitive$/;

/** A request that has arrived; it goes on only when told to. */
export class FakeRequest {
  readonly params: CompleteParams;
  readonly text: string;
  readonly #others: readonly string[];
  readonly #onChunk: (chunk: CompletionChunk) => void;
  readonly #signal: AbortSignal;
  #numSent = 0;
  #settle: { resolve(result: CompletionResult): void; reject(error: unknown): void } | undefined;
  readonly answer: Promise<CompletionResult>;

  constructor(
    params: CompleteParams,
    text: string,
    others: readonly string[],
    onChunk: (chunk: CompletionChunk) => void,
    signal: AbortSignal,
  ) {
    this.params = params;
    this.text = text;
    this.#others = others;
    this.#onChunk = onChunk;
    this.#signal = signal;
    this.answer = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    if (signal.aborted) this.fail(signal.reason);
    else signal.addEventListener("abort", () => this.fail(signal.reason), { once: true });
  }

  get isOpen(): boolean {
    return this.#settle !== undefined;
  }

  get wasAborted(): boolean {
    return this.#signal.aborted;
  }

  /** Sends the next character; after the last one, the result. */
  step(): void {
    if (!this.isOpen) return;
    if (this.#numSent === this.text.length) {
      const rejection = this.text === "" ? this.params.prefixText.match(REJECTION)?.[0] : undefined;
      this.#settle?.resolve({
        ...fakeResult(this.text, rejection as CompletionRejection | undefined),
        ...this.#suggestions,
        ...this.#confidence,
      });
      this.#settle = undefined;
    } else {
      const text = this.text.charAt(this.#numSent++);
      const endsLine = this.text.startsWith("\n", this.#numSent);
      this.#onChunk({ text, endsLine, ...(endsLine ? this.#confidence : {}) });
    }
  }

  /** Named in the text, as in `b(); // 20 %`. */
  get #confidence(): Pick<CompletionResult, "confidence"> {
    const percent = /(\d+) %/.exec(this.text)?.[1];
    return percent === undefined ? {} : { confidence: Number(percent) / 100 };
  }

  get #suggestions(): Pick<CompletionResult, "suggestions"> {
    const { numSuggestions = 1 } = this.params;
    if (numSuggestions === 1) return {};
    const texts = this.text === "" ? [] : [this.text, ...this.#others].slice(0, numSuggestions);
    const sourceOf = (index: number) => (index === 0 ? "greedy" : "branches");
    return {
      suggestions: texts.map((text, index) => ({ text, logProb: -1, source: sourceOf(index) })),
    };
  }

  finish(): void {
    while (this.isOpen) this.step();
  }

  fail(error: unknown): void {
    this.#settle?.reject(error);
    this.#settle = undefined;
  }
}

export class FakeCompletionEngine implements CompletionEngine {
  readonly requests: FakeRequest[] = [];
  readonly #textOf: TextOf;
  readonly #othersOf: OthersOf;
  /** Requests that came while an older one was still wanted. */
  numOverlaps = 0;
  /** Answers at once. */
  isInstant = false;

  constructor(textOf: TextOf, othersOf: OthersOf = () => []) {
    this.#textOf = textOf;
    this.#othersOf = othersOf;
  }

  get running(): FakeRequest | undefined {
    return this.requests.findLast((request) => request.isOpen);
  }

  complete(
    params: CompleteParams,
    onChunk: (chunk: CompletionChunk) => void,
    signal: AbortSignal,
  ): Promise<CompletionResult> {
    if (this.running !== undefined) this.numOverlaps++;
    const { prefixText, suffixText } = params;
    const text = this.#textOf(prefixText, suffixText);
    const others = this.#othersOf(prefixText, suffixText);
    const request = new FakeRequest(params, text, others, onChunk, signal);
    this.requests.push(request);
    if (this.isInstant) request.finish();
    return request.answer;
  }
}

export function fakeResult(text: string, rejection?: CompletionRejection): CompletionResult {
  return {
    text,
    ...(rejection === undefined ? {} : { rejection }),
    tokens: new Int32Array(text.length),
    pieces: Array.from(text),
    tokenSources: new Uint8Array(text.length),
    logProbs: new Float32Array(text.length),
    finishReason: "stopRule",
    stats: emptyDecodeStats(),
    timings: { totalMs: 1, firstTokenMs: 1, promptMs: 0, prefillMs: 0, beginMs: 0, decodeMs: 1 },
  };
}
