import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PrefillChunks } from "../../src/llama/prefillChunks.ts";

describe("PrefillChunks", () => {
  test("doubles while chunks are quick, up to the largest batch", () => {
    const chunks = new PrefillChunks(512);
    const sizes = Array.from({ length: 5 }, () => {
      const { size } = chunks;
      chunks.record(size, 10);
      return size;
    });
    expect(sizes).toEqual([64, 128, 256, 512, 512]);
  });

  test("halves while chunks are slow, down to eight tokens", () => {
    const chunks = new PrefillChunks(512);
    const sizes = Array.from({ length: 5 }, () => {
      const { size } = chunks;
      chunks.record(size, 1000);
      return size;
    });
    expect(sizes).toEqual([64, 32, 16, 8, 8]);
  });

  test("stays where a chunk takes between half of the wanted time and all of it", () => {
    const chunks = new PrefillChunks(512);
    for (const elapsedMs of [25, 40, 50]) chunks.record(64, elapsedMs);
    expect(chunks.size).toBe(64);
  });

  test("learns nothing from the last, shorter chunk", () => {
    const chunks = new PrefillChunks(512);
    chunks.record(63, 1);
    chunks.record(1, 1000);
    expect(chunks.size).toBe(64);
  });

  test("never exceeds a batch smaller than its first chunk", () => {
    const chunks = new PrefillChunks(32);
    expect(chunks.size).toBe(32);
    chunks.record(32, 1);
    expect(chunks.size).toBe(32);
  });

  test("keeps the wait for a cancel near 100 ms once it has seen a machine's speed", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 6, noNaN: true }), (msPerToken) => {
        const chunks = new PrefillChunks(512);
        for (let i = 0; i < 8; i++) chunks.record(chunks.size, chunks.size * msPerToken);
        expect(chunks.size * msPerToken).toBeLessThanOrEqual(50);
      }),
    );
  });
});
