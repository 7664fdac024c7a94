import { describe, expect, test } from "vitest";
import {
  type AccuracyRun,
  accuracyReport,
  formatAccuracyReport,
} from "../../src/bench/accuracy/accuracyReport.ts";
import type { PlaceResult } from "../../src/bench/accuracy/placeResult.ts";
import { placeResult } from "../support/placeResults.ts";

const RUN: AccuracyRun = {
  ...{ target: "T", draft: null, backend: "cpu", origin: "some files", seed: 1, maxTokens: 64 },
  ...{ numSuggestions: 3, prompt: "cursor", numWanted: 30, parsers: { typescript: "esbuild" } },
};
const WRONG = { rawText: "c;", offeredText: "c;" };
const places = (of: (index: number) => Partial<PlaceResult>, count = 30) =>
  Array.from({ length: count }, (_, index) => placeResult(index, of(index)));

describe("accuracyReport", () => {
  test("counts exact lines, by the first suggestion and by any, and says both first", () => {
    // A third is right at once, a third by another suggestion.
    const others = [{}, { ...WRONG, otherTexts: ["d;", "b;"] }, WRONG];
    const report = accuracyReport(
      places((index) => others[index % 3]!),
      RUN,
    );
    expect(report.all.offered.lineExact?.mean).toBeCloseTo(1 / 3);
    expect(report.all.anyLineExact?.mean).toBeCloseTo(2 / 3);
    expect(report.anyOf).toMatchObject({ numPlaces: 30, numBetter: 10, numWorse: 0 });
    expect(report.anyOf.difference!.low).toBeGreaterThan(0);
    expect(report.verdict).toMatch(
      /^At 30 places in 10 files T's first suggestion is exactly the line that stood there in 33 % \(\d+-\d+\), and one of up to 3 in 67 %/,
    );
    expect(report.verdict).toContain("trimming changes no line");
    expect(formatAccuracyReport(report).split("\n")[2]).toBe(`**${report.verdict}**`);
  });

  test("tells what trimming repaired and spoiled, and what was refused though right", () => {
    const cut = { rawText: "b; // and more", offeredText: "b;" };
    const spoiled = { rawText: "b;", offeredText: "b" };
    const refused = { rawText: "b;", offeredText: "", rejection: "tooShort" };
    const wronglyOffered = { rawText: "", offeredText: "", rejection: "empty" };
    const kinds = [cut, cut, spoiled, refused, wronglyOffered, {}];
    const report = accuracyReport(
      places((index) => kinds[index % 6]!),
      RUN,
    );
    const [lines] = report.trimming;
    expect(lines).toMatchObject({ name: "exact line", numBetter: 10, numWorse: 10 });
    expect(report.refusals).toEqual({
      ...{ numRefused: 10, numRightRefused: 5, byReason: { tooShort: 5, empty: 5 } },
    });
    expect(report.verdict).toContain(
      "trimming and refusal make 10 lines exact and spoil 10; 10 answers are refused, 5 of them right.",
    );
  });

  test("takes shares of parsing only where a file parses by itself and something is offered", () => {
    const parses = { original: true, without: true, offered: true, raw: false };
    const kinds: Partial<PlaceResult>[] = [
      { parses },
      { parses: { ...parses, offered: false } },
      { parses: { ...parses, original: false } },
      { parses: { original: null, without: null, offered: null, raw: null } },
      { parses, offeredText: "", rejection: "tooShort" },
    ];
    const report = accuracyReport(
      places((index) => kinds[index % 5]!),
      RUN,
    );
    expect(report.all.offered).toMatchObject({ numParsed: 12, parses: { mean: 0.5 } });
    expect(report.all.raw.parses?.mean).toBe(0);
    expect(report.insertion).toMatchObject({ numPlaces: 12, numBetter: 0, numWorse: 6 });
    expect(report.warnings).toEqual([
      "At 6 of 30 places no parser told whether the file parses.",
      "At 6 places the file does not parse by itself; they are in no share of parsing.",
    ]);
  });

  test("compares models at the places that both have, and calls a difference within its bounds none", () => {
    const own = places(() => ({}));
    const worse = places((index) => (index % 2 === 0 ? WRONG : {}), 24);
    const { comparison, verdict, warnings } = accuracyReport(own, RUN, {
      name: "S",
      places: worse,
    });
    expect(comparison!.pairs[0]).toMatchObject({ numPlaces: 24, numBetter: 12, numWorse: 0 });
    expect(verdict).toMatch(
      / Beside S at 24 places: \+50\.0 points \(.*\) exact lines, which is better\.$/,
    );
    expect(warnings).toContain("The compared run has 24 of these 30 places.");
    const equal = accuracyReport(own, RUN, { name: "S", places: own });
    expect(equal.verdict).toContain("Beside S at 30 places: no difference in exact lines (");
    const strange = accuracyReport(own, RUN, {
      name: "S",
      places: own.map((place) => ({ ...place, key: `${place.key} of another version` })),
    });
    expect(strange.comparison!.pairs[0]).toMatchObject({ numPlaces: 0, difference: null });
    expect(formatAccuracyReport(strange)).not.toMatch(/NaN|undefined|null/);
  });

  test("compares arms with the first at the same places, with a one-sided bound", () => {
    const first = places((index) => (index % 3 === 0 ? WRONG : {}));
    const better = places((index) => (index % 6 === 0 ? WRONG : {}));
    const arms = [
      { name: "line+heal", places: better },
      { name: "file+heal", places: first.slice(0, 12) },
      { name: "8+heal", places: [] },
    ];
    const report = accuracyReport(first, RUN, undefined, arms);
    expect(report.arms.map(({ name }) => name)).toEqual(["line+heal", "file+heal"]);
    const [line, file] = report.arms.map(({ pairs }) => pairs[0]!);
    expect(line).toMatchObject({ numPlaces: 30, numBetter: 5, numWorse: 0 });
    expect(line!.difference!.mean).toBeCloseTo(5 / 30);
    expect(line!.least).toBeGreaterThanOrEqual(line!.difference!.low);
    expect(line!.least).toBeLessThan(line!.difference!.mean);
    // No pair of 12 differs: at 95 % fewer than one in 4.5 do.
    expect(file).toMatchObject({ numPlaces: 12, difference: { mean: 0 } });
    expect(file!.least).toBeCloseTo(-(1 - 0.05 ** (1 / 12)));
    const text = formatAccuracyReport(report);
    expect(text).toMatch(/\| line\+heal +\| +30 \|.*\+16\.7 points/);
    expect(text).toContain("| line+heal over cursor");
    expect(text).not.toMatch(/NaN|undefined|null/);
    expect(formatAccuracyReport(accuracyReport(first, RUN))).not.toContain("## Arms");
  });

  test("groups places, leaves empty groups out, and says that it was stopped", () => {
    const report = accuracyReport(
      places((index) => (index < 10 ? { language: "go", span: "block", kind: "dot" } : {}), 20),
      RUN,
    );
    expect(report.byLanguage.map(({ name, numPlaces }) => [name, numPlaces])).toEqual([
      ["go", 10],
      ["typescript", 10],
    ]);
    expect(report.byKind.map(({ name }) => name)).toEqual(["dot", "assignment"]);
    expect(report.byTokens.map(({ numPlaces }) => numPlaces)).toEqual([10, 10]);
    expect(report.byLanguage[0]!.offered.blockSimilarity?.mean).toBe(1);
    expect(report.byLanguage[1]!.offered.blockSimilarity).toBeNull();
    expect(report.isComplete).toBe(false);
    expect(formatAccuracyReport(report)).toMatch(/^# Accuracy \(20 of 30 places\)\n/);
  });
});
