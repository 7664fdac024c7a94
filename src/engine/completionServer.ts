/** Serves one generation at a time: a newer request aborts the older, loads wait for what runs. */
import type { GpuChoice } from "../core/base/backend.ts";
import { EngineError, isAbortError, messageOf } from "../core/base/errors.ts";
import type { Log } from "../core/base/log.ts";
import { KeptAnchors } from "../core/prompt/keptAnchors.ts";
import { PromptSpeed } from "../core/prompt/promptLength.ts";
import { promptText } from "../llama/text/promptText.ts";
import { PromptTokens } from "../llama/text/promptTokens.ts";
import { OutlineParser } from "../workspace/outlineParser.ts";
import type { BackgroundTurns } from "./base/backgroundTurns.ts";
import {
  type GenerationStores,
  generateCompletion,
  type SeenPrompt,
} from "./complete/generateCompletion.ts";
import { Healing } from "./complete/healing.ts";
import type { WorkspaceStore } from "./indexing/workspaceStore.ts";
import { SlicedTokenizer } from "./indexing/workspaceTokenizer.ts";
import { newLearnedState } from "./learned/learnedOfPair.ts";
import { loadModelPair, type ModelPair } from "./models/modelHost.ts";
import { openPolicy } from "./models/openPolicy.ts";
import { ContextSource } from "./prompt/contextSource.ts";
import { IdleReading } from "./prompt/idleReading.ts";
import { answerPrompt } from "./prompt/requestPrompt.ts";
import {
  type CompleteParams,
  type CompletionChunk,
  type CompletionResult,
  completeParams,
} from "./protocol/completeMessages.ts";
import {
  type LastPrompt,
  type PromptAnswer,
  type PromptQuestion,
  promptQuestion,
} from "./protocol/promptMessages.ts";
import {
  type EngineHealth,
  type EngineStatistics,
  type LoadedModels,
  type LoadParams,
  type LoadProgress,
  loadParams,
  PROTOCOL_VERSION,
} from "./protocol/protocol.ts";
import { checkRequest } from "./requestChecks.ts";

/** The engine's state: the loaded pair, the running job, the sums. */
export class CompletionServer {
  readonly #gpu: GpuChoice;
  readonly #log: Log;
  readonly #turns: BackgroundTurns;
  readonly #workspace: WorkspaceStore;
  readonly #idleReading: IdleReading;
  /** Outlives models. */
  readonly #outlines: OutlineParser;
  #pair: ModelPair | undefined;
  #stores: GenerationStores | undefined;
  #lastPrompt: SeenPrompt | undefined;
  /** Aborts when the user turns to another document. */
  #preparing = new AbortController();
  /** Aborts when the models are freed: ends what is no job and uses them. */
  #unloaded = new AbortController();
  /** Aborts the running job; its end is `#idle`. */
  #running: AbortController | undefined;
  #idle: Promise<unknown> = Promise.resolve();
  readonly #statistics = { numCompletions: 0, numCancelled: 0, numFailed: 0, numPasses: 0 };

  /** @param turns - of the work that is done between requests. */
  constructor(gpu: GpuChoice, log: Log, turns: BackgroundTurns, workspace: WorkspaceStore) {
    this.#gpu = gpu;
    this.#log = log;
    this.#turns = turns;
    this.#workspace = workspace;
    this.#idleReading = new IdleReading(turns, log);
    this.#outlines = new OutlineParser(log);
  }

  /** Replaces the loaded models. @throws what `loadModelPair` throws; the old models are gone then, too. */
  load(
    params: LoadParams,
    onProgress: (progress: LoadProgress) => void,
    signal: AbortSignal,
  ): Promise<LoadedModels> {
    return this.#replaceRunning(signal, async (running) => {
      checkRequest(loadParams, params);
      this.#disposeModels();
      const pair = await loadModelPair(this.#gpu, params, onProgress, running);
      this.#pair = pair;
      const onPass = () => void this.#statistics.numPasses++;
      const promptTokens = new PromptTokens(pair.target.model);
      const opened = await openPolicy(pair, params.passCostPath, this.#log, running).catch(
        (error: unknown) => {
          this.#disposeModels();
          throw error;
        },
      );
      const workspace = this.#workspace;
      const tokenizer = new SlicedTokenizer(pair.target.model, this.#turns);
      const learned = newLearnedState(pair, {
        policy: opened?.policy,
        turns: this.#turns,
        log: this.#log,
      });
      this.#stores = {
        pair,
        learned,
        promptTokens,
        anchors: new KeptAnchors(),
        speed: new PromptSpeed(opened?.passCost.ms(1)),
        workspace,
        context: new ContextSource(pair.target.model.vocabulary, pair.fim, this.#outlines),
        passCost: opened?.passCost,
        log: this.#log,
        onPrompt: (prompt) => {
          this.#lastPrompt = prompt;
        },
        onPass,
        healing: new Healing(pair),
        idleReading: this.#idleReading,
      };
      workspace.serve({ tokenizer, learned });
      const { backend, loadMs } = pair.loaded;
      this.#log("info", `loaded backend=${backend} ms=${loadMs.toFixed(0)}`);
      return pair.loaded;
    });
  }

