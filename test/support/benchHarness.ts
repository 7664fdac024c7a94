/** Benchmarks on fakes: a clock that only passes and drafters move, so that every figure is known beforehand. */

import { WrappedTarget } from "../../src/bench/base/wrappedTarget.ts";
import {
  plainDecoder,
  type SpeculativeSetup,
  speculativeDecoder,
} from "../../src/bench/decoders/coreDecoders.ts";
import type { BenchConfig, DecodeRun, Decoder } from "../../src/bench/speed/benchDecoder.ts";
import {
  type BenchPrompt,
  runSuite,
  type SuiteRunParams,
} from "../../src/bench/speed/benchRunner.ts";
import { suiteWarnings } from "../../src/bench/speed/benchWarnings.ts";
import { suiteFigures } from "../../src/bench/speed/suiteFigures.ts";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { DraftModelDrafter } from "../../src/core/drafters/draftModelDrafter.ts";
import type { DraftBudget, Drafter } from "../../src/core/tree/drafter.ts";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import type { TargetModel } from "../../src/core/tree/targetModel.ts";
import { FakeTarget, hashedLogits, type LogitsOf } from "../fakes/fakeTarget.ts";
import { NEVER } from "./never.ts";

export const VOCAB_SIZE = 64;
/** ms of a pass: one row 10, each further one 1. */
export const passMs = (numRows: number) => 9 + numRows;
export const PROMPT_MS = 2;
export const MAX_TOKENS = 24;
/** The first line has so many. */
export const LINE_TOKENS = 5;
const isEndToken = () => false;

export class VirtualTime {
  ms = 0;
  readonly now = () => this.ms;
}

/** A target whose passes take time. */
export class TimedTarget extends WrappedTarget {
  readonly #time: VirtualTime;

  constructor(inner: TargetModel, time: VirtualTime) {
    super(inner);
    this.#time = time;
  }
  override async prefill(tokens: Int32Array, signal: AbortSignal) {
    const numReused = await super.prefill(tokens, signal);
    this.#time.ms += PROMPT_MS * (tokens.length - numReused);
    return numReused;
  }
  override async evaluateTree(tree: DraftTree, signal: AbortSignal) {
    this.#time.ms += passMs(tree.size);
    return super.evaluateTree(tree, signal);
  }
}

/** The draft model that is always right, and takes its time. */
export class OracleDrafter extends DraftModelDrafter {
  /** Knows without reading, so that it drafts in the first step, too. */
  override readonly reader = undefined;
  readonly #time: VirtualTime;
  readonly #draftMs: number;

  constructor(logitsOf: LogitsOf, time: VirtualTime, draftMs: number) {
    const settings = { maxTokens: 3, minSurvival: 0 };
    super(new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf }), settings);
    this.#time = time;
    this.#draftMs = draftMs;
  }
  override async draft(rootToken: number, budget: DraftBudget, signal: AbortSignal) {
    this.#time.ms += this.#draftMs;
    return super.draft(rootToken, budget, signal);
  }
}

/** Everything a suite on fakes is built of. */
export class BenchHarness {
  readonly time = new VirtualTime();
  readonly logitsOf: LogitsOf;
  readonly target: TargetModel;
  /** Names in the order in which they ran. */
  readonly journal: string[] = [];
  /** Gap between plain's best two logits that counts as a tie; logits are between 0 and 4. */
  maxGap = 0;

  /** Logits of the last three tokens do not repeat themselves within an output. */
  constructor(logitsOf: LogitsOf = hashedLogits(VOCAB_SIZE, 3)) {
    this.logitsOf = logitsOf;
    this.target = new TimedTarget(new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf }), this.time);
  }

  plain(): BenchConfig {
    return this.#config("plain", plainDecoder(this.target, this.#surroundings));
  }

  plainAgain(): BenchConfig {
    return this.#config("plain again", plainDecoder(this.target, this.#surroundings));
  }

  speculative(name: string, drafters: readonly Drafter[], extra: object = {}): BenchConfig {
    const setup: SpeculativeSetup = {
      setting: `${drafters.length} drafters`,
      params: { target: this.target, maxDraftNodes: 3, ...extra },
      drafters: async () => drafters,
      caches: [],
    };
    return this.#config(name, speculativeDecoder(setup, this.#surroundings));
  }

  oracle(draftMs = 0): OracleDrafter {
    return new OracleDrafter(this.logitsOf, this.time, draftMs);
  }

  /** A peer that decodes plainly, and then changes its run. */
  peer(name: string, change: (run: DecodeRun) => DecodeRun): BenchConfig {
    const plain = plainDecoder(this.target, this.#surroundings);
    const decoder: Decoder = {
      setting: "as it likes",
      prepare: (signal) => plain.prepare(signal),
      async decode(prompt, maxTokens, signal) {
        const { detail: _unknown, ...run } = await plain.decode(prompt, maxTokens, signal);
        return change(run);
      },
    };
    return { ...this.#config(name, decoder), isPeer: true };
  }

  /** One of ours that decodes plainly, and then changes its run. */
  own(name: string, change: (run: DecodeRun) => DecodeRun): BenchConfig {
    return { ...this.peer(name, change), isPeer: false };
  }

  /** Runs a suite and reckons its figures. */
  async run(
    configs: readonly BenchConfig[],
    params: Partial<SuiteRunParams> = {},
    signal: AbortSignal = NEVER,
  ) {
    const judge = { target: this.target, maxGap: this.maxGap, isEndToken };
    const all = {
      configs,
      prompts: randomPrompts(40),
      now: this.time.now,
      deadlineMs: Number.POSITIVE_INFINITY,
      numPrompts: 8,
      maxWarmups: 1,
      maxTokens: MAX_TOKENS,
      minTokens: 1,
      firstLineLength: () => LINE_TOKENS,
      judge,
      sampleCpu: () => ({ atMs: this.time.ms, busyMs: 0, ownMs: 0, numCores: 2 }),
      onProgress() {},
      ...params,
    };
    const run = await runSuite(all, signal);
    const figures = suiteFigures(run, {
      origin: "fakes",
      maxTokens: MAX_TOKENS,
      maxPromptTokens: 16,
      passMs,
    });
    const row = (name: string) => figures?.configs.find((config) => config.name === name);
    return { run, figures, row, warnings: suiteWarnings("fakes", figures, run, all.numPrompts) };
  }

  get #surroundings() {
    return { now: this.time.now, isEndToken };
  }

  #config(name: string, inner: Decoder): BenchConfig {
    const decoder: Decoder = {
      setting: inner.setting,
      prepare: (signal) => inner.prepare(signal),
      ...(inner.prepareForSamePrompt && {
        prepareForSamePrompt: (signal: AbortSignal) => inner.prepareForSamePrompt!(signal),
      }),
      decode: (prompt, maxTokens, signal) => {
        this.journal.push(name);
        return inner.decode(prompt, maxTokens, signal);
      },
    };
    return { name, isPeer: false, decoders: [decoder] };
  }
}

export function* randomPrompts(count: number): Generator<BenchPrompt> {
  const random = seededRandom(5);
  for (let index = 0; index < count; index++) {
    const promptTokens = Int32Array.from({ length: 8 }, () => Math.floor(random() * VOCAB_SIZE));
    yield {
      context: { promptTokens, prefixTokens: promptTokens, suffixTokens: new Int32Array(0) },
      hidden: { numLines: 4, numVerbatim: 1 },
    };
  }
}
