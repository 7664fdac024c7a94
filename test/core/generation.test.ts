import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyDecodeStats } from "../../src/core/tree/decodeStats.ts";
import { type GenerationLimits, OutputCollector } from "../../src/core/tree/generation.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const END = 9;
const limitsOf = (limits: Partial<GenerationLimits> = {}): GenerationLimits => ({
  maxTokens: 10,
  isEndToken: (token) => token === END,
  ...limits,
});

/** Pushes tokens until the collector has enough. */
function collect(limits: GenerationLimits, tokens: readonly number[]) {
  const output = new OutputCollector(limits);
  tokens.every((token) => output.push(token, token % 4));
  return output;
}

describe("OutputCollector", () => {
  test("ends before an end token", () => {
    const output = collect(limitsOf(), [1, 2, END, 3]);
    const { tokens, finishReason } = output.finish(emptyDecodeStats());
    expect(Array.from(tokens)).toEqual([1, 2]);
    expect(finishReason).toBe("endToken");
  });

  test("ends with the last token that is wanted", () => {
    const output = collect(limitsOf({ maxTokens: 2 }), [1, 2, 3]);
    expect(output.finishReason).toBe("maxTokens");
    expect(output.length).toBe(2);
    expect(output.numRemaining).toBe(0);
  });

  test("ends with the token that a stop rule ends at, also where it is the last wanted one", () => {
    const stopRule = { push: (token: number) => token === 2 };
    const output = collect(limitsOf({ maxTokens: 2, stopRule }), [1, 2, 3]);
    expect(output.finishReason).toBe("stopRule");
    expect(Array.from(output.tokensFrom(0))).toEqual([1, 2]);
  });

  test("shows an end token to no stop rule, and nothing after the end", () => {
    const seen: number[] = [];
    const stopRule = { push: (token: number) => seen.push(token) > 100 };
    const output = collect(limitsOf({ stopRule }), [1, END]);
    expect(output.push(5, 0)).toBe(false);
    expect(seen).toEqual([1]);
    expect(output.length).toBe(1);
  });

  test("a generation that nothing ended ran out of context", () => {
    const { finishReason, tokens } = collect(limitsOf(), [1]).finish(emptyDecodeStats());
    expect(finishReason).toBe("contextFull");
    expect(tokens.length).toBe(1);
  });

  test("keeps one source per token and at most maxTokens, whatever is pushed", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(END)), fc.integer({ min: 1, max: 12 }), (tokens, maxTokens) => {
        const output = collect(limitsOf({ maxTokens }), tokens);
        const generation = output.finish(emptyDecodeStats());
        const end = tokens.indexOf(END);
        const wanted = (end === -1 ? tokens : tokens.slice(0, end)).slice(0, maxTokens);
        expect(Array.from(generation.tokens)).toEqual(wanted);
        expect(Array.from(generation.tokenSources)).toEqual(wanted.map((token) => token % 4));
        expect(output.numRemaining).toBe(maxTokens - wanted.length);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("refuses limits that are no positive integers", () => {
    for (const maxTokens of [0, -1, 1.5, Number.NaN]) {
      expect(() => new OutputCollector(limitsOf({ maxTokens }))).toThrow(RangeError);
    }
  });
});
