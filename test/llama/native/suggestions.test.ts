/** Several suggestions on real models: every branch is the target's own greedy output, and the cache is left as it was. */
import { describe, expect, test } from "vitest";
import { findDifference } from "../../../src/bench/speed/losslessCheck.ts";
import { concatTokens } from "../../../src/core/base/tokens.ts";
import { greedyDecode } from "../../../src/core/decode/greedyDecode.ts";
import { speculativeDecode } from "../../../src/core/decode/speculativeDecode.ts";
import { SuffixDrafter } from "../../../src/core/drafters/suffixDrafter.ts";
import {
  decodeAlternatives,
  decodeSuperposedAlternatives,
} from "../../../src/core/suggestions/alternativeSuggestions.ts";
import { BranchPointCollector } from "../../../src/core/suggestions/branchPoints.ts";
import { NgramModel } from "../../../src/core/suggestions/ngramModel.ts";
import { paperSettings } from "../../../src/core/suggestions/superposedCandidates.ts";
import { mixRows, superposedDecode } from "../../../src/core/suggestions/superposedDecode.ts";
import type { PerBranch } from "../../../src/core/tree/branchedTarget.ts";
import type { GenerationContext } from "../../../src/core/tree/drafter.ts";
import { ROOT, rootOnlyTree } from "../../../src/core/tree/draftTree.ts";
import type { TreeLogits } from "../../../src/core/tree/targetModel.ts";
import type { LlamaTarget } from "../../../src/llama/target/llamaTarget.ts";
import { countdownSignal } from "../../support/countdownSignal.ts";
import { LosslessBench, MAX_GAP } from "../../support/losslessRun.ts";
import { DRAFT_PATH, openTarget, TARGET_PATH, TEST_GPU } from "../../support/models.ts";
import { NEVER } from "../../support/never.ts";
import { realSpots } from "../../support/packageSources.ts";

// No fewer than two, however few the lossless suite decodes.
const NUM_PROMPTS = Math.max(2, Number(process.env["TREELINE_LOSSLESS_PROMPTS"] ?? 64) / 4);
const MAX_TOKENS = 24;
const SEED = 20_261_121;
const observer = { now: () => performance.now() };

/** An opened model with the prompts of real files. */
async function openBench(path: string) {
  const opened = await openTarget(path);
  const bench = new LosslessBench(opened.model, opened.target, MAX_TOKENS);
  const { target, model } = opened;
  const { isEndToken } = bench;
  const pieceOf = (token: number) => model.vocabulary.detokenize([token]);
  return {
    target,
    bench,
    text: { pieceOf, isEndToken },
    newLimits: () => ({ maxTokens: MAX_TOKENS, isEndToken }),
    contexts: () => realSpots(NUM_PROMPTS, SEED).map((spot) => bench.prompt(spot)),
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  };
}
type Opened = Awaited<ReturnType<typeof openBench>>;

async function decodeFirst({ target, text, newLimits }: Opened, context: GenerationContext) {
  const branchPoints = new BranchPointCollector(text);
  const first = await speculativeDecode(
    {
      target,
      drafters: [new SuffixDrafter()],
      context,
      limits: newLimits(),
      maxDraftNodes: 3,
      observer: { ...observer, onVerified: (step) => branchPoints.observe(step) },
    },
    NEVER,
  );
  return { first, branchPoints };
}

/** What plain decoding gives after the same tokens, from an empty cache. */
async function decodeAlone({ target, newLimits }: Opened, prompt: Int32Array, maxTokens: number) {
  await target.prefill(new Int32Array(0), NEVER);
  const limits = { ...newLimits(), maxTokens };
  return greedyDecode(target, prompt, limits, observer, NEVER);
}

function expectCacheInStep(target: LlamaTarget): void {
  const { heldLengths } = target;
  expect(heldLengths[0]).toBe(target.kvLength);
  const last = Array.from(heldLengths, (_, id) => target.lastPosition(id));
  expect(last).toEqual(Array.from(heldLengths, (held) => held - 1));
}

