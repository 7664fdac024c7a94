import { describe, expect, test } from "vitest";
import { ForcedTarget } from "../../src/bench/decoders/forcedTarget.ts";
import { greedyDecode } from "../../src/core/decode/greedyDecode.ts";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import { RecyclingDrafter } from "../../src/core/drafters/recyclingDrafter.ts";
import { RecyclingStore } from "../../src/core/drafters/recyclingStore.ts";
import { SuffixDrafter } from "../../src/core/drafters/suffixDrafter.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { contextOf } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";

const VOCAB_SIZE = 500;
const limits = { maxTokens: 40, isEndToken: (token: number) => token < 100 };
const observer = { now: () => 0 };

function open(seed: number) {
  const inner = new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf: hashedLogits(VOCAB_SIZE, 1) });
  const target = new ForcedTarget(inner, seed, (token) => !limits.isEndToken(token));
  return { inner, target };
}

describe("ForcedTarget", () => {
  const prompt = contextOf([3, 1, 4, 1, 5, 9, 2, 6]);

  test("says the same with and without drafts, in real passes, and hardly a draft is right", async () => {
    const { inner, target } = open(1);
    const plain = await greedyDecode(target, prompt.promptTokens, limits, observer, NEVER);
    expect(plain.tokens).toHaveLength(limits.maxTokens);
    expect(inner.numPasses).toBe(limits.maxTokens);
    expect(plain.tokens.some(limits.isEndToken)).toBe(false);
    const { stats, tokens } = await speculativeDecode(
      {
        target,
        drafters: [new SuffixDrafter(), new RecyclingDrafter(new RecyclingStore(VOCAB_SIZE))],
        context: prompt,
        limits,
        maxDraftNodes: 8,
        observer,
      },
      NEVER,
    );
    expect(tokens).toEqual(plain.tokens);
    expect(stats.numDraftTokens).toBeGreaterThan(10);
    expect(stats.numAcceptedTokens).toBeLessThan(3);
  });

  test("says something else for another prompt or seed", async () => {
    const outputOf = async (seed: number, tokens: readonly number[]) => {
      const { target } = open(seed);
      const { promptTokens } = contextOf(tokens);
      return (await greedyDecode(target, promptTokens, limits, observer, NEVER)).tokens.join(" ");
    };
    const outputs = [
      await outputOf(1, [1, 2, 3]),
      await outputOf(2, [1, 2, 3]),
      await outputOf(1, [1, 3, 3]),
    ];
    expect(new Set(outputs).size).toBe(3);
    expect(await outputOf(1, [1, 2, 3])).toBe(outputs[0]);
  });
});
