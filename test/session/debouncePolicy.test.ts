import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DebouncePolicy,
  MAX_DEBOUNCE_MS,
  PAUSE_MS,
} from "../../src/session/broker/debouncePolicy.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

/** The wait after keys at these times, with an engine that took so long. */
function waitAfter(keys: readonly number[], engineLatencyMs: number | undefined): number {
  const policy = new DebouncePolicy();
  if (engineLatencyMs !== undefined) policy.answered(engineLatencyMs);
  for (const at of keys) policy.keyPressed(at);
  return policy.delayMs;
}

describe("the wait", () => {
  test.each([
    ["0 for the first key", [0], 900, 0],
    ["0 for the first key after a pause", [0, 100, 501], 900, 0],
    ["0 while nothing is known of the engine", [0, 100], undefined, 0],
    ["0 where the engine answers before the next key", [0, 100], 90, 0],
    ["the engine's lag behind the typing", [0, 100], 140, 40],
    ["one and a half typing intervals at most", [0, 100], 2000, 150],
    ["the cap for a slow typist and a slower engine", [0, 300], 2000, MAX_DEBOUNCE_MS],
  ])("is %s", (_name, keys, engineLatencyMs, expected) => {
    expect(waitAfter(keys, engineLatencyMs)).toBe(expected);
  });

  test("stays between 0 and the cap for any keys and latency", () => {
    const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
    const keys = fc.array(fc.oneof(ms, fc.double({ min: 0, max: 500, noNaN: true })));
    fc.assert(
      fc.property(keys, fc.option(ms, { nil: undefined }), (gaps, engineLatencyMs) => {
        const times: number[] = [];
        for (const gap of gaps) times.push((times.at(-1) ?? 0) + gap);
        const wait = waitAfter(times, engineLatencyMs);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(MAX_DEBOUNCE_MS);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("DebouncePolicy", () => {
  test("learns the typing speed from keys and not from pauses", () => {
    const policy = new DebouncePolicy();
    policy.answered(300);
    policy.keyPressed(0);
    expect(policy.delayMs).toBe(0);
    for (let at = 80; at <= 800; at += 80) policy.keyPressed(at);
    expect(policy.delayMs).toBe(120);
    policy.keyPressed(800 + PAUSE_MS + 1);
    expect(policy.delayMs).toBe(0);
    policy.keyPressed(1281);
    expect(policy.delayMs).toBeCloseTo(120);
  });

  test("follows the engine, and takes a cancelled generation for a lower bound", () => {
    const policy = new DebouncePolicy();
    policy.answered(100);
    policy.cancelled(50);
    expect(policy.engineLatencyMs).toBe(100);
    policy.cancelled(200);
    expect(policy.engineLatencyMs).toBe(130);
    for (let sample = 0; sample < 20; sample++) policy.answered(20);
    expect(policy.engineLatencyMs).toBeCloseTo(20, 0);
  });
});
