/** Warm starts on the tiny pair: sessions that are kept and opened again. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { loadModelPair, type ModelPair } from "../../src/engine/models/modelHost.ts";
import { type WarmStartParams, warmStart } from "../../tooling/studies/warmStart.ts";
import {
  formatWarmStartReport,
  type SessionStart,
  type WarmStartReport,
} from "../../tooling/studies/warmStartReport.ts";
import { PAIR } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";
import { ignore } from "../support/useBuiltEngine.ts";

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

/** The system's temporary folder meanwhile. */
let folder: string;
let pair: ModelPair;
/** What was ever seen there: tokens of the user's code would stay if the process were killed then. */
const onDisk = new Set<string>();
const lookAtDisk = () => {
  for (const name of readdirSync(folder)) onDisk.add(name);
};
beforeAll(async () => {
  pair = await loadModelPair("off", PAIR, ignore, NEVER);
});
afterAll(() => pair[Symbol.dispose]());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "treeline-tests-"));
  for (const name of ["TMPDIR", "TEMP", "TMP"]) vi.stubEnv(name, folder);
  onDisk.clear();
});
afterEach(() => {
  lookAtDisk();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
  expect([...onDisk]).toEqual([]);
});

const rowOf = ({ rows }: WarmStartReport, drafters: string, start: SessionStart) =>
  rows.find(
    (row) => row.drafters === drafters && row.requests === "replayed" && row.start === start,
  );

describe("warmStart", () => {
  test("goes on from what was kept, and accepts more in the first step of the same requests", async () => {
    const report = await warmStart(pair, PARAMS, lookAtDisk, NEVER);
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
    const controller = new AbortController();
    const report = await warmStart(
      pair,
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
    const controller = new AbortController();
    const report = await warmStart(
      pair,
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

  test("is refused without code", async () => {
    const params = { ...PARAMS, workspace: { origin: "nothing", files: [] } };
    const measured = warmStart(pair, params, ignore, NEVER);
    await expect(measured).rejects.toThrow("found no line of code in 0 files");
  });
});
