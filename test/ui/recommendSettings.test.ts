import { describe, expect, test } from "vitest";
import type {
  BenchReport,
  ConfigFigures,
  SuiteFigures,
} from "../../src/bench/speed/benchReport.ts";
import { recommendSettings } from "../../src/ui/measure/recommendSettings.ts";
import {
  configFigures,
  GAIN_REPORT,
  LOSS_REPORT,
  WRONG_REPORT,
  withFused,
} from "../support/benchReports.ts";

const { repo, scratch } = GAIN_REPORT.suites;
const GAIN = { ratio: 1.5, low: 1.2, high: 1.8 };
const LOSS = { ratio: 0.8, low: 0.7, high: 0.9 };
const EVEN = { ratio: 1, low: 0.9, high: 1.1 };

/** A report whose suites have a `fused` with these figures. */
function report(suites: Readonly<Record<string, Partial<ConfigFigures>>>): BenchReport {
  const figures = Object.entries(suites).map(([name, fused]) => [name, withFused(repo!, fused)]);
  return { ...GAIN_REPORT, suites: Object.fromEntries(figures) };
}

/** A report of one suite with other figures. */
function withSuite(figures: Partial<SuiteFigures>): BenchReport {
  return { ...GAIN_REPORT, suites: { repo: { ...repo!, ...figures } } };
}

const NO_FIGURES = { setting: "", loopShare: 0, numLeftOut: 0, nearTies: 0, warnings: [] };

/** What is recommended for `treeline.speculation.enabled`: undefined if nothing. */
function speculation(given: BenchReport, now: boolean): boolean | undefined {
  const { changes } = recommendSettings(given, { speculation: now, maxTokens: 64 });
  const change = changes.find(({ name }) => name === "speculation.enabled");
  return change?.value as boolean | undefined;
}

