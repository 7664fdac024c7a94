import { describe, expect, test } from "vitest";
import { formatBenchMarkdown } from "../../src/bench/benchMarkdown.ts";
import type { SuiteFigures } from "../../src/bench/benchReport.ts";
import { configFigures, GAIN_REPORT, LOSS_REPORT } from "../support/benchReports.ts";

const suiteOf = (figures: Partial<SuiteFigures>) => ({
  ...GAIN_REPORT,
  suites: { repo: { ...GAIN_REPORT.suites["repo"]!, ...figures } },
});

const FUSED = configFigures("fused", {
  tokensPerSecond: 92.6,
  ratioToPlain: { median: 1.87, low: 1.69, high: 2.06 },
  modelledRatio: 1.98,
  meanAcceptanceLength: 2.31,
  expectedAcceptanceLength: 2.4,
  verbatimShare: 0.31,
  bySource: {
    suffixMatch: {
      proposed: 70,
      verified: 50,
      accepted: 30,
      verifiedByDepth: [0, 40, 10],
      acceptedByDepth: [0, 28, 2],
      msPerPass: 0.5,
      tokensPerPassLost: 0.54,
    },
  },
});
const PEER = configFigures("peer:draft", { modelledRatio: null, hostMsPerStep: null });

describe("formatBenchMarkdown", () => {
  test("is a pure function of the JSON", () => {
    const parsed = JSON.parse(JSON.stringify(GAIN_REPORT));
    expect(formatBenchMarkdown(parsed)).toBe(formatBenchMarkdown(GAIN_REPORT));
  });

  test("puts beside every speed what makes it a result", () => {
    const fusedOver = { plain: FUSED.ratioToPlain };
    const suite = { configs: [FUSED, PEER], numLooping: 1, numShort: 3, fusedOver };
    const cost = {
      kvLength: 512,
      points: [
        { numRows: 1, ms: 20 },
        { numRows: 2, ms: 27 },
      ],
      chosenNodes: 3,
    };
    const text = formatBenchMarkdown({ ...suiteOf(suite), cost });
    expect(text).toMatch(/^# Treeline benchmark\n/);
    expect(text).toMatch(
      /\| fused +\| +92\.6 \| 1\.87 \(1\.69-2\.06\) \| 1\.98 \| +2\.31 \| +2\.40 \|/,
    );
    expect(text).toMatch(/\| peer:draft +\|.*\) \| +– \|/);
    expect(text).toMatch(
      /\| suffixMatch +\| +70 \| +50 \| +30 \| +0\.500 \| +0\.540 \| +28\/40 2\/10 \|/,
    );
    expect(text).toContain("replaced as looping: 1, as too short to measure: 3; 31 % of");
    expect(text).toMatch(/\| of one row \| +1\.00 \| +1\.35 \|/);
    expect(text).toContain("The budget chose 3 nodes most often.");
    expect(text).toMatch(/\d cores, .* GB, .*; others used \d+ % of the cores before the start/);
    // Every row of every table has as many cells as its head.
    const tables = [...text.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) =>
      table.trim().split("\n"),
    );
    expect(tables).toHaveLength(4);
    for (const lines of tables) {
      expect(new Set(lines.map((line) => line.split(" | ").length)).size).toBe(1);
    }
  });

  test("says first what speaks against it", () => {
    const warnings = ["repo: fused is SLOWER than plain decoding: 0.86× (0.79-0.94)."];
    const text = formatBenchMarkdown({ ...LOSS_REPORT, cost: null, warnings });
    expect(text).toMatch(
      /^# Treeline benchmark \(stopped before its end\)\n\n> - repo: fused is SLOWER/,
    );
    expect(text).not.toContain("What a pass costs");
  });

  test("marks a row that compares nothing, and lists what was tried", () => {
    const tried = [{ setting: "A | B", tokensPerSecond: 12 }];
    const peer = configFigures("peer:lookup", { isComparable: false, tried });
    const text = formatBenchMarkdown(suiteOf({ configs: [configFigures("plain"), peer] }));
    expect(text).toMatch(/\| peer:lookup \(!\) +\|/);
    expect(text).toContain("  - A | B: 12.0 tok/s");
  });

  test("has no headline where nothing was measured", () => {
    const unmeasured = [
      { name: "fused", setting: "", loopShare: 1, warnings: [] },
      { name: "draftModel", setting: "", loopShare: null, warnings: ["It was left out: why"] },
    ];
    const text = formatBenchMarkdown(suiteOf({ configs: [], unmeasured }));
    expect(text).toContain("No speed: no output was left to measure.");
    expect(text).toContain("- fused has no figures. 100 % of its outputs loop.");
    expect(text).toContain("- draftModel has no figures. It was left out: why");
    expect(text).not.toContain("tok/s |");
  });
});