  /** Frees the models, after aborting what runs. */
  unload(): Promise<void> {
    return this.#replaceRunning(new AbortController().signal, async () => this.#disposeModels());
  }

  /** @throws EngineError `notLoaded`, `invalidRequest` or the target's; AbortError when cancelled or overtaken. */
  complete(
    params: CompleteParams,
    onChunk: (chunk: CompletionChunk) => void,
    signal: AbortSignal,
  ): Promise<CompletionResult> {
    return this.#replaceRunning(signal, async (running) => {
      checkRequest(completeParams, params);
      const stores = this.#loadedStores;
      try {
        const result = await generateCompletion(stores, params, onChunk, running);
        this.#statistics.numCompletions++;
        return result;
      } catch (error) {
        if (isAbortError(error)) this.#statistics.numCancelled++;
        else this.#statistics.numFailed++;
        throw error;
      }
    });
  }

  /**
   * Measures the loaded models. A cancel or a newer request ends it with what was finished.
   * @throws EngineError `notLoaded` or what `work` throws.
   */
  measure<T>(
    work: (pair: ModelPair, running: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return this.#replaceRunning(signal, async (running) => work(this.#loadedStores.pair, running));
  }

  /** The user turned to a document: what its requests will ask for is made ready, between them. */
  opened(documentPath: string): void {
    const context = this.#stores?.context;
    const shown = this.#workspace.shownTo({ documentPath });
    this.#preparing.abort();
    this.#preparing = new AbortController();
    if (context === undefined || shown === undefined) return;
    const signal = AbortSignal.any([this.#preparing.signal, this.#unloaded.signal]);
    context
      .prepare(shown, () => this.#turns.next(signal))
      .catch((error: unknown) => {
        if (signal.aborted) return;
        this.#log("warn", `outlines not prepared reason=${JSON.stringify(messageOf(error))}`);
      });
  }

  /** What the target would get. No pass is made, and nothing that runs is disturbed. @throws EngineError `notLoaded`, `invalidRequest`. */
  async promptOf(question: PromptQuestion, signal: AbortSignal): Promise<PromptAnswer> {
    checkRequest(promptQuestion, question);
    const whileLoaded = AbortSignal.any([signal, this.#unloaded.signal]);
    return answerPrompt(this.#loadedStores, question, whileLoaded);
  }

  /** What the target got for the last completion; null if there was none. */
  lastPrompt(): LastPrompt | null {
    if (this.#lastPrompt === undefined || this.#pair === undefined) return null;
    const { tokens, shares, filePath } = this.#lastPrompt;
    const text = promptText(this.#pair.target.model, tokens);
    return { text, shares, ...(filePath === undefined ? {} : { filePath }) };
  }

  /** Deletes what was learned from the workspace's code, in memory and on disk. @throws what keeps the disk from it. */
  async forgetWorkspace(): Promise<void> {
    await this.#idleReading.stop();
    this.#stores?.learned.forget();
    this.#stores?.context?.forget();
    this.#stores?.anchors.forget();
    this.#lastPrompt = undefined;
    await this.#workspace.forget();
  }

  get statistics(): EngineStatistics {
    return { ...this.#statistics };
  }

  get health(): EngineHealth {
    return {
      protocolVersion: PROTOCOL_VERSION,
      pid: process.pid,
      nodeVersion: process.version,
      residentBytes: process.memoryUsage.rss(),
    };
  }

  /** @throws EngineError `notLoaded`. */
  get #loadedStores(): GenerationStores {
    if (this.#stores !== undefined) return this.#stores;
    throw new EngineError("notLoaded", "No model is loaded. Load a target model first.");
  }

  /** The newest job wins: it aborts the one before and starts when that has left the caches right. */
  async #replaceRunning<T>(
    signal: AbortSignal,
    job: (running: AbortSignal) => Promise<T>,
  ): Promise<T> {
    using _ = this.#turns.pause();
    this.#running?.abort();
    void this.#idleReading.stop();
    const controller = new AbortController();
    this.#running = controller;
    const running = AbortSignal.any([signal, controller.signal]);
    const before = this.#idle;
    const result = (async () => {
      // Whatever became of the job before, its own caller has been told.
      await before.catch(() => {});
      // It may have left something to be read.
      await this.#idleReading.stop();
      running.throwIfAborted();
      return job(running);
    })();
    this.#idle = result;
    try {
      return await result;
    } finally {
      if (this.#running === controller) this.#running = undefined;
    }
  }

  #disposeModels(): void {
    this.#unloaded.abort(new EngineError("notLoaded", "The model was unloaded meanwhile."));
    this.#unloaded = new AbortController();
    this.#lastPrompt = undefined;
    this.#workspace.serve(undefined);
    this.#stores?.learned[Symbol.dispose]();
    this.#pair?.[Symbol.dispose]();
    this.#pair = undefined;
    this.#stores = undefined;
  }
}
