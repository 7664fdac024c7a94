/** Targets and draft models that do not exist: what both say is made up, how sure the draft is and what passes take, too. */

import { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { PassCostTable } from "../../src/core/budget/passCost.ts";
import {
  type SpeculativeParams,
  speculativeDecode,
} from "../../src/core/decode/speculativeDecode.ts";
import type { DecodeStats } from "../../src/core/tree/decodeStats.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import type { TargetModel } from "../../src/core/tree/targetModel.ts";
import { FakeTarget, type LogitsOf } from "../fakes/fakeTarget.ts";
import { NEVER } from "./never.ts";

export const VOCAB_SIZE = 128;
/** What is left for others by rank, of what the first choice leaves. */
const OTHERS = [0.5, 0.25, 0.12, 0.06, 0.03];
const ORDER = 3;

/** Numbers from 0 to 1 that depend on the last tokens and a salt only. */
export function hashed(history: readonly number[], salt: number): number {
  let state = Math.imul(salt + 1, 0x9e3779b1);
  for (const token of history.slice(-ORDER)) {
    state = Math.imul(state ^ (token + 1), 0x85ebca6b);
    state ^= state >>> 13;
  }
  state = Math.imul(state ^ (state >>> 16), 0x2c1b3c6d);
  return ((state ^ (state >>> 15)) >>> 0) / 2 ** 32;
}

/** The target's choice after a history. */
export function truthAfter(history: readonly number[]): number {
  return Math.floor(hashed(history, 1) * VOCAB_SIZE);
}

/** A draft model whose probabilities are right: its first choice is the target's as often as it says. */
export function calibratedLogits(sureness: (history: readonly number[]) => number): LogitsOf {
  return (history) => {
    const first = sureness(history);
    const probs = [first, ...OTHERS.map((share) => share * (1 - first))];
    let rest = hashed(history, 2);
    let truthRank = 0;
    while (truthRank < probs.length && rest >= probs[truthRank]!) rest -= probs[truthRank++]!;
    const logits = new Float32Array(VOCAB_SIZE).fill(Math.log(1e-6));
    for (const [rank, prob] of probs.entries()) {
      const other = Math.floor(hashed(history, 10 + rank) * VOCAB_SIZE);
      logits[rank === truthRank ? truthAfter(history) : other] = Math.log(prob);
    }
    return logits;
  };
}

/** A sureness between two bounds, spread evenly. */
export function between(least: number, most: number) {
  return (history: readonly number[]) => least + (most - least) * hashed(history, 3);
}

/** Time that only passes of the models move on. */
export class ModelledMachine {
  now = 0;
  #numDecoded = 0;
  readonly target: FakeTarget;
  readonly #targetMs: (numRows: number) => number;

  constructor(targetMs: (numRows: number) => number) {
    this.#targetMs = targetMs;
    const logitsOf: LogitsOf = (history) => {
      const logits = new Float32Array(VOCAB_SIZE);
      logits[truthAfter(history)] = 9;
      return logits;
    };
    this.target = this.model(logitsOf, targetMs);
  }

  /** A model whose passes take time. */
  model(logitsOf: LogitsOf, passMs: (numRows: number) => number): FakeTarget {
    const model = new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf, contextSize: 1e6 });
    const evaluateTree = model.evaluateTree.bind(model);
    model.evaluateTree = (tree, signal) => {
      this.now += passMs(tree.size);
      return evaluateTree(tree, signal);
    };
    return model;
  }

  /** A policy that knows what the target's passes take. */
  policy(options?: ConstructorParameters<typeof MeasuredPolicy>[1]): MeasuredPolicy {
    const points = Array.from({ length: 64 }, (_, index) => ({
      numRows: index + 1,
      ms: this.#targetMs(index + 1),
    }));
    return new MeasuredPolicy(new PassCostTable(points, 64), options);
  }

  /** Decodes so many tokens after a prompt that was not there before; ms per token, and the counters. */
  async decode(
    drafters: readonly Drafter[],
    maxTokens: number,
    params: Partial<SpeculativeParams>,
  ): Promise<{ readonly msPerToken: number; readonly stats: DecodeStats }> {
    const start = this.now;
    const promptTokens = Int32Array.of(this.#numDecoded % VOCAB_SIZE, ++this.#numDecoded % 7, 3);
    const { stats } = await speculativeDecode(
      {
        target: this.target as TargetModel,
        drafters,
        context: { promptTokens, prefixTokens: promptTokens, suffixTokens: promptTokens },
        limits: { maxTokens, isEndToken: () => false },
        maxDraftNodes: 48,
        observer: {
          now: () => this.now,
          onDrafterFailure(_drafter, reason) {
            throw new Error(reason);
          },
        },
        ...params,
      },
      NEVER,
    );
    return { msPerToken: (this.now - start) / stats.numCommittedTokens, stats };
  }
}
