/**
 * Runs configurations side by side on the same prompts: warmed up, interleaved, from equal caches, compared with plain
 * decoding token by token. Pure over injected decoders.
 */
import type { GenerationContext } from "../core/drafter.ts";
import { isAbortError, messageOf } from "../core/errors.ts";
import { isLooping } from "../core/looping.ts";
import { PLAIN_CONFIG } from "./benchConfigNames.ts";
import { type BenchConfig, type DecodeRun, type Decoder, numDecoded } from "./benchDecoder.ts";
import type { TriedSetting } from "./benchReport.ts";
import type { HiddenLines } from "./benchSpots.ts";
import { type CpuSample, othersShare } from "./busyMeter.ts";
import type { OutputComparison } from "./outputComparison.ts";
import { sum } from "./statistics.ts";

export interface BenchPrompt {
  readonly context: GenerationContext;
  readonly hidden: HiddenLines;
}

export interface SuiteRunParams {
  /** Plain decoding must be one of them. */
  readonly configs: readonly BenchConfig[];
  /** More than are wanted: one whose plain output loops, or ends too soon, is replaced. */
  readonly prompts: Iterable<BenchPrompt>;
  readonly numPrompts: number;
  /**
   * Prompts that everyone decodes before those that are measured: each setting of a peer is tried on what others learn
   * from, on all of it.
   */
  readonly numWarmups: number;
  /** How many of them are left where not so many prompts are found. */
  readonly minWarmups: number;
  readonly maxTokens: number;
  /** Plain's output must have so many tokens for a prompt to be measured; 0 takes every prompt as it comes. */
  readonly minTokens: number;
  readonly compare: (
    prompt: GenerationContext,
    plain: Int32Array,
    other: Int32Array,
    signal: AbortSignal,
  ) => Promise<OutputComparison>;
  readonly sampleCpu: () => CpuSample;
  /** What is being done, in words; `done` of `total` prompts are finished. */
  readonly onProgress: (done: number, total: number, what: string) => void;
}

/** A configuration as it ran. */
export interface RunConfig {
  readonly name: string;
  readonly setting: string;
  readonly tried: readonly TriedSetting[];
  /** Why it was left out, if it was. */
  readonly failure?: string;
}

/** One prompt, finished by every configuration that was not left out. */
export interface PromptRun {
  readonly runs: ReadonlyMap<string, DecodeRun>;
  readonly comparisons: ReadonlyMap<string, OutputComparison>;
  readonly hidden: HiddenLines;
  /** Share of the cores that others used meanwhile. */
  readonly othersShare: number;
}

export interface SuiteRun {
  readonly configs: readonly RunConfig[];
  readonly prompts: readonly PromptRun[];
  /** The most of the cores that others used while a configuration was warmed up. */
  readonly warmupOthersShare: number;
  /** Prompts that were replaced, by what plain decoding made of them; not those passed over for a warm-up. */
  readonly numShort: number;
  readonly numLooping: number;
  /** Prompts that everyone decoded beforehand; they could be measured, and are not. */
  readonly numWarmups: number;
  /** False if it was aborted. */
  readonly isComplete: boolean;
}

/** Prompts in a row that cannot be measured before the search ends: there will hardly be any. */
const MAX_MISSED = 24;

/**
 * Runs a suite. An abort ends it after the prompts that are finished; it does not throw then.
 * @throws what a decoder of our own throws.
 */
export async function runSuite(params: SuiteRunParams, signal: AbortSignal): Promise<SuiteRun> {
  const runner = new SuiteRunner(params);
  try {
    await runner.run(signal);
  } catch (error) {
    if (!(signal.aborted && isAbortError(error))) throw error;
    return runner.result(false);
  }
  return runner.result(true);
}

/** A configuration with the decoder that was chosen. */
interface Contestant {
  readonly config: BenchConfig;
  decoder: Decoder;
  tried: readonly TriedSetting[];
  failure?: string;
}

class SuiteRunner {
  readonly #params: SuiteRunParams;
  readonly #contestants: readonly Contestant[];
  readonly #plain: Decoder;
  readonly #candidates: Iterator<BenchPrompt>;
  readonly #finished: PromptRun[] = [];
  /** Prompts that were found to be measurable, and not used yet. */
  #found: BenchPrompt[] = [];
  /** Prompts that were replaced since the search for those to measure began. */
  #replaced = { numShort: 0, numLooping: 0 };
  #numWarmups = 0;
  #warmupOthersShare = 0;