describe("recommendSettings, speculation", () => {
  test.each([
    ["gains everywhere, on", { repo: GAIN, scratch: GAIN }, true, undefined],
    ["gains everywhere, off", { repo: GAIN, scratch: GAIN }, false, true],
    ["loses everywhere, on", { repo: LOSS, scratch: LOSS }, true, false],
    ["loses everywhere, off", { repo: LOSS, scratch: LOSS }, false, undefined],
    ["gains here, no difference there, off", { repo: GAIN, scratch: EVEN }, false, true],
    ["loses here, no difference there, on", { repo: EVEN, scratch: LOSS }, true, false],
    ["gains here, loses there, on", { repo: GAIN, scratch: LOSS }, true, undefined],
    ["gains here, loses there, off", { repo: GAIN, scratch: LOSS }, false, undefined],
    ["no difference, on", { repo: EVEN }, true, undefined],
    ["no difference, off", { repo: EVEN }, false, undefined],
    ["the bound is exactly 1, on", { repo: { ratio: 0.9, low: 0.8, high: 1 } }, true, undefined],
    ["the bound is exactly 1, off", { repo: { ratio: 1.1, low: 1, high: 1.2 } }, false, undefined],
    ["what cannot be predicted does not count", { unpredictable: LOSS, repo: GAIN }, false, true],
  ])("%s", (_, ratios, now, expected) => {
    const suites = Object.entries(ratios).map(([name, ratioToPlain]) => [name, { ratioToPlain }]);
    expect(speculation(report(Object.fromEntries(suites)), now)).toBe(expected);
  });

  test("off where tokens differ from plain decoding's, however fast it is", () => {
    const given = report({ repo: { ratioToPlain: GAIN, differingTokens: 2 } });
    const { changes } = recommendSettings(given, { speculation: true, maxTokens: 64 });
    expect(changes).toEqual([
      {
        name: "speculation.enabled",
        now: true,
        value: false,
        reason:
          "tokens differed from plain decoding's (2 of fused on repo). That is a defect; plain decoding does not have it.",
      },
    ]);
  });

  const wrong = { ratioToPlain: GAIN, differingTokens: 2, isComparable: false };
  const [, peer] = repo!.configs;
  test.each([
    ["in a suite whose row compares nothing", report({ repo: wrong, scratch: {} })],
    ["in a suite that counts nothing else", report({ repo: {}, unpredictable: wrong })],
    ["at too few prompts", report({ repo: { ...wrong, numPrompts: 2 } })],
    ["on a busy machine", { ...WRONG_REPORT, machine: LOSS_REPORT.machine }],
    [
      "of a single source",
      withSuite({
        configs: [
          ...repo!.configs.filter(({ name }) => name !== "recycling"),
          configFigures("recycling", { differingTokens: 1 }),
        ],
      }),
    ],
    [
      "before there was a speed",
      withSuite({
        unmeasured: [{ ...NO_FIGURES, name: "union", differingTokens: 1 }],
      }),
    ],
  ])("never on where a token differed %s", (_, given) => {
    expect(speculation(given, true)).toBe(false);
    expect(speculation(given, false)).toBeUndefined();
    const { findings } = recommendSettings(given, { speculation: false, maxTokens: 64 });
    expect(findings).toEqual([
      expect.stringMatching(/^Speculation stays off: tokens differed from plain decoding's \(/),
    ]);
  });

  test("what a peer puts out is not held against it", () => {
    const configs = repo!.configs.map((config) =>
      config.name === peer!.name ? { ...config, differingTokens: 9 } : config,
    );
    expect(speculation(withSuite({ configs }), false)).toBe(true);
  });

  test("says the figures behind what it recommends, and behind what stays", () => {
    const current = { speculation: true, maxTokens: 64 };
    const { changes } = recommendSettings(report({ repo: { ratioToPlain: LOSS } }), current);
    expect(changes[0]?.reason).toBe("it decodes slower than plain on repo (0.80×, 0.70–0.90).");
    expect(recommendSettings(GAIN_REPORT, current).findings[0]).toBe(
      "Speculation stays on: it decodes faster than plain on repo (1.87×, 1.69–2.06) and on scratch (1.11×, 1.04–1.18).",
    );
    const mixed = report({ repo: { ratioToPlain: GAIN }, scratch: { ratioToPlain: LOSS } });
    expect(recommendSettings(mixed, current).findings[0]).toContain("depends on what you write");
  });
});

describe("recommendSettings, length of suggestions", () => {
  test.each([
    // tokens/s, ms to the first token, set, recommended
    ["fast enough", 100, 200, 64, undefined],
    ["a long setting that is fast enough stays", 200, 200, 256, undefined],
    ["too slow for the setting", 20, 500, 64, 40],
    ["too slow for a long setting", 50, 200, 256, 112],
    ["never below 16", 2, 2000, 64, 16],
    ["the first token alone takes too long", 20, 4000, 64, 16],
    ["16 stays 16 on a slow machine", 2, 2000, 16, undefined],
    ["cut needlessly", 100, 200, 24, 64],
    ["cut with reason", 20, 500, 40, undefined],
  ])("%s", (_, tokensPerSecond, p50, maxTokens, expected) => {
    const ttftMs = { p50, p95: p50 * 2 };
    const given = report({ repo: { ratioToPlain: GAIN, tokensPerSecond, ttftMs } });
    const { changes } = recommendSettings(given, { speculation: true, maxTokens });
    expect(changes.find(({ name }) => name === "suggestion.maxTokens")?.value).toBe(expected);
  });

  test("the slowest suite decides", () => {
    const slow = { ratioToPlain: GAIN, tokensPerSecond: 20, ttftMs: { p50: 500, p95: 900 } };
    const given = report({ repo: { ratioToPlain: GAIN, tokensPerSecond: 200 }, scratch: slow });
    const { changes } = recommendSettings(given, { speculation: true, maxTokens: 64 });
    expect(changes.map(({ value }) => value)).toEqual([40]);
    expect(changes[0]?.reason).toBe(
      "At 20.0 tokens per second a suggestion of 64 tokens takes 3.7 s, one of 40 tokens 2.5 s.",
    );
  });

  test("with speculation off, plain decoding's speed counts", () => {
    const given = report({ repo: { ratioToPlain: LOSS, tokensPerSecond: 1 } });
    const { changes } = recommendSettings(given, { speculation: true, maxTokens: 64 });
    expect(changes.map(({ name }) => name)).toEqual(["speculation.enabled"]);
  });
});

describe("recommendSettings, reports that decide nothing", () => {
  test("a busy machine", () => {
    const { changes, findings } = recommendSettings(LOSS_REPORT, {
      speculation: true,
      maxTokens: 64,
    });
    expect(changes).toEqual([]);
    expect(findings).toEqual([
      "Other programs used the processor before the start, so these figures decide nothing. Run again when the machine is idle.",
    ]);
  });

  test.each([
    ["during prompts", { busyPrompts: 2, maxOthersShare: 0.4 }, "at 2 of 40 prompts of repo"],
    ["while settings were tried", { warmupOthersShare: 0.4 }, "while settings were tried on repo"],
  ])("a machine that was busy %s", (_, figures, when) => {
    const { changes, findings } = recommendSettings(withSuite(figures), {
      speculation: false,
      maxTokens: 16,
    });
    expect(changes).toEqual([]);
    expect(findings).toEqual([expect.stringContaining(`used the processor ${when}, so these`)]);
  });

  test("threads that the target lost", () => {
    const settings = { ...GAIN_REPORT.settings, threadsAtEnd: 6 };
    const { changes, findings } = recommendSettings(
      { ...GAIN_REPORT, settings },
      { speculation: false, maxTokens: 16 },
    );
    expect(changes).toEqual([]);
    expect(findings[0]).toMatch(/^The target runs with 6 of the 8 threads .* Restart the engine/);
  });

  test.each([
    ["no suite", {}],
    ["too few prompts", report({ repo: { ratioToPlain: LOSS, numPrompts: 7 } }).suites],
    ["no fused", { scratch: { ...scratch!, configs: scratch!.configs.slice(0, 3) } }],
    ["a speed that compares nothing", report({ repo: { isComparable: false } }).suites],
    ["only what cannot be predicted", report({ unpredictable: { ratioToPlain: LOSS } }).suites],
  ])("%s", (_, suites) => {
    const { changes, findings } = recommendSettings(
      { ...GAIN_REPORT, suites },
      { speculation: true, maxTokens: 64 },
    );
    expect(changes).toEqual([]);
    expect(findings[0]).toContain("too few to recommend anything");
  });

  test("a run that was stopped decides if it has prompts enough", () => {
    const given = { ...report({ repo: { ratioToPlain: LOSS } }), isComplete: false };
    expect(speculation(given, true)).toBe(false);
  });
});
