import { describe, expect, test } from "vitest";
import { reportNotices } from "../../src/panel/notices.ts";
import {
  configFigures,
  GAIN_REPORT,
  LOSS_REPORT,
  WRONG_REPORT,
  withFused,
} from "../support/benchReports.ts";

const { repo } = GAIN_REPORT.suites;

function texts(report = LOSS_REPORT): string[] {
  return reportNotices(report).map(({ kind, text }) => `${kind}: ${text}`);
}

describe("reportNotices", () => {
  test("is silent where there is nothing to warn of, whatever single configurations lose", () => {
    expect(texts(GAIN_REPORT)).toEqual([]);
  });

  test("says in plain words what the figures show: defects and losses first", () => {
    expect(texts(WRONG_REPORT)).toEqual([
      "loss: Output differed from plain decoding's on scratch: fused 3 tokens. This is a defect of Treeline; please report it.",
    ]);
    expect(texts()).toEqual([
      "loss: Speculation loses on repo: fused runs at 0.86× the speed of plain decoding (0.79–0.94).",
      "warning: The run was stopped before its end: the figures cover 12 prompts of repo, and their bounds are wider than those of a whole run.",
      "warning: Other programs used 63\u00a0% of the processor before the start, so all times are doubtful. Close them and run again.",
    ]);
  });

  test("says nothing twice that the report says itself, and takes its losses for losses", () => {
    const warnings = [
      "It was stopped before its end.",
      "The machine was busy: others used 63 % of the cores.",
      "repo: fused is NOT LOSSLESS, so no speed counts.",
      "repo: fused is SLOWER than plain decoding: 0.86× (0.79-0.94).",
      "repo: the first token of fused comes LATER than that of plain: after 1.20× (1.10-1.30) its time.",
    ];
    expect(texts({ ...LOSS_REPORT, warnings })).toEqual([
      `loss: ${warnings[2]}`,
      `loss: ${warnings[3]}`,
      `loss: ${warnings[4]}`,
      `warning: ${warnings[0]}`,
      `warning: ${warnings[1]}`,
    ]);
  });

  test("leaves what is said of single configurations to their suite", () => {
    const peer = configFigures("peer:draft", { warnings: ["It failed."] });
    const suites = { repo: { ...repo!, configs: [configFigures("plain"), peer] } };
    const warnings = ["repo: peer:draft: It failed.", "repo: 2 outputs loop."];
    expect(texts({ ...GAIN_REPORT, suites, warnings })).toEqual([`warning: ${warnings[1]}`]);
  });

  test("a loss that the report tells of another suite does not hide this one's", () => {
    const warnings = ["repository: fused is SLOWER than plain decoding: 0.86×."];
    expect(texts({ ...LOSS_REPORT, warnings })[0]).toContain("Speculation loses on repo");
  });

  test("output that differed before there was a speed is a defect all the same", () => {
    const fused = {
      name: "fused",
      setting: "",
      loopShare: 0,
      numLeftOut: 0,
      differingTokens: 2,
      nearTies: 0,
      warnings: [],
    };
    const suites = { repo: { ...repo!, configs: [configFigures("plain")], unmeasured: [fused] } };
    expect(texts({ ...GAIN_REPORT, suites })[0]).toContain("on repo: fused 2 tokens");
  });

  test("peers may put out what they like", () => {
    const peer = configFigures("peer:draft", { differingTokens: 9 });
    const suites = { repo: { ...repo!, configs: [configFigures("plain"), peer] } };
    expect(texts({ ...GAIN_REPORT, suites })).toEqual([]);
  });

  test("a speed that compares nothing is no loss", () => {
    const ratioToPlain = { median: 0.5, low: 0.4, high: 0.6 };
    const suites = { repo: withFused(repo!, { ratioToPlain, isComparable: false }) };
    expect(texts({ ...GAIN_REPORT, suites })).toEqual([]);
  });

  test("a run that was stopped before anything was measured says so", () => {
    const [notice] = texts({ ...GAIN_REPORT, isComplete: false, suites: {} });
    expect(notice).toContain("the figures cover nothing");
  });
});
