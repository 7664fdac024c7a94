import { describe, expect, test } from "vitest";
import {
  firstStepAccepted,
  formatWarmStartReport,
  REQUEST_SETS,
  type SessionStart,
  WARM_START_DRAFTERS,
  type WarmStartRun,
  type WarmStartSession,
  warmStartReport,
} from "../../tooling/studies/warmStartReport.ts";

const ABOUT = {
  origin: "redux",
  seed: 1,
  numPrompts: 1,
  maxTokens: 16,
  flatRows: null,
  backend: "cpu",
  target: "tiny",
  draft: null,
  busyShare: 0,
  othersShares: [0],
};
const TOO_FEW = "1 request is too few for 95 % bounds; what stands there is the range.";

const run = (firstStep: number, other: Partial<WarmStartRun> = {}): WarmStartRun => ({
  firstStepAccepted: firstStep,
  numSteps: 4,
  numCommittedTokens: 8,
  numVerified: 12,
  usesRecycling: true,
  match: "equal",
  ...other,
});

const session = (
  start: SessionStart,
  runs: readonly WarmStartRun[],
  other: Partial<WarmStartSession> = {},
): WarmStartSession => ({
  drafters: "fused",
  requests: "replayed",
  start,
  stores: { numNgrams: start === "persisted" ? 9 : 0, numMatrixRows: start === "empty" ? 0 : 5 },
  runs,
  ...other,
});

/** A session of each drafters and requests. */
const allSessions = (runs: readonly WarmStartRun[]) =>
  WARM_START_DRAFTERS.flatMap((drafters) =>
    REQUEST_SETS.map((requests) => session("empty", runs, { drafters, requests })),
  );

describe("firstStepAccepted", () => {
  test("counts the drafted tokens before the first pass's bonus token", () => {
    expect(firstStepAccepted(Uint8Array.of(0, 2, 2))).toBe(0);
    expect(firstStepAccepted(Uint8Array.of(2, 1, 0, 4))).toBe(2);
    // The output ended before the bonus token.
    expect(firstStepAccepted(Uint8Array.of(2, 2))).toBe(2);
    expect(firstStepAccepted(new Uint8Array(0))).toBe(0);
  });
});

describe("warmStartReport", () => {
  test("compares each request with the same one from empty stores, of the same drafters and requests", () => {
    const { rows, errors } = warmStartReport(
      [
        session("empty", [run(0), run(1, { usesRecycling: false })]),
        session("persisted", [run(4), run(2, { numSteps: 2 })]),
        session("empty", [run(3)], { requests: "others" }),
        session("persisted", [run(3)], { requests: "others" }),
      ],
      ABOUT,
      2,
    );
    expect(rows[1]).toMatchObject({
      numRequests: 2,
      firstStepAccepted: { mean: 3, low: 2, high: 4 },
      firstStepShare: 1,
      gainOverEmpty: { mean: 2.5, low: 1, high: 4 },
      acceptanceLength: { mean: 3, low: 2, high: 4 },
      verifiedPerStep: 4,
    });
    expect(rows[0]).toMatchObject({
      firstStepShare: 0.5,
      gainOverEmpty: { mean: 0 },
      recyclingShare: 0.5,
    });
    expect(rows[3]).toMatchObject({ gainOverEmpty: { mean: 0 } });
    expect(errors).toEqual([]);
  });

  test("calls outputs that differ an error, and near ties none", () => {
    const tied = [session("empty", [run(1, { match: "nearTie" })])];
    expect(warmStartReport(tied, ABOUT, 1)).toMatchObject({
      errors: [],
      rows: [{ numNearTies: 1 }],
    });
    const report = warmStartReport([session("empty", [run(1, { match: "different" })])], ABOUT, 1);
    expect(report.errors).toEqual([
      "1 outputs differ from plain decoding: speculation is not lossless.",
    ]);
    expect(formatWarmStartReport(report)).toContain("**ERROR: 1 outputs differ");
  });

  test("calls a store that was kept and is empty an error", () => {
    const stores = { numNgrams: 0, numMatrixRows: 0 };
    const report = warmStartReport([session("persisted", [run(1)], { stores })], ABOUT, 1);
    expect(report.errors[0]).toContain("found no n-gram");
  });

  test("says where the budget verified next to nothing, and where it was not this machine's", () => {
    const idle = allSessions(Array(6).fill(run(0, { numVerified: 0 })));
    expect(warmStartReport(idle, ABOUT, 1).warnings).toEqual([
      expect.stringContaining("--flat-rows 16"),
    ]);
    const flat = warmStartReport(idle, { ...ABOUT, flatRows: 16 }, 1);
    expect(flat.warnings).toEqual([]);
    expect(formatWarmStartReport(flat)).toContain("not the budget that this machine would choose");
  });

  test("says how many of the requests that were wanted are missing, and where", () => {
    const all = allSessions(Array(6).fill(run(1)));
    expect(warmStartReport(all, { ...ABOUT, numPrompts: 6 }, 6)).toMatchObject({
      isComplete: true,
      warnings: [],
    });
    const [first, second, third] = all;
    const fewer = [first!, { ...second!, runs: [run(1)] }, third!];
    const report = warmStartReport(fewer, { ...ABOUT, numPrompts: 6 }, 6);
    expect(report).toMatchObject({
      isComplete: false,
      warnings: [
        "Stopped early, or the files have no more: fewer requests were replayed than wanted (fused, others, same files: 1 of 6; recycling, others, same files: 0 of 6).",
        TOO_FEW,
      ],
    });
    expect(formatWarmStartReport(report)).toContain("**Stopped early");
  });

  test("says where the machine was busy, and where requests are too few", () => {
    const busy = { ...ABOUT, busyShare: 0.3, othersShares: [0, 0.5, 0.2] };
    const report = warmStartReport(allSessions([run(1)]), busy, 1);
    expect(report.warnings).toEqual([
      "The machine is busy: others used 30 % of its cores before the start. Repeat it on an idle machine.",
      "Others used up to 50 % of the cores at 2 of 3 requests.",
      TOO_FEW,
    ]);
    expect(formatWarmStartReport(report)).toContain(`**${TOO_FEW}**`);
  });

  test("leaves out what was not begun", () => {
    const report = warmStartReport([session("empty", [])], ABOUT, 0);
    expect(report.rows).toEqual([]);
    expect(formatWarmStartReport(report)).toContain("fused, replayed: 0 of 1");
  });

  test("prints a line for each session", () => {
    const sessions = [session("empty", [run(0)]), session("persisted", [run(4)])];
    const lines = formatWarmStartReport(warmStartReport(sessions, ABOUT, 1)).split("\n");
    const cells = lines.filter((line) => line.startsWith("| fused")).map((line) => line.split("|"));
    expect(cells.map((row) => row.slice(2, 7).map((cell) => cell.trim()))).toEqual([
      ["empty", "0", "0", "1", "0 %"],
      ["persisted", "9", "5", "1", "100 %"],
    ]);
  });
});
