import { describe, expect, test } from "vitest";
import { measureIndex } from "../../tooling/studies/indexBench.ts";
import { syntheticFiles } from "../../tooling/studies/syntheticFiles.ts";

describe("measureIndex", () => {
  test("measures a workspace of the size", async () => {
    let time = 0;
    const row = await measureIndex({
      now: () => time++,
      size: 6000,
      seed: 1,
      pause: async () => {},
      numLookups: 5,
      numUpdates: 5,
    });
    expect(row.numTokens).toBe(6000);
    // Every timed operation reads the clock once before and once after.
    expect(row.buildMs).toBe(row.numFiles);
    expect(row.lookupUs).toEqual({ p50: 1000, p99: 1000, max: 1000 });
    expect(row.bytesPerToken).toBeGreaterThan(8);
  });
});

describe("syntheticFiles", () => {
  test("gives the same files for the same seed, with as many tokens as asked for", () => {
    const files = syntheticFiles(5000, 3);
    expect(syntheticFiles(5000, 3)).toEqual(files);
    expect(syntheticFiles(5000, 4)).not.toEqual(files);
    expect(files.reduce((sum, { tokens }) => sum + tokens.length, 0)).toBe(5000);
  });

  test("repeats itself as source code does: common tokens, and runs that came before", () => {
    const tokens = syntheticFiles(4000, 5)[0]!.tokens;
    expect(new Set(tokens).size).toBeLessThan(0.7 * tokens.length);
    const runs = new Set<string>();
    let numRepeated = 0;
    for (let at = 4; at <= tokens.length; at++) {
      const run = tokens.subarray(at - 4, at).join();
      if (runs.has(run)) numRepeated++;
      runs.add(run);
    }
    expect(numRepeated).toBeGreaterThan(0.2 * tokens.length);
  });
});
