import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Heartbeat } from "../../src/engine/heartbeat.ts";
import { BEAT_MS, type Beat } from "../../src/engine/protocol/beatMessages.ts";

describe("Heartbeat", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("beats while anybody holds it, however often each lets go", () => {
    const beats: Beat[] = [];
    const heartbeat = new Heartbeat((beat) => beats.push(beat));
    vi.advanceTimersByTime(10 * BEAT_MS);
    expect(beats).toHaveLength(0);
    const first = heartbeat.hold();
    vi.advanceTimersByTime(BEAT_MS);
    const second = heartbeat.hold();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    vi.advanceTimersByTime(BEAT_MS);
    expect(beats).toHaveLength(2);
    second[Symbol.dispose]();
    vi.advanceTimersByTime(10 * BEAT_MS);
    expect(beats).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("tells the processor time of the whole process", () => {
    const beats: Beat[] = [];
    using _ = new Heartbeat((beat) => beats.push(beat)).hold();
    vi.advanceTimersByTime(BEAT_MS);
    const before = process.cpuUsage();
    let usedMs = 0;
    while (usedMs < 50) {
      const { user, system } = process.cpuUsage(before);
      usedMs = (user + system) / 1000;
    }
    vi.advanceTimersByTime(BEAT_MS);
    const [first, second] = beats;
    expect(second!.cpuMs - first!.cpuMs).toBeGreaterThanOrEqual(50);
    expect(second!.atMs).toBeGreaterThan(first!.atMs);
    expect(second!.numReads).toBeGreaterThanOrEqual(first!.numReads);
  });
});
