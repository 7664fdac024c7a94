/**
 * Runs configurations side by side on the same prompts until the time is used, or the figures are narrow enough: warmed up,
 * interleaved, compared with plain decoding token by token. Pure over injected decoders and clock.
 */

import { isAbortError } from "../../core/base/errors.ts";
import type { GenerationContext } from "../../core/tree/drafter.ts";
import { isLooping } from "../../core/tree/looping.ts";
import { isPlainConfig, PLAIN_CONFIG } from "../base/benchConfigNames.ts";
import { type CpuSample, othersShare } from "../base/busyMeter.ts";
import type { HiddenLines } from "../spots/benchSpots.ts";
import type { BenchConfig, DecodeRun } from "./benchDecoder.ts";
import type { SuiteEnding } from "./benchReport.ts";
import { Contestant, type ProbedPrompt } from "./contestant.ts";
import { compareOutputs, type OutputComparison, type OutputJudge } from "./losslessCheck.ts";
import { isSettled } from "./promptPairs.ts";
import { LOOK_SHARES } from "./ratioBounds.ts";

export interface BenchPrompt {
  readonly context: GenerationContext;
  readonly hidden: HiddenLines;
}

export interface SuiteRunParams {
  /** Plain decoding must be one of them. */
  readonly configs: readonly BenchConfig[];
  /** More than can be measured: one whose plain output loops, or ends too soon, is replaced. */
  readonly prompts: Iterable<BenchPrompt>;
  /** Clock in ms, and when it should be over: no prompt is begun that would probably end later, but for the first. */
  readonly now: () => number;
  readonly deadlineMs: number;
  /** Prompts at most; then all of them are measured if there is time. Absent: as many as tell something. */
  readonly numPrompts?: number | undefined;
  /** Prompts at most that drafts and peers are warmed up on; they take a share of the time at most, but for the first. */
  readonly maxWarmups: number;
  /** A cold start: drafts of ours see none of these, so that what learning costs is measured, too. */
  readonly startsCold?: boolean | undefined;
  readonly maxTokens: number;
  /** Plain's output must have so many tokens for a prompt to be measured; 0 takes every prompt as it comes. */
  readonly minTokens: number;
  /** Tokens up to the one that ends the first line; undefined where none does. */
  readonly firstLineLength: (tokens: Int32Array) => number | undefined;
  readonly judge: OutputJudge;
  readonly sampleCpu: () => CpuSample;
  /** What is being done, in words; `done` prompts are measured. */
  readonly onProgress: (done: number, what: string) => void;
}

/** One prompt, finished by every configuration that was not left out. */
export interface PromptRun {
  /** With the time that the prompt took once, for everyone who shares its cells. */
  readonly runs: ReadonlyMap<string, DecodeRun>;
  /** From the request to the end of the first line, or of the output where it has none. */
  readonly firstLineMs: ReadonlyMap<string, number>;
  readonly comparisons: ReadonlyMap<string, OutputComparison>;
  readonly hidden: HiddenLines;
  /** Share of the cores that others used meanwhile. */
  readonly othersShare: number;
}

export type SuiteRun = Awaited<ReturnType<typeof runSuite>>;

/** Prompts in a row that cannot be measured before the search ends: there will hardly be any. */
const MAX_MISSED = 24;
/** Of a suite's time, for warming up. */
const WARMUP_SHARE = 0.1;

/**
 * Runs a suite. An abort ends it after the prompts that are finished; it does not throw then.
 * @throws what a decoder of our own throws.
 */
export async function runSuite(params: SuiteRunParams, signal: AbortSignal) {
  const runner = new SuiteRunner(params);
  try {
    return runner.result(await runner.run(signal));
  } catch (error) {
    if (!(signal.aborted && isAbortError(error))) throw error;
    return runner.result("aborted");
  }
}

class SuiteRunner {
  readonly #params: SuiteRunParams;
  readonly #contestants: readonly Contestant[];
  /** Plain decoding, once or twice. */
  readonly #plains: readonly Contestant[];
  readonly #candidates: Iterator<BenchPrompt>;
  readonly #finished: PromptRun[] = [];
  /** Prompts that were replaced since the search for those to measure began. */
  #replaced = { numShort: 0, numLooping: 0 };
  #numWarmups = 0;
  #warmupOthersShare = 0;

  constructor(params: SuiteRunParams) {
    this.#params = params;
    this.#candidates = params.prompts[Symbol.iterator]();
    this.#contestants = params.configs.map((config) => new Contestant(config, params.maxTokens));
    this.#plains = this.#contestants.filter(({ name }) => isPlainConfig(name));
    if (!this.#plains.some(({ name }) => name === PLAIN_CONFIG)) {
      throw new RangeError("nothing can be compared without plain decoding");
    }
  }

