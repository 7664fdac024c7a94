/** What healing leaves in the target's cache, at every abort too, and what is decoded behind it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { greedyDecode } from "../../src/core/decode/greedyDecode.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import { CLOCK, decodePlain, decodeSpeculatively, openFake } from "../support/decodeScenarios.ts";
import {
  END,
  heal,
  healScenarios,
  logitsFor,
  openTarget,
  PIECES,
  PROMPT,
  uniform,
} from "../support/healScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { bytesOf, isBeginning } from "../support/pieces.ts";

describe("the cache behind healing", () => {
  test("holds the prompt and what of the tokens was evaluated, and decoding goes on from there", async () => {
    await fc.assert(
      fc.asyncProperty(healScenarios, fc.boolean(), async (scenario, isChain) => {
        const logitsOf = logitsFor(scenario);
        const target = openTarget(logitsOf, isChain ? { maxBranches: 1 } : {});
        const healed = await heal(target, scenario.text);
        const known = [...PROMPT, ...healed.tokens];
        expect(target.rows.length).toBeGreaterThanOrEqual(PROMPT.length);
        expect(target.rows).toEqual(known.slice(0, target.kvLength));
        if (isChain) expect(target.kvLength).toBe(known.length - 1);
        const limits = { maxTokens: 6, isEndToken: () => false };
        const [after, alone] = [target, openTarget(logitsOf)].map((one) =>
          greedyDecode(one, Int32Array.from(PROMPT), limits, CLOCK, NEVER, healed),
        );
        expect((await after!).tokens).toEqual((await alone!).tokens);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("is what was committed after an abort at any moment", async () => {
    const scenario = { text: ".append", order: 2, seed: 5, sharpness: 1 };
    const logitsOf = logitsFor(scenario);
    for (const maxBranches of [1, 8]) {
      for (const maxPasses of [1, 4]) {
        const limits = { maxNodes: 3, maxPasses, maxCovers: 3 };
        const open = () => openTarget(logitsOf, { maxBranches });
        const expected = await heal(open(), scenario.text, { limits });
        const known = [...PROMPT, ...expected.tokens];
        let numAborts = 0;
        for (let numLooks = 1; ; numLooks++) {
          const { signal, wasReached } = countdownSignal(numLooks);
          const target = open();
          const aborted = await heal(target, scenario.text, { limits }, signal).then(
            () => false,
            (error: unknown) => (error as Error).name === "AbortError",
          );
          expect(target.rows).toEqual(known.slice(0, target.kvLength));
          if (aborted) numAborts++;
          else expect(wasReached()).toBe(false);
          const again = await heal(target, scenario.text, { limits });
          expect(again.tokens).toEqual(expected.tokens);
          if (!wasReached()) break;
        }
        expect(numAborts).toBeGreaterThan(4);
      }
    }
  });

  test("an empty prompt is refused, as is a context without room", async () => {
    const target = openTarget(() => uniform());
    await expect(heal(target, "a", { promptTokens: new Int32Array(0) })).rejects.toThrow(
      RangeError,
    );
    const full = openTarget(() => uniform(), { contextSize: PROMPT.length - 1 });
    await expect(heal(full, "a")).rejects.toMatchObject({ code: "contextFull" });
    expect(full.rows).toEqual(PROMPT.slice(0, -1));
  });
});

describe("decoding behind healing", () => {
  test("is the same with and without drafts", async () => {
    await fc.assert(
      fc.asyncProperty(healScenarios, fc.nat(20), async (scenario, maxDraftNodes) => {
        const decoding = {
          vocabSize: PIECES.length,
          order: scenario.order,
          seed: scenario.seed,
          prompt: PROMPT,
          drafters: ["recycling", "suffixMatch", "draftTree"] as const,
          maxDraftNodes,
          passMs: undefined,
          maxTokens: 16,
          maxBranches: 8,
          numFree: 64,
          endTokens: [END],
          stopAt: undefined,
        };
        const targets = [openFake(decoding), openFake(decoding)];
        const healed = await Promise.all(targets.map((target) => heal(target, scenario.text)));
        expect(healed[0]!.tokens).toEqual(healed[1]!.tokens);
        const opening = Array.from(healed[0]!.tokens);
        const plain = await decodePlain({ ...decoding, opening });
        const options = { target: targets[1]! };
        const speculative = await decodeSpeculatively({ ...decoding, opening }, options);
        expect(speculative.tokens).toEqual(plain.tokens);
        const output = Array.from(plain.tokens).flatMap((token) => PIECES[token]!);
        expect(isBeginning(bytesOf(scenario.text), output)).toBe(true);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
