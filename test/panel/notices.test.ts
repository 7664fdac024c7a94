import { describe, expect, test } from "vitest";
import { reportNotices } from "../../src/panel/notices.ts";
import { configFigures, GAIN_REPORT, LOSS_REPORT } from "../support/benchReports.ts";

const { repo } = GAIN_REPORT.suites;

function texts(report = LOSS_REPORT): string[] {
  return reportNotices(report).map(({ kind, text }) => `${kind}: ${text}`);
}

describe("reportNotices", () => {
  test("is silent where the report warns of nothing, whatever single configurations lose", () => {
    expect(texts(GAIN_REPORT)).toEqual([]);
  });

  test("says what the report warns of, each once, and losses first", () => {
    const warnings = [
      "It was stopped before its end.",
      "The machine was busy: others used 63 % of the cores.",
      "repo: fused is NOT LOSSLESS, so no speed counts.",
      "repo: fused is SLOWER than plain decoding: 0.86× (0.79-0.94).",
      "repo: the first line of fused comes LATER than that of plain: 0.83× (0.74-0.91) as soon.",
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
});
