import { describe, expect, test } from "vitest";
import {
  type AgainstRun,
  againstReport,
  type ContenderRun,
  formatAgainstReport,
  type PlaceRuns,
} from "../../src/bench/accuracy/againstReport.ts";
import { placeResult } from "../support/placeResults.ts";

const RUN: AgainstRun = {
  contenders: [
    { name: "plain", what: "Treeline 1", isServer: false },
    { name: "fused", what: "Treeline 1 with drafts", isServer: false },
    { name: "s1", what: "llama-server b1 at localhost:1, m.gguf", isServer: true },
    { name: "s2", what: "llama-server b1 at localhost:2, m.gguf", isServer: true },
  ],
  ...{ target: "T", draft: null, backend: "cpu", origin: "some files", seed: 1, maxTokens: 64 },
  ...{ numWanted: 12, warnings: [] },
};
const TOKENS = [5, 6, 7, 8, 9];

/** A contender that takes so many ms for each of its tokens. */
const takes = (msPerToken: number, other: Partial<ContenderRun> = {}): ContenderRun => ({
  ...{ tokens: TOKENS, text: "b;", numDecoded: 5, decodeMs: 5 * msPerToken },
  ...{ firstTokenMs: 100, totalMs: 100 + 5 * msPerToken },
  ...{ numDraftTokens: 0, numAcceptedTokens: 0 },
  ...other,
});

function placeRuns(index: number, runs: Record<string, ContenderRun>, othersShare = 0): PlaceRuns {
  const { key, path, line, column, language, kind, span, hiddenText, textBehind } =
    placeResult(index);
  return {
    ...{ key, path, line, column, language, kind, span, hiddenText, textBehind },
    ...{ numPromptTokens: 50, othersShare, runs, speculation: { s1: "none", s2: null } },
  };
}
const places = (runs: Record<string, ContenderRun>, count = 12) =>
  Array.from({ length: count }, (_, index) => placeRuns(index, runs));

describe("againstReport", () => {
  test("compares fused with the fastest server, by place, and says by how much", () => {
    const report = againstReport(
      places({ plain: takes(10), fused: takes(5), s1: takes(12), s2: takes(10) }),
      RUN,
    );
    expect(report.figures.map(({ tokensPerSecond }) => Math.round(tokensPerSecond))).toEqual([
      100, 200, 83, 100,
    ]);
    expect(report.fusedOver.find(({ name }) => name === "s2")?.speed?.median).toBeCloseTo(2);
    expect(report.fusedOver.find(({ name }) => name === "s1")?.whole?.median).toBeCloseTo(
      125 / 160,
    );
    expect(report.verdict).toMatch(
      /^At 12 places Treeline with drafts decodes 2\.00 \(2\.00-2\.00\) × as fast as the fastest of the servers, s2 \(100\.0 tokens\/s\), which is faster;/,
    );
    const text = formatAgainstReport(report);
    expect(text).toContain("- s1: llama-server b1 at localhost:1, m.gguf; drafts: none");
    expect(text).toContain(
      "- s2: llama-server b1 at localhost:2, m.gguf; it does not say how it drafts",
    );
    expect(text).not.toMatch(/NaN|undefined/);
  });

  test("a loss is said as loudly, and what lies within the bounds is no difference", () => {
    const slower = againstReport(
      places({ plain: takes(10), fused: takes(11), s1: takes(10), s2: takes(20) }),
      RUN,
    );
    expect(slower.verdict).toContain("which is SLOWER");
    const mixed = places({}).map((_, index) =>
      placeRuns(index, {
        ...{ plain: takes(10), fused: takes(index % 2 === 0 ? 8 : 13) },
        ...{ s1: takes(10), s2: takes(20) },
      }),
    );
    expect(againstReport(mixed, RUN).verdict).toContain("which is no difference");
  });

  test("gives no verdict to be believed where others used the machine", () => {
    const runs = { plain: takes(10), fused: takes(5), s1: takes(10), s2: takes(10) };
    const busy = (numBusy: number) =>
      againstReport(
        Array.from({ length: 12 }, (_, index) => placeRuns(index, runs, index < numBusy ? 0.5 : 0)),
        RUN,
      );
    expect(busy(3).verdict).toMatch(
      /^NOT TO BE BELIEVED, as others used the machine: At 12 places/,
    );
    expect(busy(2).verdict).toMatch(/^At 12 places/);
    expect(busy(2).warnings).toEqual([
      "Others used up to 50 % of the cores before 2 of 12 places.",
    ]);
  });

  test("compares tokens one by one, texts where a server tells no tokens, and doubts another model", () => {
    const report = againstReport(
      places({
        ...{ plain: takes(10), fused: takes(10) },
        s1: takes(10, { tokens: [5, 6, 1, 8, 9] }),
        s2: takes(10, { tokens: null }),
      }),
      RUN,
    );
    const [, fused, s1, s2] = report.figures;
    expect(fused).toMatchObject({ numSame: 12, sameTokenShare: 1 });
    expect(s1).toMatchObject({ numSame: 0, sameTokenShare: 0.4 });
    expect(s2).toMatchObject({ numSame: 12 });
    expect(report.verdict).toContain("But only 40 % of its tokens are plain's");
  });

  test("takes no speed of a few tokens, and none at all where there are no others", () => {
    const short = takes(10, { numDecoded: 3 });
    const runs = { plain: takes(10), fused: takes(10), s1: short, s2: takes(10) };
    const report = againstReport(places(runs), RUN);
    expect(report.numMeasured).toBe(0);
    expect(report.verdict).toBe("No output was long enough to measure a speed.");
    expect(formatAgainstReport(report)).not.toMatch(/NaN/);
    const some = [...places(runs, 4), ...places({ ...runs, s1: takes(10) }, 12).slice(4)];
    expect(againstReport(some, RUN).numMeasured).toBe(8);
  });
});
