import { describe, expect, test } from "vitest";
import { formatTypingReport, typingReport } from "../../src/bench/typing/typingReport.ts";
import { typingSession } from "../support/typingRuns.ts";

const ABOUT = {
  seed: 1,
  numSessions: 2,
  target: "tiny",
  draft: null,
  backend: "cpu",
  prompt: "cursor",
  othersShares: [0, 0.1],
};
/** Quick with all caches, slower with the prompt alone, never there without anything. */
const SESSION = typingSession(1000, [
  [200, 800, 0],
  [400, 1400, null],
  [null, null, null],
]);

/** The cells of a row. */
const cellsOf = (text: string, name: string) =>
  text
    .split("\n")
    .find((line) => line.startsWith(`| ${name} `))
    ?.split("|")
    .slice(2, -1)
    .map((cell) => cell.trim());

describe("typingReport", () => {
  test("keeps every pause, so that the figures can be made again", () => {
    const report = typingReport([SESSION], ABOUT);
    expect(report.numMeasured).toBe(1);
    const { sessions, ...figures } = JSON.parse(JSON.stringify(report));
    const { sessions: _none, ...again } = JSON.parse(JSON.stringify(typingReport(sessions, ABOUT)));
    expect(again).toEqual(figures);
  });

  test("says where the machine was busy, and where there is too little to judge by", () => {
    const few = typingReport([SESSION], { ...ABOUT, othersShares: [0.05, 0.4, 0.2] });
    expect(few.warnings).toEqual([
      "Others used up to 40 % of the cores before 2 of 3 runs.",
      "1 session is too few for 95 % bounds; what stands there is the range.",
      "3 pauses of a second or longer are few: judge by 100 or more.",
    ]);
    for (const warning of few.warnings) {
      expect(formatTypingReport(few)).toContain(`\n**${warning}**\n`);
    }
    const many = typingReport(Array(34).fill(SESSION), ABOUT);
    expect(many.warnings).toEqual([]);
  });
});

describe("formatTypingReport", () => {
  test("prints the modes side by side, and times that cannot be told as longer than the pauses", () => {
    const text = formatTypingReport(typingReport(Array(34).fill(SESSION), ABOUT));
    const shares = cellsOf(text, "ghost text within 0.6 s");
    expect(shares?.[0]).toMatch(/^67 % \(\d+ % to \d+ %\)$/);
    expect(shares?.[2]).toMatch(/^0 % \(0 % to \d+ %\)$/);
    expect(cellsOf(text, "time to ghost text, p50")).toEqual(["0.20 s", "1.40 s", "> 2.0 s"]);
    expect(cellsOf(text, "time to ghost text, p95")).toEqual(["0.80 s", "> 2.0 s", "> 2.0 s"]);
    expect(cellsOf(text, "none: the next key came first")).toEqual(["0", "34", "102"]);
    expect(cellsOf(text, "passes whose text was never shown")?.[0]).toBe("68 (20 %)");
  });

  test("says of all caches whether they are never worse", () => {
    const better = formatTypingReport(typingReport(Array(34).fill(SESSION), ABOUT));
    expect(better).toContain(
      "- beside prompt's cells alone: p50 **held** (-1.20 s; -1.20 to -1.20 s); p95 **held** (-4.20 s; -4.20 to -4.20 s). " +
        "Ghost text came sooner in 102, later in 0 of 102 pauses.",
    );
    const worse = typingSession(1, [[900], [100], [100]]);
    const missed = formatTypingReport(typingReport(Array(34).fill(worse), ABOUT));
    expect(missed).toContain("beside no caches: p50 **did not hold** (+0.80 s;");
    const never = typingSession(1, [[null], [null], [null]]);
    expect(formatTypingReport(typingReport([never], ABOUT))).toContain(
      "p50 **cannot be told**, both are longer than the pauses; p95",
    );
  });

  test("says so where nothing was measured", () => {
    const text = formatTypingReport(typingReport([], ABOUT));
    expect(text).toMatch(/0 of 2 sessions/);
    expect(cellsOf(text, "time to ghost text, p50")).toEqual(["none", "none", "none"]);
    expect(text).toContain("beside no caches: not measured");
  });
});
