/**
 * The suggestions beside one that is known: asked for while it rests on the screen, or when the user wants others. The
 * engine decodes the first anew for them, from drafts that are its own text, so that it costs a pass or two.
 */
import { isAbortError, messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import type { SuggestionProposer } from "../../engine/protocol/suggestionMessages.ts";
import { abortError } from "../abort.ts";
import { type CacheHit, type CompletionCache, typedBetween } from "./completionCache.ts";
import { type AskedHow, type CompletionQuery, paramsOf } from "./completionQuery.ts";
import type { CompletionEngine } from "./runningGeneration.ts";

export interface AlternativesOptions extends AskedHow {
  readonly engine: CompletionEngine;
  /** The first included; at least 2. */
  readonly numSuggestions: number;
  readonly suggestionMethod: SuggestionProposer;
  readonly log: Log;
}

/** What is being decoded, and for which place. */
interface Job {
  readonly query: CompletionQuery;
  /** The first suggestion there. */
  readonly text: string;
  readonly controller: AbortController;
  readonly end: Promise<readonly string[] | undefined>;
}

export class Alternatives {
  readonly #options: AlternativesOptions;
  readonly #cache: CompletionCache;
  #job: Job | undefined;

  constructor(options: AlternativesOptions, cache: CompletionCache) {
    this.#options = options;
    this.#cache = cache;
  }

  get isRunning(): boolean {
    return this.#job !== undefined;
  }

  /**
   * The texts beside the first, best first; undefined if they cannot be had. They are kept with the first. Never rejects.
   * @param first - what is shown at the query's cursor.
   */
  prepare(query: CompletionQuery, first: CacheHit): Promise<readonly string[] | undefined> {
    if (first.others !== undefined) return Promise.resolve(first.others);
    const running = this.#job;
    if (running?.text === first.text && typedBetween(running.query, query) === "") {
      return running.end;
    }
    this.abort();
    const controller = new AbortController();
    const end = this.#decode(query, first, controller.signal);
    const job = { query, text: first.text, controller, end };
    this.#job = job;
    void end.then(() => {
      if (this.#job === job) this.#job = undefined;
    });
    return end;
  }

  /** Whether what is decoded is for this place, or for where the user began to type the first suggestion. */
  isOfUse(query: CompletionQuery): boolean {
    const typed = this.#job && typedBetween(this.#job.query, query);
    return typed !== undefined && this.#job?.text.startsWith(typed) === true;
  }

  /** Ends it; the engine is free after the pass it is in. */
  abort(): void {
    this.#job?.controller.abort(abortError("Other suggestions are no longer wanted."));
    this.#job = undefined;
  }

  /** Ends it if it is for this document, or for any. */
  forget(documentId?: string): void {
    if (documentId === undefined || this.#job?.query.documentId === documentId) this.abort();
  }

  async #decode(
    query: CompletionQuery,
    { completion, text: first }: CacheHit,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined> {
    const { engine, numSuggestions, suggestionMethod, log } = this.#options;
    const params = { ...paramsOf(query, this.#options), numSuggestions, suggestionMethod };
    try {
      const result = await engine.complete(params, () => {}, signal);
      if (signal.aborted) return undefined;
      const others = (result.suggestions ?? [])
        .map(({ text }) => text)
        // What is shown stays the first, should another near tie have made the engine begin otherwise.
        .filter((text) => text !== first)
        .slice(0, numSuggestions - 1);
      const { id } = completion;
      const known = { id, result: { ...completion.result, text: first }, isPrefetched: false };
      this.#cache.add(query, { ...known, others });
      log("debug", `alternatives id=${id} count=${others.length}`);
      return others;
    } catch (error) {
      if (!signal.aborted && !isAbortError(error)) {
        log("warn", `alternatives failed reason=${JSON.stringify(messageOf(error))}`);
      }
      return undefined;
    }
  }
}
