/** The engine is killed at seeded moments: the request under way says so, the next one works, nothing is left behind. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import type { CompletionResult } from "../../src/engine/protocol/completeMessages.ts";
import type { LoadProgress } from "../../src/engine/protocol/protocol.ts";
import type { EngineClient } from "../../src/session/client/engineClient.ts";
import {
  ENDLESS_REQUEST,
  LONG_REQUEST,
  livingEngines,
  OTHER_REQUEST,
  PAIR,
} from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

const NUM_MOMENTS = 5;
const CRASH = { name: "EngineError", code: "engineCrashed" };

/** A client with the pair loaded, the text every later completion must give, and how long its phases take. */
async function startEngine() {
  const client = createClient();
  await client.load(PAIR, ignore, NEVER);
  const start = performance.now();
  await client.load(PAIR, ignore, NEVER);
  const loadMs = performance.now() - start;
  const reference = await complete(client);
  return { client, loadMs, reference };
}

function complete(client: EngineClient, onChunk = ignore): Promise<CompletionResult> {
  return client.complete(LONG_REQUEST, onChunk, NEVER);
}

async function kill(client: EngineClient): Promise<number> {
  const { pid } = await client.health(NEVER);
  process.kill(pid, "SIGKILL");
  return pid;
}

async function expectRecovery(
  client: EngineClient,
  reference: CompletionResult,
  moment: string,
): Promise<void> {
  const { text } = await complete(client);
  expect(text, `after a kill in ${moment}`).toBe(reference.text);
  const { pid } = await client.health(NEVER);
  // On Linux; elsewhere there is no list.
  if (process.platform === "linux") expect(livingEngines(), moment).toEqual([pid]);
}

describe("EngineClient on a killed engine", () => {
  test("reports a crash of each load that it interrupts", async () => {
    const { client, loadMs, reference } = await startEngine();
    const random = seededRandom(31);
    for (let i = 0; i < NUM_MOMENTS; i++) {
      const { pid } = await client.health(NEVER);
      // The first moments lie before the file is read, the others while the target or the draft is.
      const isEarly = i < 2;
      const which: LoadProgress["model"] = i % 2 === 0 ? "target" : "draft";
      const fraction = random() * 0.5;
      const onProgress = (report: LoadProgress) => {
        if (!isEarly && report.model === which && report.fraction >= fraction) {
          killOnce();
        }
      };
      let isKilled = false;
      const killOnce = () => {
        if (!isKilled) process.kill(pid, "SIGKILL");
        isKilled = true;
      };
      const pending = client.load(PAIR, onProgress, NEVER);
      if (isEarly) setTimeout(killOnce, random() * 0.3 * loadMs);
      await expect(pending, `load ${i}`).rejects.toMatchObject(CRASH);
      await expectRecovery(client, reference, `load ${i}`);
    }
  });

  test("reports a crash of a completion in its prefill", async () => {
    const { client, reference } = await startEngine();
    const { prefillMs } = reference.stats.timings;
    const random = seededRandom(32);
    let numLate = 0;
    for (let i = 0; i < NUM_MOMENTS; ) {
      const { pid } = await client.health(NEVER);
      const chunks: string[] = [];
      // Another prompt than the one that is in the cache.
      const pending = client.complete(OTHER_REQUEST, ({ text }) => chunks.push(text), NEVER);
      const settled = Promise.allSettled([pending]);
      await delay((random() * 0.5 * prefillMs) / (1 + numLate));
      process.kill(pid, "SIGKILL");
      const [outcome] = await settled;
      if (chunks.length > 0 || outcome.status === "fulfilled") {
        // The machine has become quicker, or the kill came late: another attempt, and earlier.
        await vi.waitFor(() => expect(client.state).toBe("restarting"));
        expect(++numLate).toBeLessThan(NUM_MOMENTS);
      } else {
        expect(outcome.reason, `prefill ${i}`).toMatchObject(CRASH);
        i++;
      }
      await expectRecovery(client, reference, `prefill ${i}`);
    }
  });

  // A chunk is sent right after a commit; some time later is anywhere in the steps that follow, most likely in a pass.
  test.each([
    ["commit", 33, 0],
    ["evaluate", 34, 0.5],
  ])("reports a crash of a completion in a step's %s", async (phase, seed, share) => {
    const { client, reference } = await startEngine();
    const { timings } = await client.complete(ENDLESS_REQUEST, ignore, NEVER);
    const random = seededRandom(seed);
    let numLate = 0;
    for (let i = 0; i < NUM_MOMENTS; ) {
      const { pid } = await client.health(NEVER);
      const delayMs = (random() * share * timings.decodeMs) / (1 + numLate);
      let isFirst = true;
      const pending = client.complete(
        ENDLESS_REQUEST,
        () => {
          const killNow = () => process.kill(pid, "SIGKILL");
          if (isFirst && delayMs === 0) killNow();
          else if (isFirst) setTimeout(killNow, delayMs);
          isFirst = false;
        },
        NEVER,
      );
      const [outcome] = await Promise.allSettled([pending]);
      if (outcome.status === "fulfilled") {
        // The machine was busy elsewhere, and the kill came late: another attempt, and earlier.
        await vi.waitFor(() => expect(client.state).toBe("restarting"));
        expect(++numLate).toBeLessThan(NUM_MOMENTS);
      } else {
        expect(outcome.reason, `${phase} ${i}`).toMatchObject(CRASH);
        i++;
      }
      await expectRecovery(client, reference, `${phase} ${i}`);
    }
  });

  test("serves the next request when it dies idle", async () => {
    const { client, reference } = await startEngine();
    const random = seededRandom(35);
    for (let i = 0; i < NUM_MOMENTS; i++) {
      await delay(random() * 20);
      await kill(client);
      await vi.waitFor(() => expect(client.state).toBe("restarting"));
      await expectRecovery(client, reference, `idle ${i}`);
    }
  });

  test("a request sent to an engine that has just died fails as a crash or works", async () => {
    const { client, reference } = await startEngine();
    await kill(client);
    const [outcome] = await Promise.allSettled([complete(client)]);
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject(CRASH);
    else expect(outcome.value.text).toBe(reference.text);
    await expectRecovery(client, reference, "the dark");
  });
});
