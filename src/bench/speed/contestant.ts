/** A configuration in a benchmark: the decoder that was chosen for it, its runs, and why it was left out. Pure. */

import { messageOf } from "../../core/base/errors.ts";
import type { GenerationContext } from "../../core/tree/drafter.ts";
import { sum } from "../base/statistics.ts";
import {
  type BenchConfig,
  type DecodeRun,
  type Decoder,
  numDecoded,
  withPromptMs,
} from "./benchDecoder.ts";
import type { ConfigFigures, TriedSetting } from "./benchReport.ts";

/** A prompt that plain decoding has been through, from empty caches, in `plain`. */
export interface ProbedPrompt {
  readonly context: GenerationContext;
  readonly plain: DecodeRun;
}

/** A configuration as it ran. */
export interface RunConfig extends Pick<ConfigFigures, "name" | "setting" | "tried"> {
  /** Why it was left out, if it was. */
  readonly failure?: string;
}

export class Contestant {
  readonly name: string;
  readonly isPeer: boolean;
  readonly #config: BenchConfig;
  readonly #maxTokens: number;
  #decoder: Decoder;
  #tried: readonly TriedSetting[] = [];
  #failure: string | undefined;

  /** @param maxTokens - of an output, at most. */
  constructor(config: BenchConfig, maxTokens: number) {
    const [decoder] = config.decoders;
    if (decoder === undefined) throw new RangeError(`${config.name} has no decoder`);
    this.name = config.name;
    this.isPeer = config.isPeer;
    this.#config = config;
    this.#maxTokens = maxTokens;
    this.#decoder = decoder;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  get asRun(): RunConfig {
    return {
      name: this.name,
      setting: this.#decoder.setting,
      tried: this.#tried,
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    };
  }

  /** A run from empty caches. */
  async probe(prompt: GenerationContext, signal: AbortSignal): Promise<DecodeRun> {
    signal.throwIfAborted();
    await this.#decoder.prepare(signal);
    return this.#decoder.decode(prompt, this.#maxTokens, signal);
  }

  /**
   * A run on what the probe left of the prompt, with the time that the prompt took there, or from empty caches where those are
   * others. Undefined where a peer fails, which is left out from then on.
   * @throws what a decoder of our own throws.
   */
  run(prompt: ProbedPrompt, signal: AbortSignal): Promise<DecodeRun | undefined> {
    return this.#runWith(this.#decoder, prompt, signal);
  }

  /** Chooses the fastest of several decoders, and of the refinements of that one. */
  async choose(
    prompts: readonly ProbedPrompt[],
    onTry: (setting: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { decoders, refine } = this.#config;
    const tried: TriedSetting[] = [];
    let bestSpeed = 0;
    const tryAll = async (some: readonly Decoder[]) => {
      for (const decoder of some) {
        if (this.hasFailed) return;
        onTry(decoder.setting);
        const tokensPerSecond = await this.#speedOf(decoder, prompts, signal);
        if (tokensPerSecond === undefined) return;
        tried.push({ setting: decoder.setting, tokensPerSecond });
        if (tokensPerSecond <= bestSpeed) continue;
        bestSpeed = tokensPerSecond;
        this.#decoder = decoder;
      }
    };
    await tryAll(decoders);
    await tryAll(refine?.(this.#decoder) ?? []);
    if (tried.length > 1) this.#tried = tried;
  }

  /** Over all prompts; undefined where it fails. */
  async #speedOf(decoder: Decoder, prompts: readonly ProbedPrompt[], signal: AbortSignal) {
    const runs: DecodeRun[] = [];
    for (const prompt of prompts) {
      const run = await this.#runWith(decoder, prompt, signal);
      if (run === undefined) return undefined;
      runs.push(run);
    }
    const ms = sum(runs.map((run) => run.decodeMs));
    return ms > 0 ? (1000 * sum(runs.map(numDecoded))) / ms : 0;
  }

  async #runWith(
    decoder: Decoder,
    { context, plain }: ProbedPrompt,
    signal: AbortSignal,
  ): Promise<DecodeRun | undefined> {
    try {
      signal.throwIfAborted();
      const { prepareForSamePrompt } = decoder;
      if (prepareForSamePrompt === undefined) await decoder.prepare(signal);
      else await prepareForSamePrompt.call(decoder, signal);
      const run = await decoder.decode(context, this.#maxTokens, signal);
      return prepareForSamePrompt === undefined ? run : withPromptMs(run, plain.promptMs);
    } catch (error) {
      if (signal.aborted || !this.isPeer) throw error;
      this.#failure = messageOf(error);
      return undefined;
    }
  }
}
