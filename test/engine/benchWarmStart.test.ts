/** The suite `warmstart` on the real engine and models: sessions that are kept on disk and opened again. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  formatWarmStartReport,
  type SessionStart,
  type WarmStartReport,
} from "../../src/bench/warmStartReport.ts";
import type { WarmStartParams } from "../../src/engine/warmStartMessages.ts";
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
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-tests-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

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
  test("goes on from disk, and accepts more in the first step of the same requests", async () => {
    const client = await openPair();
    const report = await client.benchWarmStart(PARAMS, ignore, NEVER);
    expect(report).toMatchObject({ numKept: 3, about: { isComplete: true }, warnings: [] });
    // Every output is plain decoding's, and every store that was kept was read.
    expect(report.errors).toEqual([]);
    expect(report.rows).toHaveLength(12);
    for (const drafters of ["fused", "recycling"]) {
      const persisted = rowOf(report, drafters, "persisted");
      const empty = rowOf(report, drafters, "empty");
      expect(persisted?.stores.numNgrams).toBeGreaterThan(0);
      expect(empty?.stores).toEqual({ numNgrams: 0, numMatrixRows: 0 });
      const { mean } = empty!.firstStepAccepted;
      expect(persisted?.firstStepAccepted.mean).toBeGreaterThanOrEqual(mean);
      expect(persisted?.firstStepShare).toBeGreaterThanOrEqual(empty!.firstStepShare);
    }
    // Among all drafters it may sit out, which depends on the machine's mood; alone it drafts what the target said.
    const alone = rowOf(report, "recycling", "persisted");
    expect(alone?.gainOverEmpty.mean).toBeGreaterThan(0);
    expect(rowOf(report, "fused", "files")?.stores).toMatchObject({
      numNgrams: 0,
      numMatrixRows: expect.toSatisfy((size: number) => size > 100),
    });
    expect(formatWarmStartReport(report)).not.toContain("ERROR");
    // What was learned is nobody's afterwards.
    expect(await readdir(folder)).toEqual([]);
  });

  test("reports what was finished before an abort, and leaves no folder", async () => {
    const client = await openPair();
    const controller = new AbortController();
    const report = await client.benchWarmStart(
      { ...PARAMS, numPrompts: 4 },
      ({ what, done }) => {
        if (what.startsWith("replayed") && done === 2) controller.abort();
      },
      controller.signal,
    );
    expect(report.about.isComplete).toBe(false);
    expect(report.warnings).toContain("Not all requests were replayed.");
    const numRequests = new Set(report.rows.map((row) => row.numRequests));
    expect(numRequests.size).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  test("is refused with fields that make no sense, and without code", async () => {
    const client = await openPair();
    const bench = (params: object) =>
      client.benchWarmStart({ ...PARAMS, ...params }, ignore, NEVER);
    await expect(bench({ numPrompts: 0 })).rejects.toMatchObject({ code: "invalidRequest" });
    await expect(bench({ flatRows: 0 })).rejects.toThrow("flatRows is 0");
    const workspace = { origin: "nothing", files: [] };
    await expect(bench({ workspace })).rejects.toThrow("found no line of code in 0 files");
    expect(await readdir(folder)).toEqual([]);
  });
});
