import { setImmediate } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import type { Log } from "../../src/core/base/log.ts";
import { nullLog } from "../../src/core/base/log.ts";
import { READ_STEP } from "../../src/core/tree/promptReading.ts";
import { BackgroundTurns } from "../../src/engine/base/backgroundTurns.ts";
import { IdleReading } from "../../src/engine/prompt/idleReading.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";

const VOCAB_SIZE = 9;
const TOKENS = Int32Array.from({ length: 5 * READ_STEP + 7 }, (_, index) => index % VOCAB_SIZE);

function open(log: Log = nullLog) {
  const turns = new BackgroundTurns();
  const model = new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf: hashedLogits(VOCAB_SIZE, 2) });
  const sizes: number[] = [];
  const { prefill } = model;
  model.prefill = async (tokens, signal) => {
    const numReused = await prefill.call(model, tokens, signal);
    sizes.push(tokens.length - numReused);
    return numReused;
  };
  return { turns, model, sizes, reading: new IdleReading(turns, log) };
}

describe("IdleReading", () => {
  test("reads everything, a part at a time, and nothing that the cache holds", async () => {
    const { model, sizes, reading } = open();
    await model.prefill(TOKENS.subarray(0, 10), new AbortController().signal);
    sizes.length = 0;
    reading.start([{ model, tokens: () => TOKENS }]);
    await vi.waitFor(() => expect(model.numHeld(TOKENS)).toBe(TOKENS.length));
    await reading.stop();
    expect(sizes.reduce((sum, size) => sum + size)).toBe(TOKENS.length - 10);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(READ_STEP);
  });

  test("waits for the end of a request", async () => {
    const { turns, model, sizes, reading } = open();
    const request = turns.pause();
    reading.start([{ model, tokens: () => TOKENS }]);
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(sizes).toEqual([]);
    request[Symbol.dispose]();
    await vi.waitFor(() => expect(model.numHeld(TOKENS)).toBe(TOKENS.length));
    await reading.stop();
  });

  test("a stop ends a part in its middle and leaves the model to others, wherever it comes", async () => {
    let numStopped = 0;
    for (let when = 0; when < 60; when++) {
      const { model, sizes, reading } = open();
      reading.start([{ model, tokens: () => TOKENS }]);
      for (let turn = 0; turn < when % 6; turn++) await setImmediate();
      for (let turn = 0; turn < when / 6; turn++) await Promise.resolve();
      await reading.stop();
      const numHeld = model.numHeld(TOKENS);
      // What has no other token in it, and is used without being in use.
      expect(model.rows.length).toBe(numHeld);
      await model.prefill(TOKENS.subarray(0, numHeld), new AbortController().signal);
      if (numHeld > 0 && numHeld < TOKENS.length) numStopped++;
      const numParts = sizes.length;
      await setImmediate();
      expect(sizes.length).toBe(numParts);
      // It goes on with what was read.
      reading.start([{ model, tokens: () => TOKENS }]);
      await vi.waitFor(() => expect(model.numHeld(TOKENS)).toBe(TOKENS.length), { interval: 1 });
      await reading.stop();
    }
    expect(numStopped).toBeGreaterThan(5);
  });

  test("the last place counts", async () => {
    const { model, reading } = open();
    const other = TOKENS.map((token) => (token + 1) % VOCAB_SIZE);
    reading.start([{ model, tokens: () => TOKENS }]);
    reading.start([{ model, tokens: () => other }]);
    await vi.waitFor(() => expect(model.numHeld(other)).toBe(other.length));
    await reading.stop();
    expect(model.rows.length).toBe(other.length);
  });

  test("tells once all is read, asks for the tokens in its own turn, and reads nothing where there are none", async () => {
    const { turns, model, sizes, reading } = open();
    const told: string[] = [];
    const request = turns.pause();
    const tokens = () => {
      told.push("asked");
      return TOKENS;
    };
    reading.start([
      { model, tokens: () => undefined, onDone: () => told.push("nothing") },
      { model, tokens, onDone: () => told.push("done") },
    ]);
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(sizes).toEqual([]);
    expect(told).not.toContain("done");
    request[Symbol.dispose]();
    await vi.waitFor(() => expect(told).toEqual(["asked", "done"]));
    expect(model.numHeld(TOKENS)).toBe(TOKENS.length);
    // Stopped before its end it says nothing.
    const other = open();
    let isDone = false;
    other.reading.start([
      {
        model: other.model,
        tokens: () => TOKENS,
        onRead: () => void other.reading.stop(),
        onDone: () => (isDone = true),
      },
    ]);
    await vi.waitFor(() => expect(other.sizes.length).toBeGreaterThan(0));
    await other.reading.stop();
    expect(isDone).toBe(false);
  });

  test("a model that fails is reported, and stopping does not throw", async () => {
    const lines: string[] = [];
    const { model, reading } = open((level, message) => lines.push(`${level} ${message}`));
    model.prefill = () => Promise.reject(new Error("out of order"));
    reading.start([{ model, tokens: () => TOKENS }]);
    await vi.waitFor(() =>
      expect(lines).toEqual(['warn idle-reading failed reason="out of order"']),
    );
    await reading.stop();
  });
});
