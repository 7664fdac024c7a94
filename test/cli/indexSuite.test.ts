import { describe, expect, test } from "vitest";
import { indexSuite } from "../../src/cli/indexSuite.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { NEVER } from "../support/never.ts";

const stream = { write: () => true };
const surroundings = {
  options: { seed: 1, gpu: "off" as const },
  context: {
    terminal: new Terminal(stream, stream, {}),
    cliUrl: import.meta.url,
    env: {},
    workingFolder: ".",
  },
};

describe("indexSuite", () => {
  test("measures a row per size without a model", async () => {
    const suite = indexSuite([2000, 5000]);
    const report = await suite.measure(surroundings, NEVER);
    expect(report.rows.map(({ numTokens }) => numTokens)).toEqual([2000, 5000]);
    expect(report.growth).toHaveLength(1);
    expect(report.isComplete).toBe(true);
    expect(suite.format(report)).toContain("| 5k ");
  });

  test("reports what was measured before an abort", async () => {
    const controller = new AbortController();
    const measured = indexSuite([2000, 50_000_000]).measure(surroundings, controller.signal);
    controller.abort();
    expect(await measured).toMatchObject({ isComplete: false, rows: [] });
  });
});
