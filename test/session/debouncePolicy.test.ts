import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DebouncePolicy,
  debounceMs,
  MAX_DEBOUNCE_MS,
  PAUSE_MS,
} from "../../src/session/broker/debouncePolicy.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const FAST_TYPING = { sinceLastKeyMs: 100, typingIntervalMs: 100 };

describe("debounceMs", () => {
  test.each([
    ["0 for the first key", { ...FAST_TYPING, sinceLastKeyMs: undefined, engineLatencyMs: 900 }, 0],
    [
      "0 for the first key after a pause",
      { ...FAST_TYPING, sinceLastKeyMs: 401, engineLatencyMs: 900 },
      0,
    ],
    ["0 while nothing is known of the engine", { ...FAST_TYPING, engineLatencyMs: undefined }, 0],
    ["0 where the engine answers before the next key", { ...FAST_TYPING, engineLatencyMs: 90 }, 0],
    ["the engine's lag behind the typing", { ...FAST_TYPING, engineLatencyMs: 140 }, 40],
    ["one and a half typing intervals at most", { ...FAST_TYPING, engineLatencyMs: 2000 }, 150],
    [
      "the cap for a slow typist and a slower engine",
      { sinceLastKeyMs: 300, typingIntervalMs: 300, engineLatencyMs: 2000 },
      MAX_DEBOUNCE_MS,
    ],
  ])("is %s", (_name, figures, expected) => {
    expect(debounceMs(figures)).toBe(expected);
  });

  test("stays between 0 and the cap for any figures", () => {
    const ms = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(ms, ms, ms, (sinceLastKeyMs, typingIntervalMs, engineLatencyMs) => {
        const wait = debounceMs({ sinceLastKeyMs, typingIntervalMs, engineLatencyMs });
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
