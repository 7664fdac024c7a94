import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PrefillChunks } from "../../src/llama/prefillChunks.ts";

describe("PrefillChunks", () => {
  /** The size after each of some chunks of the wanted size. */
  const sizesAfter = (chunks: PrefillChunks, elapsedMs: readonly number[]) =>
    elapsedMs.map((ms) => {
      chunks.record(chunks.size, ms);
      return chunks.size;
    });

  test("begins with eight tokens and doubles while chunks are quick, up to the largest batch", () => {
    const chunks = new PrefillChunks(512, false);
    expect(chunks.size).toBe(8);
    const sizes = sizesAfter(chunks, new Array<number>(8).fill(10));
    expect(sizes).toEqual([16, 32, 64, 128, 256, 512, 512, 512]);
  });

  test("falls at once to what the wanted time allows, and never below eight tokens", () => {
    const chunks = new PrefillChunks(512, false);
    sizesAfter(chunks, [1, 1, 1, 1, 1, 1]);
    expect(sizesAfter(chunks, [200])).toEqual([256]);
    expect(sizesAfter(chunks, [800, 2000])).toEqual([32, 8]);
    expect(sizesAfter(chunks, [1000])).toEqual([8]);
  });

  test("stays where twice as many tokens might take too long", () => {
    const chunks = new PrefillChunks(512, false);
    expect(sizesAfter(chunks, [1, 1, 56, 90, 100])).toEqual([16, 32, 32, 32, 32]);
  });

  test("tries a size that took too long only after a while", () => {
    const chunks = new PrefillChunks(512, false);
    expect(sizesAfter(chunks, [1, 1, 110])).toEqual([16, 32, 16]);
    const sizes = sizesAfter(chunks, new Array<number>(80).fill(40));
    expect(sizes.slice(0, 60).every((size) => size === 16)).toBe(true);
    expect(Math.max(...sizes)).toBeGreaterThan(16);
  });

  test("learns nothing from the last, shorter chunk", () => {
    const chunks = new PrefillChunks(512, false);
    sizesAfter(chunks, [1, 1]);
    chunks.record(31, 1);
    chunks.record(1, 1000);
    expect(chunks.size).toBe(32);
  });

  test("is half as long after a chunk that an abort stopped, and grows again with chunks that are done", () => {
    const chunks = new PrefillChunks(512, true);
    sizesAfter(chunks, [1, 1, 160]);
    expect(chunks.size).toBe(64);
    chunks.recordStopped(64);
    expect(chunks.size).toBe(32);
    expect(sizesAfter(chunks, [100, 200])).toEqual([64, 64]);
    // The rest of a prompt.
    chunks.recordStopped(60);
    expect(chunks.size).toBe(16);
    chunks.recordStopped(16);
    chunks.recordStopped(9);
    expect(chunks.size).toBe(8);
    expect(chunks.isShortest(8)).toBe(true);
    expect(chunks.isShortest(9)).toBe(false);
  });

  test("never exceeds a small batch", () => {
    const chunks = new PrefillChunks(4, false);
    expect(chunks.size).toBe(4);
    expect(sizesAfter(chunks, [1, 1000])).toEqual([4, 4]);
  });

  test.each([
    [100, false],
    [300, true],
  ])("takes about %d ms once it has seen a machine's speed", (limitMs, stopsInPass) => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 6, noNaN: true }), (msPerToken) => {
        const chunks = new PrefillChunks(512, stopsInPass);
        for (let i = 0; i < 8; i++) chunks.record(chunks.size, chunks.size * msPerToken);
        expect(chunks.size * msPerToken).toBeLessThanOrEqual(1.11 * limitMs);
      }),
    );
  });
});
