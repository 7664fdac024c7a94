import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { anchorIndex, promptAnchor } from "../../src/core/prompt/promptAnchor.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

describe("anchorIndex", () => {
  test("is the start of a line so many above the cursor's, for any text", () => {
    const texts = fc
      .array(fc.constantFrom("a", "\n", "\r\n", " "), { maxLength: 30 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(texts, fc.nat(6), (text, linesUp) => {
        const lines = text.split("\n");
        const kept = lines.slice(Math.max(0, lines.length - 1 - linesUp)).join("\n");
        expect(text.slice(anchorIndex(text, { linesUp }))).toBe(kept);
      }),
      { numRuns: NUM_RUNS },
    );
    expect(anchorIndex("ab\nc", "cursor")).toBe(4);
    expect(anchorIndex("ab\nc", "file")).toBe(0);
  });
});

describe("promptAnchor", () => {
  test.each([
    ["cursor", true],
    ["file", true],
    [{ linesUp: 0 }, true],
    [{ linesUp: 8 }, true],
    [{ linesUp: -1 }, false],
    [{ linesUp: 0.5 }, false],
    ["line", false],
    [null, false],
    [3, false],
  ])("%j: %s", (value, expected) => {
    expect(v.is(promptAnchor, value)).toBe(expected);
  });
});