  constructor(params: SuiteRunParams) {
    this.#params = params;
    this.#candidates = params.prompts[Symbol.iterator]();
    this.#contestants = params.configs.map((config) => {
      const [decoder] = config.decoders;
      if (decoder === undefined) throw new RangeError(`${config.name} has no decoder`);
      return { config, decoder, tried: [] };
    });
    const plain = this.#contestants.find(({ config }) => config.name === PLAIN_CONFIG);
    if (plain === undefined) throw new RangeError("nothing can be compared without plain decoding");
    this.#plain = plain.decoder;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { numPrompts, numWarmups, minWarmups, sampleCpu } = this.#params;
    const warmups: BenchPrompt[] = [];
    while (warmups.length < numWarmups) {
      const prompt = await this.#nextPrompt(signal);
      if (prompt === undefined) break;
      warmups.push(prompt);
    }
    // Where prompts are few, they are for measuring.
    if (warmups.length < numWarmups) this.#found = warmups.splice(minWarmups);
    // Where there are no more to be found, those passed over are all that there is to say.
    else this.#replaced = { numShort: 0, numLooping: 0 };
    this.#numWarmups = warmups.length;
    for (const contestant of this.#contestants) {
      const before = sampleCpu();
      await this.#warmUp(contestant, warmups, signal);
      const share = othersShare(before, sampleCpu());
      this.#warmupOthersShare = Math.max(this.#warmupOthersShare, share);
    }
    for (let index = 0; index < numPrompts; index++) {
      const prompt = await this.#nextPrompt(signal);
      if (prompt === undefined) return;
      this.#finished.push(await this.#measure(prompt, index, signal));
    }
  }

  result(isComplete: boolean): SuiteRun {
    const configs = this.#contestants.map(({ config, decoder, tried, failure }) => ({
      name: config.name,
      setting: decoder.setting,
      tried,
      ...(failure === undefined ? {} : { failure }),
    }));
    return {
      configs,
      prompts: this.#finished,
      warmupOthersShare: this.#warmupOthersShare,
      ...this.#replaced,
      numWarmups: this.#numWarmups,
      isComplete,
    };
  }

  /** The next prompt that can be measured by what plain decoding makes of it; undefined when there is none left. */
  async #nextPrompt(signal: AbortSignal): Promise<BenchPrompt | undefined> {
    const { minTokens, maxTokens } = this.#params;
    const found = this.#found.shift();
    if (found !== undefined) return found;
    for (let numMissed = 0; numMissed < MAX_MISSED; numMissed++) {
      const { value: prompt, done } = this.#candidates.next();
      if (done === true) return undefined;
      if (minTokens === 0) return prompt;
      this.#report("looking for a prompt");
      await this.#plain.prepare(signal);
      const { tokens } = await this.#plain.decode(prompt.context, maxTokens, signal);
      if (tokens.length < minTokens) this.#replaced.numShort++;
      else if (isLooping(tokens)) this.#replaced.numLooping++;
      else return prompt;
    }
    return undefined;
  }

  /** Chooses the fastest decoder of a configuration. */
  async #warmUp(
    contestant: Contestant,
    prompts: readonly BenchPrompt[],
    signal: AbortSignal,
  ): Promise<void> {
    const { decoders, refine } = contestant.config;
    const tried = await this.#try(contestant, decoders, prompts, signal);
    const more = refine?.(contestant.decoder) ?? [];
    const best = Math.max(...tried.map(({ tokensPerSecond }) => tokensPerSecond));
    tried.push(...(await this.#try(contestant, more, prompts, signal, best)));
    if (tried.length > 1) contestant.tried = tried;
  }

  /** Tries decoders on the prompts, and takes the fastest if it beats `best`, in tokens per second. */
  async #try(
    contestant: Contestant,
    decoders: readonly Decoder[],
    prompts: readonly BenchPrompt[],
    signal: AbortSignal,
    best = 0,
  ): Promise<TriedSetting[]> {
    const tried: TriedSetting[] = [];
    let bestSpeed = best;
    for (const decoder of decoders) {
      const { setting } = decoder;
      this.#report(`warming up ${contestant.config.name}: ${setting}`);
      const runs: DecodeRun[] = [];
      for (const { context } of prompts) {
        const run = await this.#decode(contestant, decoder, context, signal);
        if (run === undefined) return tried;
        runs.push(run);
      }
      const ms = sum(runs.map((run) => run.decodeMs));
      const tokensPerSecond = ms > 0 ? (1000 * sum(runs.map(numDecoded))) / ms : 0;
      tried.push({ setting, tokensPerSecond });
      if (tokensPerSecond <= bestSpeed) continue;
      bestSpeed = tokensPerSecond;
      contestant.decoder = decoder;
    }
    return tried;
  }

  async #measure({ context, hidden }: BenchPrompt, index: number, signal: AbortSignal) {
    const { compare, sampleCpu } = this.#params;
    const before = sampleCpu();
    const runs = new Map<string, DecodeRun>();
    for (const contestant of turns(this.#contestants, index)) {
      const { name } = contestant.config;
      if (contestant.failure !== undefined) continue;
      this.#report(name);
      const run = await this.#decode(contestant, contestant.decoder, context, signal);
      if (run !== undefined) runs.set(name, run);
    }
    const othersUsed = othersShare(before, sampleCpu());
    const plain = runs.get(PLAIN_CONFIG)!;
    const comparisons = new Map<string, OutputComparison>();
    for (const [name, { tokens }] of runs) {
      comparisons.set(name, await compare(context, plain.tokens, tokens, signal));
    }
    return { runs, comparisons, hidden, othersShare: othersUsed };
  }

  /** One run from empty caches; undefined where a peer fails, which is left out from then on. */
  async #decode(
    contestant: Contestant,
    decoder: Decoder,
    prompt: GenerationContext,
    signal: AbortSignal,
  ): Promise<DecodeRun | undefined> {
    try {
      signal.throwIfAborted();
      await decoder.prepare(signal);
      return await decoder.decode(prompt, this.#params.maxTokens, signal);
    } catch (error) {
      if (signal.aborted || !contestant.config.isPeer) throw error;
      contestant.failure = messageOf(error);
      return undefined;
    }
  }

  #report(what: string): void {
    const { onProgress, numPrompts } = this.#params;
    onProgress(this.#finished.length, numPrompts, what);
  }
}

/** Everyone once; there and back from another start each time, so that places even out over two rounds. */
function turns<T>(all: readonly T[], round: number): T[] {
  const start = Math.floor(round / 2) % all.length;
  const rotated = [...all.slice(start), ...all.slice(0, start)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}
