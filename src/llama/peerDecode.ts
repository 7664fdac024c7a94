/**
 * node-llama-cpp's own speculative decoding, as its users get it: what a benchmark compares with. The same library in the
 * same process, the same model files, our number of threads, context and batch, flash attention as ours.
 */
import { setTimeout as delay } from "node:timers/promises";
import type {
  LlamaContext,
  LlamaContextSequence,
  LlamaModel,
  Token as PeerToken,
} from "node-llama-cpp";
import type { Backend } from "../core/backend.ts";
import type { Token } from "../core/tokens.ts";
import { MAX_BATCH } from "./llamaContext.ts";
import type { LlamaLibrary } from "./llamaLibrary.ts";
import type { PeerSettings } from "./peerSettings.ts";

/** What both contexts of a peer are opened with; the same as ours. */
export interface PeerOptions {
  readonly target: PeerModelFile;
  readonly draft?: PeerModelFile;
  readonly contextSize: number;
  readonly backend: Backend;
}

export interface PeerModelFile {
  readonly path: string;
  readonly gpuLayers: number;
  /** For single rows and batches alike: node-llama-cpp knows one number. */
  readonly numThreads: number;
}

/** A peer's output, cut in two like `DecodeRun` of the bench room. */
export interface PeerRun {
  readonly tokens: Int32Array;
  readonly numFirstTokens: number;
  readonly firstTokenMs: number;
  readonly decodeMs: number;
  readonly numSteps: number;
  readonly numCommitted: number;
}

/** When a peer's output ends: by our rules, so that all count the same. */
export interface PeerLimits {
  readonly maxTokens: number;
  readonly isEndToken: (token: Token) => boolean;
}

/** ggml's threads watch for work this long after a pass of ours; another's passes must not share the cores with them. */
const POOL_REST_MS = 300;

/** One sequence with the predictor of its setting: node-llama-cpp joins them for the sequence's life. */
interface PeerSequence {
  readonly settings: PeerSettings;
  readonly numThreads: number;
  readonly context: LlamaContext;
  readonly sequence: LlamaContextSequence;
}

/** The models of a peer, opened a second time beside ours. */
export class PeerModels implements AsyncDisposable {
  readonly #options: PeerOptions;
  readonly #models: LlamaModel[] = [];
  #draft: { readonly context: LlamaContext; readonly sequence: LlamaContextSequence } | undefined;
  #current: PeerSequence | undefined;

  private constructor(options: PeerOptions) {
    this.#options = options;
  }

  /** @throws what node-llama-cpp throws, for lack of memory among others; nothing stays open then. */
  static async open(
    library: LlamaLibrary,
    options: PeerOptions,
    signal: AbortSignal,
  ): Promise<PeerModels> {
    const { target, draft } = options;
    const peers = new PeerModels(options);
    try {
      for (const { path, gpuLayers } of draft === undefined ? [target] : [target, draft]) {
        const loading = { modelPath: path, gpuLayers, loadSignal: signal };
        peers.#models.push(await library.nodeLlama.loadModel(loading));
      }
      const [, draftModel] = peers.#models;
      if (draft !== undefined && draftModel !== undefined) {
        const context = await openContext(draftModel, draft.numThreads, options);
        peers.#draft = { context, sequence: context.getSequence() };
      }
      return peers;
    } catch (error) {
      await peers[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends what still runs in the background and empties both caches. */
  async prepare(settings: PeerSettings, numThreads: number, signal: AbortSignal): Promise<void> {
    const { sequence } = await this.#sequenceFor(settings, numThreads);
    await sequence.clearHistory();
    await this.#draft?.sequence.clearHistory();
    await delay(POOL_REST_MS, undefined, { signal });
  }

  /**
   * Continues a prompt as {@link prepare} was asked to.
   * @throws the signal's reason, between two tokens.
   */
  async decode(
    promptTokens: Int32Array,
    { maxTokens, isEndToken }: PeerLimits,
    signal: AbortSignal,
  ): Promise<PeerRun> {
    const sequence = this.#current?.sequence;
    if (sequence === undefined) throw new RangeError("a peer decodes before it was prepared");
    const start = performance.now();
    const prompt = Array.from(promptTokens) as PeerToken[];
    sequence.tokenPredictor?.updateInputTokens(prompt);
    const before = sequence.tokenPredictions;
    const tokens: Token[] = [];
    let numCommitted = 0;
    let numFirst = 0;
    let firstTokenMs: number | undefined;
    // The end of the model's own generation is yielded too, so that `isEndToken` alone decides.
    for await (const token of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
      signal.throwIfAborted();
      if (firstTokenMs === undefined) {
        firstTokenMs = performance.now() - start;
        // Predictions that its first pass confirmed are yielded next, without another pass.
        numFirst = 1 + sequence.tokenPredictions.validated - before.validated;
      }
      numCommitted++;
      if (isEndToken(token)) break;
      tokens.push(token);
      if (tokens.length >= maxTokens) break;
    }
    const totalMs = performance.now() - start;
    const numUsed = sequence.tokenPredictions.used - before.used;
    return {
      tokens: Int32Array.from(tokens),
      numFirstTokens: Math.min(numFirst, tokens.length),
      firstTokenMs: firstTokenMs ?? totalMs,
      decodeMs: totalMs - (firstTokenMs ?? totalMs),
      numSteps: numCommitted - numUsed,
      numCommitted,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeCurrent();
    await this.#draft?.sequence.dispose();
    await this.#draft?.context.dispose();
    this.#draft = undefined;
    for (const model of this.#models.splice(0).reverse()) await model.dispose();
  }

  async #sequenceFor(settings: PeerSettings, numThreads: number): Promise<PeerSequence> {
    const current = this.#current;
    if (current?.settings === settings && current.numThreads === numThreads) return current;
    await this.#closeCurrent();
    const [model] = this.#models;
    if (model === undefined) throw new RangeError("a peer was disposed");
    const tokenPredictor = await createPredictor(settings, this.#draft?.sequence);
    const context = await openContext(model, numThreads, this.#options);
    const sequence = context.getSequence({ tokenPredictor });
    this.#current = { settings, numThreads, context, sequence };
    return this.#current;
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.sequence.dispose();
    await current?.context.dispose();
  }
}

/** node-llama-cpp's own version. */
export async function nodeLlamaVersion(): Promise<string> {
  const { getModuleVersion } = await import("node-llama-cpp");
  return getModuleVersion();
}

function openContext(
  model: LlamaModel,
  numThreads: number,
  { contextSize, backend }: PeerOptions,
): Promise<LlamaContext> {
  return model.createContext({
    contextSize,
    batchSize: Math.min(MAX_BATCH, contextSize),
    sequences: 1,
    flashAttention: backend === "cpu" ? false : "auto",
    swaFullCache: true,
    // All of them in every pass, not fewer while the draft model is at work.
    threads: { ideal: numThreads, min: numThreads },
  });
}

/** @throws RangeError for a draft setting without a draft model. */
async function createPredictor(settings: PeerSettings, draft: LlamaContextSequence | undefined) {
  const { DraftSequenceTokenPredictor, InputLookupTokenPredictor } = await import("node-llama-cpp");
  if (settings.kind === "lookup") {
    const { minPattern, maxPrediction } = settings;
    return new InputLookupTokenPredictor({
      patternLength: { min: minPattern },
      predictionLength: { max: maxPrediction },
    });
  }
  if (draft === undefined) throw new RangeError("a draft predictor without a draft model");
  const { minTokens, maxTokens, minConfidence } = settings;
  return new DraftSequenceTokenPredictor(draft, { minTokens, maxTokens, minConfidence });
}
