/**
 * node-llama-cpp's own speculative decoding, as its users get it: what a benchmark compares with. The same library in the
 * same process, the same model files, our number of threads, context and batch, flash attention as ours.
 */
import type { LlamaModel } from "node-llama-cpp";
import type { DecodeRun } from "../../src/bench/speed/benchDecoder.ts";
import { byteText } from "../../src/core/base/byteText.ts";
import type { GenerationLimits } from "../../src/core/tree/generation.ts";
import type { LoadedModel, LoadedModels } from "../../src/engine/protocol/protocol.ts";
import type { LlamaLibrary } from "../../src/llama/native/llamaLibrary.ts";
import type { PeerSettings, PeerSetup } from "./peerSettings.ts";
import { PeerSlot } from "./peerSlot.ts";

export type PeerModelFile = Pick<LoadedModel, "path" | "gpuLayers" | "fileBytes">;

/** What a peer is opened with; the same as ours. */
export interface PeerOptions extends Pick<LoadedModels, "contextSize" | "backend"> {
  readonly target: PeerModelFile;
  readonly draft?: PeerModelFile;
}

/**
 * Why peers should not be opened, or undefined. On a CPU their weights take memory a second time, and their contexts and
 * the system need some besides; a device refuses by itself what it has no room for.
 */
export function peerMemoryProblem(
  { target, draft, backend }: PeerOptions,
  freeBytes: number,
): string | undefined {
  const neededBytes = 2 * (target.fileBytes + (draft?.fileBytes ?? 0));
  if (backend !== "cpu" || neededBytes <= freeBytes) return undefined;
  return (
    `node-llama-cpp loads the models a second time, for which ${byteText(neededBytes)} of memory should be free; ` +
    `${byteText(freeBytes)} are.`
  );
}

/** The models of all peers, opened a second time beside ours. */
export class PeerModels implements AsyncDisposable {
  readonly #options: PeerOptions;
  readonly #models: LlamaModel[] = [];
  /**
   * One for each kind, as kinds take turns: at most two contexts of the target and one of the draft. What tries other
   * threads takes the place of its own kind's.
   */
  readonly #slots = new Map<PeerSettings["kind"], PeerSlot>();

  private constructor(options: PeerOptions) {
    this.#options = options;
  }

  /** @throws what node-llama-cpp throws, for lack of memory among others; nothing stays open then. */
  static async open(
    library: Pick<LlamaLibrary, "nodeLlama">,
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
      return peers;
    } catch (error) {
      await peers[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends what still runs in the background and empties the caches; may open contexts, and warms those. */
  async prepare(setup: PeerSetup, signal: AbortSignal): Promise<void> {
    const { kind } = setup.settings;
    const known = this.#slots.get(kind);
    if (known?.takes(setup)) await known.use(setup);
    else {
      this.#slots.delete(kind);
      await known?.[Symbol.asyncDispose]();
      const slot = await this.#open(setup, signal);
      this.#slots.set(kind, slot);
      await slot.use(setup);
    }
  }

  /**
   * Continues a prompt.
   * @throws RangeError without {@link prepare} before it; the signal's reason, between two tokens.
   */
  async decode(
    setup: PeerSetup,
    promptTokens: Int32Array,
    limits: GenerationLimits,
    signal: AbortSignal,
  ): Promise<DecodeRun> {
    const slot = this.#slots.get(setup.settings.kind);
    if (slot === undefined) throw new RangeError("a peer decodes before it was prepared");
    return slot.decode(setup, promptTokens, limits, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const slot of this.#slots.values()) await slot[Symbol.asyncDispose]();
    this.#slots.clear();
    for (const model of this.#models.splice(0).reverse()) await model.dispose();
  }

  #open(setup: PeerSetup, signal: AbortSignal): Promise<PeerSlot> {
    const [target, draft] = this.#models;
    if (target === undefined) throw new RangeError("a peer was disposed");
    const { contextSize, backend } = this.#options;
    return PeerSlot.open({ target, draft, contextSize, backend }, setup, signal);
  }
}
