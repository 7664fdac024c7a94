/** The draft model's own prompt in the built engine: behind the first token, between requests, and never in the way. */
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { CompleteParams } from "../../src/engine/protocol/completeMessages.ts";
import { LONG_REQUEST, OTHER_REQUEST, PAIR } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

/** The tiny draft model reads its prompt in a few ms; a busy machine takes longer. */
const IDLE_MS = 1500;
const DRAFT_MODEL: CompleteParams = { ...LONG_REQUEST, sources: ["draftModel"], maxTokens: 24 };
const ONE_TOKEN: CompleteParams = { ...DRAFT_MODEL, maxTokens: 1 };
const PLAIN: CompleteParams = { ...DRAFT_MODEL, sources: [] };

async function openEngine() {
  const lines: string[] = [];
  const client = createClient({}, { log: (level, message) => lines.push(`${level} ${message}`) });
  await client.load(PAIR, ignore, NEVER);
  const complete = (request: CompleteParams, signal = NEVER) =>
    client.complete(request, ignore, signal);
  return { client, lines, complete };
}

describe("the draft model", () => {
  test("reads behind the first token, and drafts in the same request", async () => {
    const { complete } = await openEngine();
    const { stats, tokens } = await complete(DRAFT_MODEL);
    expect(stats.timings.readMs).toBeGreaterThan(0);
    expect(stats.bySource.draftModel.numAccepted).toBeGreaterThan(0);
    expect(tokens).toEqual((await complete(PLAIN)).tokens);
  });

  test("reads between requests, so that the next one at the place drafts from its second step on", async () => {
    const { complete } = await openEngine();
    // One step, in which nothing is read.
    const before = { ...ONE_TOKEN, prefixText: DRAFT_MODEL.prefixText.slice(0, -20) };
    const { stats } = await complete(before);
    expect([stats.numSteps, stats.timings.readMs]).toEqual([1, 0]);
    await setTimeout(IDLE_MS);
    // 20 characters later.
    const warm = await complete(DRAFT_MODEL);
    expect(warm.stats.timings.readMs).toBe(0);
    expect(warm.stats.bySource.draftModel.numProposed).toBeGreaterThan(0);
    const cold = await (await openEngine()).complete(DRAFT_MODEL);
    expect(cold.stats.timings.readMs).toBeGreaterThan(0);
    expect(warm.tokens).toEqual(cold.tokens);
    // What an editor closes behind the cursor is none of the draft model's prompt.
    await setTimeout(IDLE_MS);
    const closed = await complete({ ...DRAFT_MODEL, suffixText: `)${DRAFT_MODEL.suffixText}` });
    expect(closed.stats.timings.readMs).toBe(0);
  });

  test("gives way at once to whatever comes while it reads: requests, loads, the end", async () => {
    const { client, lines, complete } = await openEngine();
    const plain = [await complete(PLAIN), await complete({ ...PLAIN, ...placeOf(OTHER_REQUEST) })];
    for (let round = 0; round < 20; round++) {
      const isOther = round % 2 === 1;
      const request = isOther ? { ...DRAFT_MODEL, ...placeOf(OTHER_REQUEST) } : DRAFT_MODEL;
      await complete({ ...request, maxTokens: 1 });
      await setTimeout(round % 5);
      expect((await complete(request)).tokens).toEqual(plain[isOther ? 1 : 0]!.tokens);
      await setTimeout(round % 3);
    }
    await complete(ONE_TOKEN);
    await client.load(PAIR, ignore, NEVER);
    expect((await complete(DRAFT_MODEL)).tokens).toEqual(plain[0]!.tokens);
    await complete(ONE_TOKEN);
    await client.unload(NEVER);
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  test("cancelled while it reads, it leaves both caches right", async () => {
    const { complete, lines } = await openEngine();
    const { tokens } = await complete(PLAIN);
    for (let ms = 0; ms < 40; ms += 2) {
      const other = placeOf(ms % 4 === 0 ? OTHER_REQUEST : LONG_REQUEST);
      const controller = new AbortController();
      const running = complete({ ...DRAFT_MODEL, ...other }, controller.signal).catch(ignore);
      await setTimeout(ms);
      controller.abort();
      await running;
      expect((await complete(DRAFT_MODEL)).tokens).toEqual(tokens);
    }
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual([]);
  });
});

function placeOf({ prefixText, suffixText }: CompleteParams) {
  return { prefixText, suffixText };
}
