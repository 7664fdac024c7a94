import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isOtherPlace } from "../../src/llama/target/promptPlace.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

/** Runs of tokens as distinct as those of code are mostly. */
const text = (maxLength: number, minLength = 0) =>
  fc.array(fc.nat(5000), { minLength, maxLength }).map((tokens) => Int32Array.from(tokens));
const join = (...parts: readonly (Int32Array | readonly number[])[]) =>
  Int32Array.from(parts.flatMap((part) => [...part]));

describe("isOtherPlace", () => {
  test("a prompt in which somebody typed is the same place, whatever was generated behind the last", () => {
    fc.assert(
      fc.property(
        text(60),
        text(600),
        text(20),
        text(400),
        text(300),
        (header, prefix, typed, suffix, output) => {
          const before = join(header, [1], prefix, [2], suffix, [3], output);
          const after = join(header, [1], prefix, typed, [2], suffix, [3]);
          expect(isOtherPlace(before, after)).toBe(false);
          expect(isOtherPlace(after, before)).toBe(false);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("a prompt that was cut elsewhere, anchored elsewhere, or broken off is the same place", () => {
    fc.assert(
      fc.property(
        text(600, 300),
        text(300),
        fc.nat(250),
        fc.nat(299),
        fc.nat(),
        (prefix, suffix, cut, anchor, end) => {
          const before = join([1], prefix, [2], suffix, [3]);
          const anchored = (start: number) => [
            ...[[1], prefix.subarray(start, Math.max(start, anchor)), [2], suffix, [3]],
            prefix.subarray(Math.max(start, anchor)),
          ];
          expect(isOtherPlace(before, join(...anchored(cut)))).toBe(false);
          expect(isOtherPlace(before.subarray(0, end % before.length), join(...anchored(0)))).toBe(
            false,
          );
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("a prompt of other text is another place, behind any common header, and if it is short", () => {
    fc.assert(
      fc.property(text(400), text(600, 80), text(600, 80), (header, some, other) => {
        // Tokens of their own: two random texts may agree by chance.
        const kept = join(
          header,
          some.map((token) => 2 * token),
        );
        const tokens = join(
          header,
          other.map((token) => 2 * token + 1),
        );
        expect(isOtherPlace(kept, tokens)).toBe(true);
        expect(isOtherPlace(kept.subarray(header.length), tokens.slice(-5))).toBe(true);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("what is a start of the last prompt, or has next to nothing to lose, is no other place", () => {
    fc.assert(
      fc.property(text(600, 1), fc.nat(), text(63), text(600), (kept, end, short, tokens) => {
        expect(isOtherPlace(kept, kept.subarray(0, 1 + (end % kept.length)))).toBe(false);
        expect(isOtherPlace(short, tokens)).toBe(false);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
