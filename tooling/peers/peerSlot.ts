/**
 * What one kind of peer runs on. Its contexts are kept from run to run as ours are: a new one's first passes are slow, as
 * their buffers are touched for the first time.
 */
import type {
  LlamaContext,
  LlamaContextSequence,
  LlamaModel,
  Token as PeerToken,
  TokenPredictor,
} from "node-llama-cpp";
import type { DecodeRun } from "../../src/bench/speed/benchDecoder.ts";
import type { Backend } from "../../src/core/base/backend.ts";
import type { Token } from "../../src/core/base/tokens.ts";
import type { GenerationLimits } from "../../src/core/tree/generation.ts";
import { MAX_BATCH } from "../../src/llama/target/batchSize.ts";
import {
  describePeer,
  type PeerSettings,
  type PeerSetup,
  type PeerThreads,
} from "./peerSettings.ts";

/** A peer's models, and what contexts of them are opened with. */
export interface PeerFoundation {
  readonly target: LlamaModel;
  readonly draft: LlamaModel | undefined;
  readonly contextSize: number;
  readonly backend: Backend;
}

/** Code that repeats itself, so that lookups find something and passes of many rows are run as well. */
const WARM_UP_TEXT = "const value = list[index];\n".repeat(MAX_BATCH);
const WARM_UP_TOKENS = 8;

interface OpenContext {
  readonly context: LlamaContext;
  readonly sequence: LlamaContextSequence;
}

export class PeerSlot implements AsyncDisposable {
  readonly #foundation: PeerFoundation;
  readonly #threads: PeerThreads;
  #draft: OpenContext | undefined;
  #target: OpenContext | undefined;
  /** In words, what the target's sequence was made for: node-llama-cpp joins it with a predictor for its life. */
  #setupName = "";

  private constructor(foundation: PeerFoundation, threads: PeerThreads) {
    this.#foundation = foundation;
    this.#threads = threads;
  }

  /**
   * Opens a slot and runs a first generation, which nobody measures.
   * @throws what node-llama-cpp throws, for lack of memory among others; nothing stays open then.
   */
  static async open(
    foundation: PeerFoundation,
    setup: PeerSetup,
    signal: AbortSignal,
  ): Promise<PeerSlot> {
    const slot = new PeerSlot(foundation, setup.threads);
    try {
      const { draft, target, contextSize } = foundation;
      if (setup.settings.kind === "draft" && draft !== undefined) {
        const context = await openContext(draft, setup.threads.draft, foundation);
        slot.#draft = { context, sequence: context.getSequence() };
      }
      await slot.use(setup);
      const numTokens = Math.min(MAX_BATCH, Math.floor(contextSize / 2));
      const prompt = Int32Array.from(target.tokenize(WARM_UP_TEXT).slice(0, numTokens));
      const limits = { maxTokens: WARM_UP_TOKENS, isEndToken: () => false };
      await slot.decode(setup, prompt, limits, signal);
      return slot;
    } catch (error) {
      await slot[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whether a setup can run here: threads belong to a context for its life. */
  takes({ threads }: PeerSetup): boolean {
    return threads.target === this.#threads.target && threads.draft === this.#threads.draft;
  }

  /** Ends what still runs in the background, empties the caches, and takes the setup's predictor. */
  async use(setup: PeerSetup): Promise<void> {
    const name = describePeer(setup);
    const isSame = this.#target !== undefined && this.#setupName === name;
    // The target first: that ends its predictor, which fills the draft's cache.
    if (isSame) await this.#target?.sequence.clearHistory();
    else await this.#target?.sequence.dispose();
    await this.#draft?.sequence.clearHistory();
    if (isSame) return;
    const tokenPredictor = await createPredictor(setup.settings, this.#draft?.sequence);
    const context =
      this.#target?.context ??
      (await openContext(this.#foundation.target, this.#threads.target, this.#foundation));
    this.#target = { context, sequence: context.getSequence({ tokenPredictor }) };
    this.#setupName = name;
  }

  /**
   * The output ends by our rules, so that all count the same; the prompt is a part of its first pass.
   * @throws RangeError for another setup than that of {@link use}; the signal's reason, between two tokens.
   */
  async decode(
    setup: PeerSetup,
    promptTokens: Int32Array,
    { maxTokens, isEndToken }: GenerationLimits,
    signal: AbortSignal,
  ): Promise<DecodeRun> {
    const sequence = this.#target?.sequence;
    if (sequence === undefined || this.#setupName !== describePeer(setup)) {
      throw new RangeError("a peer decodes before it was prepared");
    }
    const start = performance.now();
    const prompt = Array.from(promptTokens) as PeerToken[];
    sequence.tokenPredictor?.updateInputTokens(prompt);
    const before = sequence.tokenPredictions;
    const tokens: Token[] = [];
    const tokenMs: number[] = [];
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
      tokenMs.push(performance.now() - start);
      if (tokens.length >= maxTokens) break;
    }
    const totalMs = performance.now() - start;
    const numUsed = sequence.tokenPredictions.used - before.used;
    return {
      tokens: Int32Array.from(tokens),
      numFirstTokens: Math.min(numFirst, tokens.length),
      firstTokenMs: firstTokenMs ?? totalMs,
      promptMs: null,
      tokenMs,
      decodeMs: totalMs - (firstTokenMs ?? totalMs),
      numSteps: numCommitted - numUsed,
      numCommitted,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const open of [this.#target, this.#draft]) {
      await open?.sequence.dispose();
      await open?.context.dispose();
    }
    this.#target = undefined;
    this.#draft = undefined;
  }
}

function openContext(
  model: LlamaModel,
  numThreads: number,
  { contextSize, backend }: PeerFoundation,
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
async function createPredictor(
  settings: PeerSettings,
  draft: LlamaContextSequence | undefined,
): Promise<TokenPredictor> {
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
