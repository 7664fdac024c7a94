import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commonPrefixLength } from "../../src/core/base/tokens.ts";
import {
  buildDraftPrompt,
  DRAFT_PROMPT_TOKENS,
  DRAFT_SUFFIX_TOKENS,
} from "../../src/core/prompt/draftPrompt.ts";
import type { FimTokens } from "../../src/core/prompt/fimPrompt.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const PSM: FimTokens = { order: "PSM", prefix: 901, suffix: 902, middle: 903 };
const SPM: FimTokens = { ...PSM, order: "SPM" };
const NO_MIDDLE: FimTokens = { order: "SPM", prefix: 901, suffix: 902, bos: 900 };
const FAMILIES = [PSM, SPM, NO_MIDDLE];

const run = (length: number, first: number) =>
  Int32Array.from({ length }, (_, index) => (first + index) % 800);
const arbitraryLength = fc.nat(3 * DRAFT_PROMPT_TOKENS);

describe("buildDraftPrompt", () => {
  test("puts the text before the cursor last, behind the start of what follows", () => {
    const parts = { prefixTokens: Int32Array.of(1, 2, 3), suffixTokens: Int32Array.of(7, 8) };
    const prompts = FAMILIES.map((fim) => [...buildDraftPrompt(fim, parts)]);
    expect(prompts).toEqual([
      [901, 902, 7, 8, 903, 1, 2, 3],
      [902, 7, 8, 901, 1, 2, 3, 903],
      [900, 902, 7, 8, 901, 1, 2, 3],
    ]);
  });

  test("is never longer than it may be, and keeps the end of one part and the start of the other", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FAMILIES),
        arbitraryLength,
        arbitraryLength,
        fc.integer({ min: 8, max: 2 * DRAFT_PROMPT_TOKENS }),
        (fim, numPrefix, numSuffix, maxTokens) => {
          const parts = { prefixTokens: run(numPrefix, 0), suffixTokens: run(numSuffix, 400) };
          const prompt = buildDraftPrompt(fim, parts, maxTokens);
          expect(prompt.length).toBeLessThanOrEqual(maxTokens);
          const at = (marker: number) => prompt.indexOf(marker);
          const start = fim.order === "PSM" ? at(903) + 1 : at(901) + 1;
          const kept = prompt.slice(start, start <= at(903) ? at(903) : prompt.length);
          expect([...kept]).toEqual([...parts.prefixTokens.slice(numPrefix - kept.length)]);
          // At least half of the room is used where there is text for it.
          expect(kept.length).toBeGreaterThanOrEqual(Math.min(numPrefix, maxTokens / 2 - 4));
          const after = prompt.slice(at(902) + 1);
          const numKept = commonPrefixLength(after, parts.suffixTokens);
          expect(numKept).toBeGreaterThanOrEqual(
            Math.min(numSuffix, DRAFT_SUFFIX_TOKENS, maxTokens / 4 - 2),
          );
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("what is typed is appended: most keys change nothing before it", () => {
    const suffixTokens = run(100, 400);
    let numCut = 0;
    for (let length = 0; length < 1000; length++) {
      const [before, after] = [length, length + 1].map((numPrefix) =>
        buildDraftPrompt(PSM, { prefixTokens: run(numPrefix, 0), suffixTokens }),
      );
      if (commonPrefixLength(before!, after!) < before!.length) numCut++;
    }
    expect(numCut).toBeLessThan(1000 / 40);
  });
});
