import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FLOOR_TOKENS,
  firstWithin,
  PromptSpeed,
  promptLengths,
} from "../../src/core/prompt/promptLength.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

describe("promptLengths", () => {
  test("fall from the longest to the floor, and never below what was asked for", () => {
    expect(promptLengths(1024)).toEqual([1024, 768, 512, 384, 256]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9000 }), (longest) => {
        const lengths = promptLengths(longest);
        expect(lengths[0]).toBe(longest);
        expect(lengths.at(-1)).toBe(Math.min(FLOOR_TOKENS, longest));
        for (const [index, length] of lengths.entries()) {
          if (index > 0) expect(length).toBeLessThan(lengths[index - 1]!);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("PromptSpeed", () => {
  test("gives what fits beside the decoding of a line, nothing before it knows", () => {
    const speed = new PromptSpeed(40);
    expect(speed.tokensWithin(1000)).toBe(0);
    speed.record(100, 100);
    // 12 tokens of 40 ms; the rest at a token a millisecond.
    expect(speed.tokensWithin(1000)).toBe(520);
    expect(speed.tokensWithin(500)).toBe(20);
    expect(speed.tokensWithin(1)).toBe(0);
  });

  test("follows the machine, and learns nothing from a few tokens", () => {
    const speed = new PromptSpeed();
    speed.record(100, 100);
    speed.record(5, 5000);
    expect(speed.tokensWithin(1000)).toBe(1000);
    for (let time = 0; time < 40; time++) speed.record(100, 200);
    expect(speed.tokensWithin(1000)).toBeCloseTo(500, -1);
  });
});

describe("firstWithin", () => {
  test("is the first that fits, else the one that takes least, and asks for no more than it needs", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1 }), fc.nat(1000), (unread, numTokens) => {
        let numAsked = 0;
        function* choices() {
          for (const numUnread of unread) {
            numAsked++;
            yield { numUnread };
          }
        }
        const { numUnread } = firstWithin(choices(), numTokens);
        const fitting = unread.findIndex((one) => one <= numTokens);
        expect(numUnread).toBe(fitting === -1 ? Math.min(...unread) : unread[fitting]);
        expect(numAsked).toBe(fitting === -1 ? unread.length : fitting + 1);
      }),
      { numRuns: NUM_RUNS },
    );
    expect(() => firstWithin([], 9)).toThrow(RangeError);
  });
});
