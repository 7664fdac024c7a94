import { describe, expect, test } from "vitest";
import type { ConfigFigures, SuiteFigures } from "../../src/bench/speed/benchReport.ts";
import { verdictOf } from "../../src/bench/speed/verdict.ts";
import { BenchHarness } from "../support/benchHarness.ts";
import { configFigures, GAIN_REPORT, LOSS_REPORT } from "../support/benchReports.ts";

const { repo } = GAIN_REPORT.suites;

function suiteOf(...configs: readonly ConfigFigures[]): SuiteFigures {
  return { ...repo!, configs: [configFigures("plain"), ...configs] };
}

/** Measures on fakes; plain decoding, once more, and `fused` that takes `factor` times as long for a token. */
async function measured(factor: number, noise: (round: number) => number = () => 1) {
  const harness = new BenchHarness();
  let round = 0;
  const slowed = (name: string, by: () => number) =>
    harness.own(name, (run) => {
      const factorNow = by();
      return {
        ...run,
        decodeMs: run.decodeMs * factorNow,
        tokenMs: run.tokenMs.map((ms) => run.firstTokenMs + (ms - run.firstTokenMs) * factorNow),
      };
    });
  const { figures, warnings } = await harness.run(
    [harness.plain(), slowed("plain again", () => noise(round++)), slowed("fused", () => factor)],
    { numPrompts: 40, prompts: manyPrompts() },
  );
  return { verdict: verdictOf({ repo: figures! }), warnings };
}

function manyPrompts() {
  return Array.from({ length: 80 }, (_, index) => {
    const promptTokens = Int32Array.from({ length: 8 }, (_each, at) => (index * 7 + at * 13) % 64);
    return {
      context: { promptTokens, prefixTokens: promptTokens, suffixTokens: new Int32Array(0) },
      hidden: { numLines: 1, numVerbatim: 0 },
    };
  });
}

describe("verdictOf", () => {
  test("says in one sentence how soon a line is shown", () => {
    expect(GAIN_REPORT.verdict).toMatchObject({
      kind: "faster",
      sentence:
        "On this machine Treeline shows a line after 1.9 s instead of 2.4 s (1.1-1.4 × as fast).",
    });
    expect(GAIN_REPORT.verdict.details).toContain(
      "It decodes 92.6 tokens a second, plain decoding 49.4",
    );
  });

  test("tells slower as slower", () => {
    expect(LOSS_REPORT.verdict).toMatchObject({
      kind: "slower",
      sentence:
        "On this machine Treeline shows a line after 2.9 s instead of 2.4 s: drafting makes it slower (0.7-0.9 × as fast).",
    });
  });

  test("judges code of the workspace before other code, and says where that is not it", () => {
    const slow = configFigures("fused", {
      firstLineMs: 30,
      plainFirstLineMs: 20,
      firstLineToPlain: { ratio: 0.67, low: 0.6, high: 0.7 },
    });
    expect(verdictOf({ scratch: suiteOf(slow), repo: repo! }).kind).toBe("faster");
    expect(verdictOf({ scratch: suiteOf(slow) }).sentence).toMatch(
      /^On this machine Treeline shows a line of code unlike the workspace after 30 ms instead of 20 ms: drafting makes it slower/,
    );
  });

  test.each([
    ["nothing", {}, /^Nothing was measured/],
    ["no fused", { repo: suiteOf() }, /fused was not measured/],
    [
      "too few prompts",
      { repo: suiteOf(configFigures("fused", { numPrompts: 5 })) },
      /^Too few prompts were measured to say anything: 5, expected 6/,
    ],
    [
      "another output",
      { repo: suiteOf(configFigures("fused", { isComparable: false, differingTokens: 4 })) },
      /differs from plain decoding's at 4 tokens: no speed counts/,
    ],
  ])("decides nothing from %s", (_, suites, sentence) => {
    const verdict = verdictOf(suites as Record<string, SuiteFigures>);
    expect(verdict).toMatchObject({ kind: "undecided", details: null });
    expect(verdict.sentence).toMatch(sentence);
  });

  test("finds what was measured: a gain, a loss, and no difference", async () => {
    expect((await measured(0.5)).verdict.kind).toBe("faster");
    expect((await measured(1)).verdict.kind).toBe("same");
    const slow = await measured(2);
    expect(slow.verdict.kind).toBe("slower");
    expect(slow.warnings.join()).toContain("SLOWER");
  });

  test("inside what plain decoding differs by from itself there is no difference", async () => {
    // Now slower, now faster by a third: as such a loss of 12 % would be one.
    const isNoisy = await measured(1.25, (round) => (round % 2 === 0 ? 2 : 0.5));
    expect(isNoisy.verdict.kind).toBe("same");
    expect(isNoisy.verdict.sentence).toContain("no difference");
    expect(isNoisy.warnings.join()).not.toMatch(/slower than plain|later than/i);
    expect((await measured(1.25)).verdict.kind).toBe("slower");
  });
});
