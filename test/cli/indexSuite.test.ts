import { describe, expect, test } from "vitest";
import { Terminal } from "../../src/cli/base/terminal.ts";
import { indexSuite } from "../../src/cli/bench/indexSuite.ts";
import { NEVER } from "../support/never.ts";

const stream = { write: () => true };
/** @param onProgress - called with each progress line. */
const surroundings = (onProgress: (line: string) => void = () => {}) => ({
  options: { seed: 1, gpu: "off" as const },
  context: {
    terminal: new Terminal(stream, { isTTY: true, write: onProgress }, {}),
    cliUrl: import.meta.url,
    env: {},
    workingFolder: ".",
  },
});

describe("indexSuite", () => {
  test("measures a row per size without a model", async () => {
    const suite = indexSuite([2000, 5000]);
    const report = await suite.measure(surroundings(), NEVER);
    expect(report.rows.map(({ numTokens }) => numTokens)).toEqual([2000, 5000]);
    expect(report.growth).toHaveLength(1);
    expect(report.isComplete).toBe(true);
    expect(suite.format(report)).toContain("| 5k ");
  });

  test("reports what was measured before an abort", async () => {
    const controller = new AbortController();
    const atSecond = surroundings((line) => {
      if (line.includes("index: 5000 tokens")) controller.abort();
    });
    const report = await indexSuite([2000, 5000]).measure(atSecond, controller.signal);
    expect(report.isComplete).toBe(false);
    expect(report.rows.map(({ numTokens }) => numTokens)).toEqual([2000]);
  });

  test("reports nothing where an abort came before the first size", async () => {
    const controller = new AbortController();
    const measured = indexSuite([2000]).measure(surroundings(), controller.signal);
    controller.abort();
    await expect(measured).rejects.toBe(controller.signal.reason);
  });
});