  async run(signal: AbortSignal): Promise<SuiteEnding> {
    const { now, deadlineMs, numPrompts, sampleCpu } = this.#params;
    const startMs = now();
    const before = sampleCpu();
    await this.#warmUp(startMs + WARMUP_SHARE * (deadlineMs - startMs), signal);
    this.#warmupOthersShare = othersShare(before, sampleCpu());
    const lookMs = LOOK_SHARES.map((share) => startMs + share * (deadlineMs - startMs));
    const measureStartMs = now();
    while (numPrompts === undefined || this.#finished.length < numPrompts) {
      const numDone = this.#finished.length;
      const promptMs = numDone === 0 ? 0 : (now() - measureStartMs) / numDone;
      if (numDone > 0 && now() + promptMs > deadlineMs) return "time";
      const before = sampleCpu();
      const probed = await this.#nextPrompt(this.#plainAt(numDone), signal);
      if (probed === undefined) return "exhausted";
      const part = await this.#measure(probed, numDone, signal);
      this.#finished.push({ ...part, othersShare: othersShare(before, sampleCpu()) });
      const isLook = now() >= (lookMs[0] ?? Number.POSITIVE_INFINITY);
      while (now() >= (lookMs[0] ?? Number.POSITIVE_INFINITY)) lookMs.shift();
      if (isLook && numPrompts === undefined && isSettled(this.#finished)) return "narrow";
    }
    return "prompts";
  }

  result(ending: SuiteEnding) {
    return {
      configs: this.#contestants.map(({ asRun }) => asRun),
      prompts: this.#finished,
      /** Of the cores that others used while everyone was warmed up. */
      warmupOthersShare: this.#warmupOthersShare,
      /** Prompts that were replaced, by what plain decoding made of them; not those passed over for a warm-up. */
      ...this.#replaced,
      /** Prompts that were decoded beforehand; they could be measured, and are not. */
      numWarmups: this.#numWarmups,
      ending,
    };
  }

  /** Plain decoding comes first and, once more, last: which of the two is which changes from round to round. */
  #plainAt(round: number): Contestant {
    return this.#plains[round % this.#plains.length]!;
  }

  /** The next prompt that can be measured by what plain decoding makes of it; undefined when there is none left. */
  async #nextPrompt(plainly: Contestant, signal: AbortSignal) {
    const { minTokens } = this.#params;
    for (let numMissed = 0; numMissed < MAX_MISSED; numMissed++) {
      const { value: prompt, done } = this.#candidates.next();
      if (done === true) return undefined;
      this.#report("plain");
      const plain = await plainly.probe(prompt.context, signal);
      const { tokens } = plain;
      if (minTokens > 0 && tokens.length < minTokens) this.#replaced.numShort++;
      else if (minTokens > 0 && isLooping(tokens)) this.#replaced.numLooping++;
      else return { ...prompt, plain };
    }
    return undefined;
  }

  /** Our drafts learn from prompts while there is time for it; a peer's settings are tried on the same ones. */
  async #warmUp(untilMs: number, signal: AbortSignal): Promise<void> {
    const { startsCold = false, now } = this.#params;
    const isOfUse = !startsCold || this.#contestants.some(({ isPeer }) => isPeer);
    const maxWarmups = isOfUse ? this.#params.maxWarmups : 0;
    const warmups: ProbedPrompt[] = [];
    let isDry = false;
    while (warmups.length < maxWarmups && (warmups.length === 0 || now() < untilMs)) {
      const probed = await this.#nextPrompt(this.#plainAt(warmups.length), signal);
      if (probed === undefined) {
        isDry = true;
        break;
      }
      for (const contestant of this.#contestants) {
        const { name, isPeer } = contestant;
        if (startsCold || isPeer || isPlainConfig(name)) continue;
        this.#report(`warming up ${name}`);
        await contestant.run(probed, signal);
      }
      warmups.push(probed);
    }
    this.#numWarmups = warmups.length;
    // Where there are no more to be found, those passed over are all that there is to say.
    if (!isDry) this.#replaced = { numShort: 0, numLooping: 0 };
    for (const contestant of this.#contestants) {
      const { name, isPeer } = contestant;
      const onTry = (setting: string) => this.#report(`warming up ${name}: ${setting}`);
      if (isPeer) await contestant.choose(warmups, onTry, signal);
    }
  }

  async #measure(probed: BenchPrompt & ProbedPrompt, round: number, signal: AbortSignal) {
    const first = this.#plainAt(round);
    const last = this.#plains.filter((each) => each !== first);
    const others = this.#contestants.filter(({ name }) => !isPlainConfig(name));
    const runs = new Map([[first.name, probed.plain]]);
    for (const contestant of [...turns(others, round), ...last]) {
      if (contestant.hasFailed) continue;
      this.#report(contestant.name);
      const run = await contestant.run(probed, signal);
      if (run !== undefined) runs.set(contestant.name, run);
    }
    const plain = runs.get(PLAIN_CONFIG)!;
    const comparisons = new Map<string, OutputComparison>();
    const firstLineMs = new Map<string, number>();
    for (const [name, run] of runs) {
      const { judge } = this.#params;
      const { promptTokens } = probed.context;
      comparisons.set(
        name,
        await compareOutputs(judge, promptTokens, plain.tokens, run.tokens, signal),
      );
      firstLineMs.set(name, this.#firstLineMs(run));
    }
    return { runs, firstLineMs, comparisons, hidden: probed.hidden };
  }

  #firstLineMs(run: DecodeRun): number {
    const numTokens = this.#params.firstLineLength(run.tokens);
    const ms = numTokens === undefined ? undefined : run.tokenMs[numTokens - 1];
    return ms ?? run.firstTokenMs + run.decodeMs;
  }

  #report(what: string): void {
    this.#params.onProgress(this.#finished.length, what);
  }
}

/** Everyone once; there and back from another start each time, so that places even out over two rounds. */
function turns<T>(all: readonly T[], round: number): T[] {
  if (all.length === 0) return [];
  const start = Math.floor(round / 2) % all.length;
  const rotated = [...all.slice(start), ...all.slice(0, start)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}
