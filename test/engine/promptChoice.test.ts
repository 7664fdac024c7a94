/** Prompts as long as the time allows, on the real tiny pair: short at a place that is new, whole once that was read ahead. */
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { nullLog } from "../../src/core/base/log.ts";
import { commonPrefixLength } from "../../src/core/base/tokens.ts";
import { KeptAnchors } from "../../src/core/prompt/keptAnchors.ts";
import { FLOOR_TOKENS, PromptSpeed } from "../../src/core/prompt/promptLength.ts";
import { READ_STEP } from "../../src/core/tree/promptReading.ts";
import { BackgroundTurns } from "../../src/engine/base/backgroundTurns.ts";
import {
  type GenerationStores,
  generateCompletion,
} from "../../src/engine/complete/generateCompletion.ts";
import { Healing } from "../../src/engine/complete/healing.ts";
import { loadModelPair, type ModelPair } from "../../src/engine/models/modelHost.ts";
import { IdleReading } from "../../src/engine/prompt/idleReading.ts";
import type { CompleteParams } from "../../src/engine/protocol/completeMessages.ts";
import { PromptTokens } from "../../src/llama/text/promptTokens.ts";
import { PAIR } from "../support/builtEngine.ts";
import { newLearnedState } from "../support/learnedStates.ts";
import { TEST_GPU } from "../support/models.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";

let pair: ModelPair;
beforeAll(async () => {
  pair = await loadModelPair(TEST_GPU, PAIR, () => {}, NEVER);
  return () => pair[Symbol.dispose]();
});

let stores: GenerationStores & { readonly idleReading: IdleReading };
let prompts: Int32Array[];
let request: CompleteParams;
beforeEach(async () => {
  await pair.target.target.prefill(new Int32Array(0), NEVER);
  const { model } = pair.target;
  const speed = new PromptSpeed();
  // As slow as a large model on two cores: more than the floor is never read while somebody waits.
  speed.record(100, 10_000);
  prompts = [];
  stores = {
    pair,
    learned: newLearnedState(model.vocabulary.size, (token) => model.vocabulary.pieceBytes(token)),
    promptTokens: new PromptTokens(model),
    anchors: new KeptAnchors(),
    speed,
    healing: new Healing(pair),
    passCost: undefined,
    log: nullLog,
    onPrompt: ({ tokens }) => prompts.push(tokens),
    idleReading: new IdleReading(new BackgroundTurns(), nullLog),
  };
  const { text, path } = packageSources().find((file) => file.text.length > 12_000)!;
  const at = text.indexOf("\n", 9000) + 1;
  request = {
    ...{ prefixText: text.slice(0, at), suffixText: text.slice(at), filePath: path },
    ...{ maxTokens: 8, sources: [], heals: true, anchor: LINE, keepsAnchor: true },
    firstLineMs: 1000,
  };
  // What a test leaves to be read must not be read of models that are another test's, or freed.
  return () => stores.idleReading.stop();
});

const LINE = { linesUp: 0 };
const typed = (text: string) => ({ ...request, prefixText: request.prefixText + text });

async function ask(params: CompleteParams) {
  await stores.idleReading.stop();
  return generateCompletion(stores, params, () => {}, NEVER);
}

/** Resolves when so many parts more were read; the reading stops there, and how fast it was is not learned. */
function partsRead(numParts: number): Promise<void> {
  const { record } = stores.speed;
  return new Promise((resolve) => {
    let numLeft = numParts;
    stores.speed.record = () => {
      if (--numLeft > 0) return;
      stores.speed.record = record;
      void stores.idleReading.stop().then(resolve);
    };
  });
}

