/** Our own decoders under measurement: core's plain and speculative loops, and what is noted while they run. */

import { greedyDecode } from "../../core/decode/greedyDecode.ts";
import { type SpeculativeParams, speculativeDecode } from "../../core/decode/speculativeDecode.ts";
import type { Drafter, GenerationContext } from "../../core/tree/drafter.ts";
import type { Generation, GenerationLimits } from "../../core/tree/generation.ts";
import type { TargetModel } from "../../core/tree/targetModel.ts";
import type { DecodeRun, Decoder } from "../speed/benchDecoder.ts";
import { SourceTally } from "./sourceTally.ts";

/** What all decoders of a benchmark have in common. */
export interface DecoderSurroundings {
  /** Clock in ms. */
  readonly now: () => number;
  readonly isEndToken: GenerationLimits["isEndToken"];
}

/** One token per pass: the baseline of every ratio. */
export function plainDecoder(
  target: TargetModel,
  { now, isEndToken }: DecoderSurroundings,
): Decoder {
  return {
    setting: "one token per pass",
    ...emptying(target, []),
    async decode({ promptTokens }, maxTokens, signal) {
      const watch = new RunWatch(now);
      const limits = { maxTokens, isEndToken };
      const observer = { now, onTokens: (tokens: Int32Array) => watch.noteTokens(tokens) };
      const generation = await greedyDecode(target, promptTokens, limits, observer, signal);
      const run = watch.finish(generation);
      const { verifyMs, commitMs } = generation.stats.timings;
      const passesByRows = [0, run.numSteps];
      const hostMs = verifyMs + commitMs;
      return {
        ...run,
        detail: { hostMs, passesByRows, expectedAccepted: null, bySource: {}, failures: [] },
      };
    },
  };
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
export function speculativeDecoder(
  { setting, params, drafters, caches }: SpeculativeSetup,
  { now, isEndToken }: DecoderSurroundings,
): Decoder {
  return {
    setting,
    ...emptying(params.target, caches),
    async decode(context, maxTokens, signal) {
      const timed = (await drafters(context, signal)).map((drafter) => timedDrafter(drafter, now));
      const tally = new SourceTally(isEndToken);
      const failures: string[] = [];
      const watch = new RunWatch(now);
      const observer: SpeculativeParams["observer"] = {
        now,
        onStep: (tree, committed) => tally.noteStep(tree, committed),
        onTokens(tokens) {
          watch.noteTokens(tokens);
          tally.noteKept(tokens);
        },
        onDrafterFailure: ({ source }, reason) => failures.push(`${source}: ${reason}`),
      };
      const limits = { maxTokens, isEndToken };
      const generation = await speculativeDecode(
        { ...params, drafters: timed, context, limits, observer },
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
            timed.map(({ source, ms }) => [
              source,
              { proposed: bySource[source].numProposed, ms, ...tally.depthsOf(source) },
            ]),
          ),
          failures,
        },
      };
    },
  };
}

/** How a decoder of ours is prepared: others share what the target's cache holds of a prompt. */
function emptying(target: TargetModel, caches: readonly TargetModel[]) {
  const empty = async (models: readonly TargetModel[], signal: AbortSignal) => {
    for (const model of models) await model.prefill(new Int32Array(0), signal);
  };
  return {
    prepare: (signal: AbortSignal) => empty([target, ...caches], signal),
    prepareForSamePrompt: (signal: AbortSignal) => empty(caches, signal),
  };
}

interface TimedDrafter extends Drafter {
  /** Reading, drafting and learning so far; not the start of a generation, which is part of the time to the first token. */
  readonly ms: number;
}

/** The drafter with a stopwatch, so that a slow one can be named. @param now - clock in ms. */
function timedDrafter(inner: Drafter, now: () => number): TimedDrafter {
  let ms = 0;
  const timed = async <R>(work: () => Promise<R>): Promise<R> => {
    const start = now();
    try {
      return await work();
    } finally {
      ms += now() - start;
    }
  };
  const { reader } = inner;
  return {
    source: inner.source,
    learnsWhilePaused: inner.learnsWhilePaused ?? false,
    reader: reader && {
      get numUnread() {
        return reader.numUnread;
      },
      read: (numTokens, signal) => timed(() => reader.read(numTokens, signal)),
    },
    begin: (context, signal) => inner.begin(context, signal),
    draft: (rootToken, budget, signal) => timed(() => inner.draft(rootToken, budget, signal)),
    learn(step) {
      const start = now();
      inner.learn(step);
      ms += now() - start;
    },
    get ms() {
      return ms;
    },
  };
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
