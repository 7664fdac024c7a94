/** Token healing on the bundled target: real text, cut anywhere. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findDifference } from "../../../src/bench/speed/losslessCheck.ts";
import { concatTokens } from "../../../src/core/base/tokens.ts";
import { greedyDecode } from "../../../src/core/decode/greedyDecode.ts";
import { speculativeDecode } from "../../../src/core/decode/speculativeDecode.ts";
import { SuffixDrafter } from "../../../src/core/drafters/suffixDrafter.ts";
import {
  HEAL_LIMITS,
  type HealedOpening,
  healTokens,
} from "../../../src/core/healing/healTokens.ts";
import { PendingText } from "../../../src/core/healing/pendingText.ts";
import { SortedVocabulary } from "../../../src/core/healing/sortedVocabulary.ts";
import { NO_FLOORS, verifyDrafts } from "../../../src/core/suggestions/verifyDrafts.ts";
import { PromptTokens } from "../../../src/llama/text/promptTokens.ts";
import { countdownSignal } from "../../support/countdownSignal.ts";
import { CLOCK } from "../../support/decodeScenarios.ts";
import { MAX_GAP, MAX_RATE } from "../../support/losslessRun.ts";
import { type OpenedTarget, openTarget } from "../../support/models.ts";
import { NEVER } from "../../support/never.ts";
import { packageSources } from "../../support/packageSources.ts";

let opened: OpenedTarget;
let promptTokens: PromptTokens;
let sorted: SortedVocabulary;
beforeAll(async () => {
  opened = await openTarget();
  const { vocabulary } = opened.model;
  promptTokens = new PromptTokens(opened.model);
  sorted = new SortedVocabulary(vocabulary.pieceTable(), (token) => !vocabulary.isEndToken(token));
});
afterAll(() => opened[Symbol.dispose]());

/** Up to a cursor anywhere, as often as not within a word. */
const prefixes = fc
  .record({
    source: fc.constantFrom(...packageSources().map(({ text }) => text)),
    share: fc.double({ min: 0.05, max: 1, noNaN: true }),
    length: fc.integer({ min: 60, max: 400 }),
  })
  .map(({ source, share, length }) => {
    const end = Math.floor(share * source.length);
    return source.slice(Math.max(0, end - length), end);
  });

const limits = () => ({
  maxTokens: 12,
  isEndToken: opened.model.vocabulary.isEndToken.bind(opened.model.vocabulary),
});

function partOf(prefix: string) {
  const { tokens, pendingText, pendingTokens } = promptTokens.ofStable("prefix", prefix);
  const pending = PendingText.of(sorted, Buffer.from(pendingText));
  return { tokens, pendingText, likelyTokens: pendingTokens, pending };
}

