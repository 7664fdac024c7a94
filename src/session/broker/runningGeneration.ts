/** A generation under way, and whether what it has streamed still fits what the user has typed since. */
import type {
  CompleteParams,
  CompletionChunk,
  CompletionResult,
} from "../../engine/protocol/completeMessages.ts";
import { abortable, abortError } from "../abort.ts";
import { ListenerSet } from "../listenerSet.ts";
import { type CursorState, typedBetween } from "./completionCache.ts";
import { isSure } from "./confidenceBound.ts";

/** What the broker needs of the engine; `EngineClient` is one. */
export interface CompletionEngine {
  /** @throws EngineError; the signal's reason as soon as that aborts. */
  complete(
    params: CompleteParams,
    onChunk: (chunk: CompletionChunk) => void,
    signal: AbortSignal,
  ): Promise<CompletionResult>;
}

export type GenerationEnd =
  | { readonly kind: "finished"; readonly result: CompletionResult }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "aborted" };

/** For somebody who waits: also the lines that are done, or that the text turned out to be another. */
export type GenerationAnswer =
  | GenerationEnd
  | { readonly kind: "lines"; readonly text: string }
  | { readonly kind: "disagreed" };

export interface GenerationRequest {
  readonly id: number;
  readonly state: CursorState;
  /** By the broker's clock, in ms. */
  readonly startedAt: number;
  readonly isPrefetch: boolean;
}

/** Which lines will do. */
export interface WantedLines {
  /** Resolves when they do. */
  until(signal: AbortSignal): Promise<void>;
  /** Of the first, where it is known. */
  readonly minConfidence: number;
}

export class RunningGeneration {
  readonly id: number;
  readonly startedAt: number;
  readonly isPrefetch: boolean;
  readonly state: CursorState;
  /** Never rejects. */
  readonly end: Promise<GenerationEnd>;
  readonly #controller = new AbortController();
  readonly #growth = new ListenerSet<void>();
  #streamed = "";
  /** Of that, the lines that are done, and how likely the first is right. */
  #numLineChars = 0;
  #confidence: number | undefined;

  /** Begins at once. */
  constructor(
    engine: CompletionEngine,
    params: CompleteParams,
    { id, state, startedAt, isPrefetch }: GenerationRequest,
  ) {
    this.id = id;
    this.startedAt = startedAt;
    this.isPrefetch = isPrefetch;
    this.state = state;
    this.end = this.#run(engine, params);
  }

  /** Undefined if it does not finish. Never rejects. */
  get result(): Promise<CompletionResult | undefined> {
    return this.end.then((end) => (end.kind === "finished" ? end.result : undefined));
  }

  /** What was typed since this generation began; undefined in another place. */
  typedSince(state: CursorState): string | undefined {
    return typedBetween(this.state, state);
  }

  /** Whether its text may still be what the user types: beyond what has streamed nothing speaks against it. */
  agreesWith(state: CursorState): boolean {
    const typed = this.typedSince(state);
    if (typed === undefined || this.#controller.signal.aborted) return false;
    return typed.startsWith(this.#streamed) || this.#streamed.startsWith(typed);
  }

  /**
   * The end, or as soon as it shows, that the text is not what was typed, or the lines that are done by a time.
   * @param lines - from when on lines that are done will do instead of the end; absent if they never do.
   * @throws the signal's reason when that aborts; the generation goes on.
   */
  async answerFor(
    state: CursorState,
    signal: AbortSignal,
    lines?: WantedLines,
  ): Promise<GenerationAnswer> {
    const answered = new AbortController();
    let subscription: Disposable | undefined;
    const early = new Promise<GenerationAnswer>((resolve) => {
      let least: number | undefined;
      const look = () => {
        if (!this.agreesWith(state)) return resolve({ kind: "disagreed" });
        const numTyped = this.typedSince(state)?.length ?? 0;
        if (least === undefined || !isSure(this.#confidence, least, numTyped)) return;
        // Done lines beyond what was typed since.
        const text = this.#streamed.slice(numTyped, this.#numLineChars);
        if (text.trim() !== "") resolve({ kind: "lines", text });
      };
      subscription = this.#growth.add(look);
      lines?.until(answered.signal).then(
        () => {
          least = lines.minConfidence;
          look();
        },
        () => {},
      );
    });
    try {
      return await abortable(Promise.race([this.end, early]), signal);
    } finally {
      answered.abort();
      subscription?.[Symbol.dispose]();
    }
  }

  /** Ends it; the engine is free after the pass it is in. */
  abort(): void {
    this.#controller.abort(abortError("The text is no longer the one to complete."));
  }

  async #run(engine: CompletionEngine, params: CompleteParams): Promise<GenerationEnd> {
    const { signal } = this.#controller;
    try {
      const result = await engine.complete(params, (chunk) => this.#grow(chunk), signal);
      return signal.aborted ? { kind: "aborted" } : { kind: "finished", result };
    } catch (error) {
      return signal.aborted ? { kind: "aborted" } : { kind: "failed", error };
    }
  }

  #grow({ text, endsLine, confidence }: CompletionChunk): void {
    if (this.#controller.signal.aborted) return;
    this.#streamed += text;
    if (endsLine) this.#numLineChars = this.#streamed.length;
    this.#confidence ??= confidence;
    this.#growth.fire();
  }
}