describe(`several suggestions on real models (gpu ${TEST_GPU})`, () => {
  test("every branch is plain greedy decoding after its alternative", async () => {
    using opened = await openBench(TARGET_PATH);
    const { target, bench, newLimits } = opened;
    const tally = { numTokens: 0, numPasses: 0, numAccepted: 0, nearTies: 0 };
    const failures: string[] = [];
    for (const context of opened.contexts()) {
      const { first, branchPoints } = await decodeFirst(opened, context);
      const { suggestions, stats } = await decodeAlternatives(
        {
          target,
          context,
          first,
          branchPoints,
          newLimits,
          count: 4,
          maxDraftNodes: 12,
          draftersOf: () => [new SuffixDrafter()],
          observer,
        },
        NEVER,
      );
      expectCacheInStep(target);
      const kept = concatTokens(context.promptTokens, first.tokens);
      // With its last token, where a branch goes on behind it instead of ending there.
      expect([kept.length - 1, kept.length]).toContain(target.kvLength);
      tally.numPasses += stats.numSteps;
      tally.numAccepted += stats.numAcceptedTokens;
      const points = branchPoints.choose(4, first.tokens.length + 1);
      for (const [index, { tokens }] of suggestions.entries()) {
        const numGiven = points[index]!.position + 1;
        if (numGiven > tokens.length) continue;
        const prompt = concatTokens(context.promptTokens, tokens.subarray(0, numGiven));
        const rest = tokens.slice(numGiven);
        const alone = await decodeAlone(opened, prompt, MAX_TOKENS - numGiven);
        tally.numTokens += rest.length;
        const difference = await findDifference(
          { target, maxGap: MAX_GAP, isEndToken: bench.isEndToken },
          prompt,
          alone.tokens,
          rest,
          NEVER,
        );
        if (difference?.isNearTie === true) tally.nearTies++;
        else if (difference !== undefined) failures.push(bench.describe(difference));
      }
    }
    process.stdout.write(
      `branches gpu=${TEST_GPU}: ${tally.numTokens} tokens in ${tally.numPasses} passes, ` +
        `${tally.numAccepted} accepted, ${failures.length} failures, ${tally.nearTies} near ties\n`,
    );
    expect(failures).toEqual([]);
    expect(tally.nearTies).toBeLessThanOrEqual(1 + tally.numTokens / 200);
    expect(tally.numAccepted).toBeGreaterThan(0);
  });

  test.each([TARGET_PATH, DRAFT_PATH])(
    "one superposed draft is plain greedy decoding: %s",
    async (path) => {
      using opened = await openBench(path);
      const { target, bench } = opened;
      let numTokens = 0;
      for (const context of opened.contexts()) {
        const { promptTokens, prefixTokens } = context;
        const {
          drafts: [draft],
        } = await superposedDecode(
          {
            model: target,
            promptTokens,
            keptTokens: new Int32Array(0),
            prefixTokens,
            ngrams: new NgramModel(),
            settings: paperSettings(1, 12),
            endsDraft: bench.isEndToken,
          },
          NEVER,
        );
        expectCacheInStep(target);
        expect(target.kvLength).toBe(promptTokens.length - 1);
        const tokens = draft?.tokens ?? new Int32Array(0);
        const alone = await decodeAlone(opened, promptTokens, 12);
        const difference = await findDifference(
          { target, maxGap: MAX_GAP, isEndToken: bench.isEndToken },
          promptTokens,
          alone.tokens,
          tokens,
          NEVER,
        );
        if (difference?.isNearTie !== true)
          expect(difference, bench.describe(difference ?? NO_DIFFERENCE)).toBeUndefined();
        numTokens += tokens.length;
      }
      expect(numTokens).toBeGreaterThan(NUM_PROMPTS);
    },
  );

  test("superposed suggestions leave both caches as they were, at every abort, too", async () => {
    using opened = await openBench(TARGET_PATH);
    using draft = await openTarget(DRAFT_PATH);
    const { target, newLimits, bench } = opened;
    const context = opened.contexts()[0]!;
    const { first } = await decodeFirst(opened, context);
    const kept = concatTokens(context.promptTokens, first.tokens);
    const ngrams = new NgramModel();
    ngrams.learn(context.prefixTokens);
    ngrams.learn(first.tokens);
    const decode = (proposer: LlamaTarget, signal: AbortSignal) =>
      decodeSuperposedAlternatives(
        {
          target,
          context,
          first,
          newLimits,
          proposer,
          ngrams,
          settings: paperSettings(3),
          endsDraft: bench.isEndToken,
          maxDraftNodes: 8,
          observer,
        },
        signal,
      );
    const next = await nextRow(target, kept);
    for (const proposer of [target, draft.target]) {
      const expected = await decode(proposer, NEVER);
      for (let n = 1; ; n += 3) {
        const { signal, wasReached } = countdownSignal(n);
        const outcome = await decode(proposer, signal).catch((error: unknown) => error);
        expectCacheInStep(target);
        expectCacheInStep(draft.target);
        expect(target.kvLength).toBeLessThanOrEqual(kept.length - 1);
        if (!wasReached()) {
          const texts = (outcome as typeof expected).suggestions.map(({ tokens }) => tokens.join());
          expect(texts).toEqual(expected.suggestions.map(({ tokens }) => tokens.join()));
          break;
        }
        expect(outcome).toHaveProperty("name", "AbortError");
      }
      const row = await nextRow(target, kept);
      const worst = Math.max(...row.map((logit, token) => Math.abs(logit - next[token]!)));
      expect(worst).toBeLessThanOrEqual(0.2);
    }
  });

  // Recorded, not gated: it depends on the model.
  test("how near the superposed row is to the mean of the separate ones", async () => {
    for (const path of [TARGET_PATH, DRAFT_PATH]) {
      using opened = await openBench(path);
      const sums = new Float64Array(10);
      const contexts = opened.contexts().slice(0, 8);
      for (const context of contexts) {
        const cosines = await superpositionCosines(opened.target, context.promptTokens, 3, 10);
        cosines.forEach((cosine, step) => {
          sums[step]! += cosine / contexts.length;
        });
      }
      const figures = Array.from(sums, (cosine) => cosine.toFixed(2)).join(" ");
      process.stdout.write(`cosine of f(mix) and mix of f, steps 1 to 10: ${figures} (${path})\n`);
      expect(sums.every((cosine) => cosine >= -1 && cosine <= 1 + 1e-6)).toBe(true);
    }
  });
});

