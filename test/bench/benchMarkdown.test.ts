import { describe, expect, test } from "vitest";
import { formatBenchMarkdown } from "../../src/bench/speed/benchMarkdown.ts";
import type { SuiteFigures } from "../../src/bench/speed/benchReport.ts";
import { configFigures, GAIN_REPORT, LOSS_REPORT } from "../support/benchReports.ts";

const suiteOf = (figures: Partial<SuiteFigures>) => ({
  ...GAIN_REPORT,
  suites: { repo: { ...GAIN_REPORT.suites["repo"]!, ...figures } },
});

const FUSED = configFigures("fused", {
  tokensPerSecond: 92.6,
  ratioToPlain: { ratio: 1.87, low: 1.69, high: 2.06 },
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
const NO_FIGURES = {
  setting: "",
  loopShare: null,
  numLeftOut: 0,
  differingTokens: 0,
  nearTies: 0,
  warnings: [],
};
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
      /\| fused +\| +402 ms \| 1\.00 \(1\.00-1\.00\) \| +92\.6 \| 1\.87 \(1\.69-2\.06\) \| +2\.31 \| +39 \|/,
    );
    expect(text).toMatch(/\| fused +\| 1\.98 \| +2\.40 \|/);
    expect(text).toMatch(/\| peer:draft +\| +– \| +– \|/);
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
    expect(tables).toHaveLength(5);
    for (const lines of tables) {
      expect(new Set(lines.map((line) => line.split(" | ").length)).size).toBe(1);
    }
  });

  test("says the verdict first, and what is to be heeded once, at the end", () => {
    const text = formatBenchMarkdown({ ...LOSS_REPORT, cost: null });
    const { sentence, details } = LOSS_REPORT.verdict;
    expect(text.startsWith("# Treeline benchmark (stopped before its end)\n\n")).toBe(true);
    expect(text.split("\n\n").slice(1, 3)).toEqual([`**${sentence}**`, details]);
    expect(text).toMatch(
      /\n## Warnings\n\n- It was stopped before .*\n- repo: fused is SLOWER.*\n$/,
    );
    for (const warning of LOSS_REPORT.warnings) expect(text.split(warning)).toHaveLength(2);
    expect(text).not.toContain("What a pass costs");
  });

  test("says how many prompts a row leaves out, and lists every place where outputs part with both logits", () => {
    const fused = configFigures("fused", { nearTies: 2, numLeftOut: 3 });
    const difference = {
      config: "fused",
      prompt: 0,
      index: 6,
      plainToken: 41,
      otherToken: 7,
      plainLogit: 12.5,
      otherLogit: 12.4375,
      gap: 0.0625,
      isNearTie: true,
    };
    const ended = { ...difference, config: "union", otherToken: -1, isNearTie: false };
    const text = formatBenchMarkdown(
      suiteOf({ configs: [fused], differences: [difference, ended] }),
    );
    expect(text).toMatch(/\| fused +\|.*\| +0 \| +2 \| +3 \|\n/);
    expect(text).toMatch(
      /\| fused +\| +1 \| +7 \| +41: 12\.500 \| +7: 12\.438 \| +0\.063 \| +yes \|/,
    );
    expect(text).toMatch(/\| union +\|.*\| +end: 12\.438 \|.*\| +NO \|/);
    expect(text).toContain(
      "- Of 18420 tokens of ours 0 differ from plain's beyond near ties, which are 3; 1 in 1,000",
    );
  });

  test("compares with the others, too", () => {
    const ratio = { ratio: 1.35, low: 1.3, high: 1.4 };
    const fusedOver = { plain: FUSED.ratioToPlain };
    const text = formatBenchMarkdown(
      suiteOf({ fusedOver, fusedFirstLineOver: { plain: ratio, "peer:lookup": ratio } }),
    );
    // Plain decoding stands in the first table.
    expect(text).not.toMatch(/\| plain +\| 1\.35/);
    expect(text).toMatch(/\| peer:lookup +\| +1\.35 \(1\.30-1\.40\) \| +– \|/);
  });

  test("marks a row that compares nothing, and lists what was tried", () => {
    const tried = [{ setting: "A | B", tokensPerSecond: 12 }];
    const peer = configFigures("peer:lookup", { isComparable: false, tried });
    const text = formatBenchMarkdown(suiteOf({ configs: [configFigures("plain"), peer] }));
    expect(text).toMatch(/\| peer:lookup \(!\) +\|/);
    expect(text).toContain("  - A \\| B: 12.0 tok/s");
  });

  test("has no headline where nothing was measured", () => {
    const unmeasured = [
      { ...NO_FIGURES, name: "fused", loopShare: 1 },
      { ...NO_FIGURES, name: "draftModel", warnings: ["It was left out: why"] },
      { ...NO_FIGURES, name: "union", loopShare: 0, numLeftOut: 8 },
    ];
    const text = formatBenchMarkdown(suiteOf({ configs: [], unmeasured }));
    expect(text).toContain("No speed: no output was left to measure.");
    expect(text).toContain(
      "- fused has no figures. 100 % of its outputs that are long enough loop.",
    );
    expect(text).toContain("- draftModel has no figures. It was left out: why");
    expect(text).toContain(
      "0 % of its outputs that are long enough loop. 8 of them are another text than plain's.",
    );
    expect(text).not.toContain("tok/s |");
  });
});