describe("healing real text", () => {
  test("the output begins with the pending text, with drafts and without, and is likelier than as it stands", async () => {
    const { model, target } = opened;
    const { vocabulary } = model;
    const seen: HealedOpening[] = [];
    let numLikelier = 0;
    let numTokens = 0;
    let numNearTies = 0;
    await fc.assert(
      fc.asyncProperty(prefixes, async (prefix) => {
        const { tokens, pendingText, likelyTokens, pending } = partOf(prefix);
        if (pending === undefined || tokens.length === 0) return;
        const healed = await healTokens(
          { target, promptTokens: tokens, pending, likelyTokens },
          NEVER,
        );
        seen.push(healed);
        for (const { tokens: cover } of [healed, ...healed.alternatives]) {
          expect(bytesOf(cover).subarray(0, Buffer.byteLength(pendingText)).toString()).toBe(
            pendingText,
          );
          expect(bytesOf(cover.subarray(0, -1)).length).toBeLessThan(
            Buffer.byteLength(pendingText),
          );
        }
        const plain = await greedyDecode(target, tokens, limits(), CLOCK, NEVER, healed);
        const context = {
          promptTokens: tokens,
          prefixTokens: tokens,
          suffixTokens: new Int32Array(0),
        };
        const speculative = await speculativeDecode(
          {
            target,
            drafters: [new SuffixDrafter()],
            context,
            opening: healed,
            limits: limits(),
            maxDraftNodes: 6,
            observer: CLOCK,
          },
          NEVER,
        );
        const numKnown = healed.tokens.length;
        expect(speculative.tokens.subarray(0, numKnown)).toEqual(
          plain.tokens.subarray(0, numKnown),
        );
        const difference = await findDifference(
          { target, maxGap: MAX_GAP, isEndToken: limits().isEndToken },
          concatTokens(tokens, healed.tokens),
          plain.tokens.subarray(numKnown),
          speculative.tokens.subarray(numKnown),
          NEVER,
        );
        expect(difference?.isNearTie ?? true, JSON.stringify(difference)).toBe(true);
        if (difference !== undefined) numNearTies++;
        numTokens += plain.tokens.length;
        expect(vocabulary.detokenize(plain.tokens).startsWith(pendingText)).toBe(true);

        const drafts = [healed.tokens, likelyTokens];
        const scored = await verifyDrafts(
          {
            target,
            promptTokens: tokens,
            keptTokens: new Int32Array(0),
            drafts,
            floors: NO_FLOORS,
          },
          NEVER,
        );
        const [best, asItStands] = scored.map(({ logProbs }) =>
          logProbs.reduce((sum, value) => sum + value, 0),
        );
        if (healed.numPasses < HEAL_LIMITS.maxPasses) {
          expect(best).toBeGreaterThan(asItStands! - 0.01);
        }
        if (best! > asItStands! + 0.01) numLikelier++;
      }),
      { numRuns: 60 },
    );
    const meanPasses = seen.reduce((sum, { numPasses }) => sum + numPasses, 0) / seen.length;
    process.stdout.write(
      `healing: ${seen.length} places, ${meanPasses.toFixed(2)} passes, ` +
        `${numLikelier} likelier than as the text stood, ${numNearTies} near ties in ${numTokens} tokens\n`,
    );
    expect(numNearTies).toBeLessThanOrEqual(2 + numTokens * MAX_RATE);
    expect(numLikelier).toBeGreaterThan(5);
    expect(meanPasses).toBeLessThan(2);
  });

  test("is plain decoding under the constraint where only one cover is possible", async () => {
    const { model, target } = opened;
    const prompt = model.vocabulary.tokenize("const list = [];\nfor (const item");
    for (const text of ["\u0001", "\u0002\u0003", "\u0000\u0000\u0001"]) {
      const pending = PendingText.of(sorted, Buffer.from(text))!;
      const healed = await healTokens({ target, promptTokens: prompt, pending }, NEVER);
      expect(healed.alternatives).toEqual([]);
      const constrained = { ...limits(), constraint: pending };
      const plain = await greedyDecode(target, prompt, constrained, CLOCK, NEVER);
      const again = await greedyDecode(target, prompt, limits(), CLOCK, NEVER, healed);
      expect(again.tokens).toEqual(plain.tokens);
      expect(model.vocabulary.detokenize(plain.tokens).startsWith(text)).toBe(true);
    }
  });

  test("the cache holds what was committed after an abort at any moment", async () => {
    const { target } = opened;
    const { tokens, pending, likelyTokens } = partOf("export function add(a: number) {\n  retu");
    const params = { target, promptTokens: tokens, pending: pending!, likelyTokens };
    const expected = await healTokens(params, NEVER);
    const known = concatTokens(tokens, expected.tokens);
    for (let numLooks = 1; ; numLooks++) {
      await target.prefill(new Int32Array(0), NEVER);
      const { signal, wasReached } = countdownSignal(numLooks);
      const isDone = await healTokens(params, signal).then(
        () => true,
        () => false,
      );
      const { kvLength } = target;
      expect(await target.prefill(known.subarray(0, kvLength), NEVER)).toBe(kvLength);
      const again = await healTokens(params, NEVER);
      expect(again.tokens).toEqual(expected.tokens);
      if (isDone && !wasReached()) break;
    }
  });
});

function bytesOf(tokens: Int32Array): Buffer {
  return Buffer.concat(Array.from(tokens, (token) => sorted.piece(token)));
}
