/** Our own decoders under measurement: core's plain and speculative loops, and what is noted while they run. */

import { greedyDecode } from "../../core/decode/greedyDecode.ts";
import { type SpeculativeParams, speculativeDecode } from "../../core/decode/speculativeDecode.ts";
import type { Drafter, GenerationContext } from "../../core/tree/drafter.ts";
import type { Generation, GenerationLimits } from "../../core/tree/generation.ts";
import type { TargetModel } from "../../core/tree/targetModel.ts";
import type { DecodeRun, Decoder } from "../speed/benchDecoder.ts";
import { SourceTally } from "./sourceTally.ts";
import { timedDrafter } from "./timedDrafter.ts";

/** What all decoders of a benchmark have in common. */
export interface DecoderSurroundings {
  /** Clock in ms. */
  readonly now: () => number;
  readonly isEndToken: GenerationLimits["isEndToken"];
}

/** One token per pass: the baseline of every ratio. */
export class PlainDecoder implements Decoder {
  readonly setting = "one token per pass";
  readonly #target: TargetModel;
  readonly #surroundings: DecoderSurroundings;

  constructor(target: TargetModel, surroundings: DecoderSurroundings) {
    this.#target = target;
    this.#surroundings = surroundings;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await emptyCache(this.#target, signal);
  }

  async prepareForSamePrompt(): Promise<void> {}

  async decode(
    { promptTokens }: GenerationContext,
    maxTokens: number,
    signal: AbortSignal,
  ): Promise<DecodeRun> {
    const { now, isEndToken } = this.#surroundings;
    const watch = new RunWatch(now);
    const limits = { maxTokens, isEndToken };
    const observer = { now, onTokens: (tokens: Int32Array) => watch.noteTokens(tokens) };
    const generation = await greedyDecode(this.#target, promptTokens, limits, observer, signal);
    const run = watch.finish(generation);
    const { verifyMs, commitMs } = generation.stats.timings;
    const passesByRows = [0, run.numSteps];
    const hostMs = verifyMs + commitMs;
    return {
      ...run,
      detail: { hostMs, passesByRows, expectedAccepted: null, bySource: {}, failures: [] },
    };
  }
}

/** A speculative decoder; what is not here the prompt decides. */
export interface SpeculativeSetup {
  readonly setting: string;
  readonly params: Omit<SpeculativeParams, "drafters" | "context" | "limits" | "observer">;
  /** New ones for each prompt, as completions have them; made before the clock starts. */
  readonly drafters: (
    context: GenerationContext,
    signal: AbortSignal,
  ) => Promise<readonly Drafter[]>;
  /** Caches that a run fills besides the target's: the draft model's. */
  readonly caches: readonly TargetModel[];
}

/** The loop of the product, with what it tells while it runs. */
export class SpeculativeDecoder implements Decoder {
  readonly setting: string;
  readonly #setup: SpeculativeSetup;
  readonly #surroundings: DecoderSurroundings;

  constructor(setup: SpeculativeSetup, surroundings: DecoderSurroundings) {
    this.setting = setup.setting;
    this.#setup = setup;
    this.#surroundings = surroundings;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const { params, caches } = this.#setup;
    for (const cache of [params.target, ...caches]) await emptyCache(cache, signal);
  }

  async prepareForSamePrompt(signal: AbortSignal): Promise<void> {
    for (const cache of this.#setup.caches) await emptyCache(cache, signal);
  }

  async decode(
    context: GenerationContext,
    maxTokens: number,
    signal: AbortSignal,
  ): Promise<DecodeRun> {
    const { now, isEndToken } = this.#surroundings;
    const { params } = this.#setup;
    const drafters = (await this.#setup.drafters(context, signal)).map((drafter) =>
      timedDrafter(drafter, now),
    );
    const tally = new SourceTally(isEndToken);
    const failures: string[] = [];
    const watch = new RunWatch(now);
    const generation = await speculativeDecode(
      {
        ...params,
        drafters,
        context,
        limits: { maxTokens, isEndToken },
        observer: {
          now,
          onStep: (tree, committed) => tally.noteStep(tree, committed),
          onTokens(tokens) {
            watch.noteTokens(tokens);
            tally.noteKept(tokens);
          },
          onDrafterFailure: ({ source }: Drafter, reason: string) =>
            failures.push(`${source}: ${reason}`),
        },
      },
      signal,
    );
    const run = watch.finish(generation);
    const { timings, bySource, expectedAcceptedTokens } = generation.stats;
    const { readMs, draftMs, fuseMs, verifyMs, commitMs, learnMs } = timings;
    return {
      ...run,
      detail: {
        hostMs: readMs + draftMs + fuseMs + verifyMs + commitMs + learnMs,
        passesByRows: tally.passesByRows,
        expectedAccepted: params.policy === undefined ? null : expectedAcceptedTokens,
        bySource: Object.fromEntries(
          drafters.map(({ source, ms }) => [
            source,
            { proposed: bySource[source].numProposed, ms, ...tally.depthsOf(source) },
          ]),
        ),
        failures,
      },
    };
  }
}

async function emptyCache(target: TargetModel, signal: AbortSignal): Promise<void> {
  await target.prefill(new Int32Array(0), signal);
}

/** Cuts a run where its first pass has ended; see {@link DecodeRun}. */
class RunWatch {
  readonly #now: () => number;
  readonly #start: number;
  readonly #tokenMs: number[] = [];
  #first: { readonly ms: number; readonly numTokens: number } | undefined;

  constructor(now: () => number) {
    this.#now = now;
    this.#start = now();
  }

  /** Called after each pass, also one that brought nothing but an end token. */
  noteTokens(tokens: Int32Array): void {
    const ms = this.#now() - this.#start;
    this.#first ??= { ms, numTokens: tokens.length };
    for (const _ of tokens) this.#tokenMs.push(ms);
  }

  finish({ tokens, stats }: Generation): Omit<DecodeRun, "detail"> {
    const totalMs = this.#now() - this.#start;
    const first = this.#first ?? { ms: totalMs, numTokens: 0 };
    return {
      tokens,
      numFirstTokens: first.numTokens,
      firstTokenMs: first.ms,
      promptMs: stats.timings.prefillMs,
      tokenMs: this.#tokenMs,
      decodeMs: totalMs - first.ms,
      numSteps: stats.numSteps,
      numCommitted: stats.numCommittedTokens,
    };
  }
}