describe("a request that says how soon a line is to be there", () => {
  test("gets a short prompt at a new place and the whole one once that was read, with what is typed on", async () => {
    await ask(request);
    const whole = await ask({ ...request, firstLineMs: 1_000_000 });
    expect(prompts[0]!.length).toBeLessThanOrEqual(FLOOR_TOKENS);
    expect(prompts[1]!.length).toBeGreaterThan(2 * FLOOR_TOKENS);
    await pair.target.target.prefill(new Int32Array(0), NEVER);

    await ask(request);
    const { target } = pair.target;
    await vi.waitFor(() => expect(target.numAtHand(prompts[1]!)).toBe(prompts[1]!.length), 20_000);
    const after = await ask(request);
    expect(prompts.at(-1)).toEqual(prompts[1]);
    expect(after.stats.numReusedTokens).toBeGreaterThanOrEqual(prompts[1]!.length - 1);
    expect(after.text).toBe(whole.text);
    const next = await ask(typed("const a = "));
    expect(Array.from(prompts.at(-1)!.subarray(0, prompts[1]!.length))).toEqual(
      Array.from(prompts[1]!),
    );
    expect(next.stats.numPromptTokens - next.stats.numReusedTokens).toBeLessThan(16);
  });

  test("a key in the middle of that finds what it had, and the reading goes on where it was", async () => {
    await ask(request);
    const { target } = pair.target;
    await ask({ ...request, firstLineMs: 1_000_000, maxTokens: 1 });
    const [short, whole] = prompts as [Int32Array, Int32Array];
    await target.prefill(new Int32Array(0), NEVER);
    await ask(request);
    const numShared = commonPrefixLength(short, whole);
    let numBefore = numShared;
    for (const text of ["c", "co", "con", "cons", "const"]) {
      await partsRead(2);
      const numRead = target.numAtHand(whole);
      expect(numRead).toBeGreaterThan(numBefore);
      numBefore = numRead;
      const { stats } = await ask(typed(text));
      expect(prompts.at(-1)!.length).toBeLessThan(short.length + 16);
      expect(stats.numPromptTokens - stats.numReusedTokens).toBeLessThanOrEqual(16);
    }
    expect(numBefore).toBeGreaterThan(numShared + 5 * READ_STEP);
  });

  test("once much was typed, the prompt of a new anchor is read ahead and used from then on", async () => {
    const { target } = pair.target;
    const { firstLineMs: _, ...whole } = request;
    await ask(whole);
    const lines = "const value = compute(first, second);\n".repeat(10);
    const later = { ...whole, prefixText: whole.prefixText + lines };
    await ask(later);
    const numBefore = commonPrefixLength(prompts[0]!, prompts[1]!);
    // Only appended to.
    expect(numBefore).toBe(prompts[0]!.length);
    const fresh = { ...later, keepsAnchor: false };
    await vi.waitFor(async () => {
      const key = { ...later, prefixText: `${later.prefixText}x` };
      expect(stores.anchors.renewalAt(key.filePath!, key, LINE)).toBeUndefined();
    }, 20_000);
    await stores.idleReading.stop();
    const again = await ask(later);
    const asked = prompts.at(-1)!;
    expect(again.stats.numPromptTokens - again.stats.numReusedTokens).toBeLessThan(16);
    await ask(fresh);
    expect(asked).toEqual(prompts.at(-1));
    // What was used before is there for who deletes that again.
    expect(target.numAtHand(prompts[0]!)).toBe(prompts[0]!.length);
  });

  test("what was read of a new anchor's prompt stays where a key comes in its middle", async () => {
    const { target } = pair.target;
    const { firstLineMs: _, ...whole } = request;
    const lines = "const value = compute(first, second);\n".repeat(20);
    const later = { ...whole, prefixText: whole.prefixText + lines };
    await ask({ ...later, keepsAnchor: false });
    const renewed = prompts[0]!;
    await target.prefill(new Int32Array(0), NEVER);
    await ask(whole);
    await ask(later);
    const numShared = commonPrefixLength(prompts.at(-1)!, renewed);
    expect(renewed.length - numShared).toBeGreaterThan(5 * READ_STEP);
    await partsRead(3);
    const numRead = target.numAtHand(renewed);
    expect(numRead).toBeGreaterThanOrEqual(numShared + 2 * READ_STEP);
    expect(numRead).toBeLessThan(renewed.length);
    await ask({ ...later, prefixText: `${later.prefixText}x` });
    expect(target.numAtHand(renewed)).toBe(numRead);
  });

  test("without it, and where nothing may be reused, the prompt is whole", async () => {
    const { firstLineMs: _, ...plain } = request;
    await ask(plain);
    await ask({ ...request, reusesPrompt: false });
    expect(prompts[0]).toEqual(prompts[1]);
    expect(prompts[0]!.length).toBeGreaterThan(2 * FLOOR_TOKENS);
  });
});
