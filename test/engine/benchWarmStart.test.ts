/** The suite `warmstart` on the real engine and models: sessions that are kept and opened again. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  formatWarmStartReport,
  type SessionStart,
  type WarmStartReport,
} from "../../src/bench/indexing/warmStartReport.ts";
import type { WarmStartParams } from "../../src/engine/protocol/warmStartMessages.ts";
import { PAIR } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

/** Prompts are short then, and most of the time goes into them. */
const files = packageSources()
  .filter(({ text }) => text.length < 2000)
  .slice(0, 30);

const PARAMS: WarmStartParams = {
  workspace: { origin: "redux", files },
  numPrompts: 3,
  maxTokens: 16,
  seed: 3,
  // On a CPU with dear rows there would be next to no drafts.
  flatRows: 16,
};

/** What the engine takes for the system's temporary folder. */
let folder: string;
/** What was ever seen there: tokens of the user's code would stay if the engine were killed then. */
const onDisk = new Set<string>();
const lookAtDisk = () => {
  for (const name of readdirSync(folder)) onDisk.add(name);
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "treeline-tests-"));
  onDisk.clear();
});
afterEach(() => {
  lookAtDisk();
  rmSync(folder, { recursive: true, force: true });
  expect([...onDisk]).toEqual([]);
});

async function openPair() {
  const client = createClient({ TMPDIR: folder, TEMP: folder, TMP: folder });
  await client.load(PAIR, ignore, NEVER);
  return client;
}

const rowOf = ({ rows }: WarmStartReport, drafters: string, start: SessionStart) =>
  rows.find(
    (row) => row.drafters === drafters && row.requests === "replayed" && row.start === start,
  );

describe("benchWarmStart", () => {
  test("goes on from what was kept, and accepts more in the first step of the same requests", async () => {
    const client = await openPair();
    const report = await client.benchWarmStart(PARAMS, lookAtDisk, NEVER);
    expect(report).toMatchObject({ numKept: 3, isComplete: true });
    expect(report.warnings).toContain(
      "3 requests are too few for 95 % bounds; what stands there is the range.",
    );
    // Each of three requests in two sets by two drafters.
    expect(report.about.othersShares).toHaveLength(12);
    // Every output is plain decoding's, and every store that was kept was read.
    expect(report.errors).toEqual([]);
    expect(report.rows).toHaveLength(12);
    for (const drafters of ["fused", "recycling"]) {
      const persisted = rowOf(report, drafters, "persisted");
      const empty = rowOf(report, drafters, "empty");
      expect(persisted?.stores.numNgrams).toBeGreaterThan(0);
      expect(empty?.stores).toEqual({ numNgrams: 0, numMatrixRows: 0 });
      // What was asked before is drafted as the target said it then.
      const { mean } = empty!.firstStepAccepted;
      expect(persisted?.firstStepAccepted.mean).toBeGreaterThan(mean + 0.5);
      expect(persisted?.firstStepShare).toBeGreaterThanOrEqual(empty!.firstStepShare);
    }
    expect(rowOf(report, "fused", "files")?.stores).toMatchObject({
      numNgrams: 0,
      numMatrixRows: expect.toSatisfy((size: number) => size > 100),
    });
    expect(formatWarmStartReport(report)).not.toContain("ERROR");
  });

  test("reports what was finished before an abort, pairs only", async () => {
    const client = await openPair();
    const controller = new AbortController();
    const report = await client.benchWarmStart(
      { ...PARAMS, numPrompts: 4 },
      ({ what, done }) => {
        if (what.startsWith("replayed") && done === 2) controller.abort();
      },
      controller.signal,
    );
    expect(report).toMatchObject({ isComplete: false, about: { numPrompts: 4 } });
    expect(report.warnings[0]).toContain("recycling, others, same files: 0 of 4");
    const numRequests = new Set(report.rows.map((row) => row.numRequests));
    expect(numRequests.size).toBe(1);
  });

  test("keeps nothing on disk, and reports the drafters before, when aborted in the session that is kept", async () => {
    const client = await openPair();
    const controller = new AbortController();
    const report = await client.benchWarmStart(
      PARAMS,
      ({ part, what, done }) => {
        lookAtDisk();
        const isKept = what === "the session that is kept" && part.endsWith("recycling");
        if (isKept && done === 1) controller.abort();
      },
      controller.signal,
    );
    expect(report.isComplete).toBe(false);
    expect(new Set(report.rows.map(({ drafters }) => drafters))).toEqual(new Set(["fused"]));
  });

  test("is refused with fields that make no sense, and without code", async () => {
    const client = await openPair();
    const bench = (params: object) =>
      client.benchWarmStart({ ...PARAMS, ...params }, ignore, NEVER);
    await expect(bench({ numPrompts: 0 })).rejects.toMatchObject({ code: "invalidRequest" });
    await expect(bench({ flatRows: 0 })).rejects.toThrow("flatRows is 0");
    const workspace = { origin: "nothing", files: [] };
    await expect(bench({ workspace })).rejects.toThrow("found no line of code in 0 files");
  });
});