const NO_DIFFERENCE = {
  index: 0,
  plainToken: -1,
  otherToken: -1,
  plainLogit: 0,
  otherLogit: 0,
  gap: 0,
  isNearTie: false,
};

/** [vocabSize] logits after tokens whose cells, but for the last, the cache should hold. */
async function nextRow(target: LlamaTarget, tokens: Int32Array): Promise<number[]> {
  expect(await target.prefill(tokens.subarray(0, -1), NEVER)).toBe(tokens.length - 1);
  const logits = await target.evaluateTree(rootOnlyTree(tokens.at(-1)!), NEVER);
  const row = wholeRow(logits, target);
  target.rewind();
  return row;
}

function wholeRow(logits: TreeLogits, { vocabSize }: LlamaTarget): number[] {
  return Array.from({ length: vocabSize }, (_, token) => logits.logit(ROOT, token));
}

/** [numSteps] k greedy continuations beside one that is fed the mean of their embeddings. */
async function superpositionCosines(
  target: LlamaTarget,
  promptTokens: Int32Array,
  k: number,
  numSteps: number,
): Promise<number[]> {
  await target.prefill(promptTokens.subarray(0, -1), NEVER);
  const logits = await target.evaluateTree(rootOnlyTree(promptTokens.at(-1)!), NEVER);
  const top = logits.topK(ROOT, k);
  const logSumExp = logits.logSumExp(ROOT);
  const raw = Array.from(top.logits, (logit) => Math.exp(logit - logSumExp));
  const sum = raw.reduce((total, value) => total + value, 0);
  const weights = Float64Array.from(raw, (value) => value / sum);
  target.commit({ nodes: new Int32Array(0), bonusToken: 0 });
  using branches = target.openBranches(new Int32Array(k + 1).fill(promptTokens.length));
  const trees = Array.from({ length: k + 1 }, () => rootOnlyTree(0));
  const kept: PerBranch<{ nodes: Int32Array; bonusToken: number }> = trees.map(() => ({
    nodes: new Int32Array(0),
    bonusToken: 0,
  }));
  let tokens = top.tokens;
  const cosines: number[] = [];
  for (let step = 0; step < numSteps; step++) {
    const rows = target.embeddingRows(tokens);
    const input = new Float32Array((k + 1) * target.embeddingWidth);
    input.set(rows);
    input.set(mixRows(rows, weights), rows.length);
    const views = await branches.evaluateEmbeddings(trees, input, NEVER);
    const outputs = views.map((view) => wholeRow(view!, target));
    const mean = outputs[0]!.map((_, token) =>
      weights.reduce((total, weight, index) => total + weight * outputs[index]![token]!, 0),
    );
    cosines.push(cosineOf(outputs[k]!, mean));
    tokens = Int32Array.from({ length: k }, (_, index) => views[index]!.argmax(ROOT));
    branches.commit(kept);
  }
  return cosines;
}

function cosineOf(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, index) => sum + value * y[index]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
