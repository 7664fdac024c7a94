import { describe, expect, test } from "vitest";
import type { Counters } from "../../src/ui/figures/counters.ts";
import { statisticsReport } from "../../src/ui/figures/statisticsReport.ts";
import { type Decision, DecisionLog, MAX_DECISIONS } from "../../src/ui/suggest/decisionLog.ts";
import type { EditorFacts } from "../../src/ui/suggest/editorFacts.ts";
import { noSuggestionReport } from "../../src/ui/suggest/noSuggestionReport.ts";
import { loadedModels } from "../support/completionResults.ts";

const FACTS: EditorFacts = {
  languageId: "typescript",
  isLanguageOff: false,
  inlineSuggestEnabled: true,
  hidingSettings: [],
  rivals: [],
  isTrusted: true,
};
const READY = { phase: "ready", alsoLoadedBytes: 0 } as const;

function decision(overrides: Partial<Decision> = {}): Decision {
  return {
    at: new Date(2025, 10, 21, 8, 5, 9),
    document: "a|b.ts",
    languageId: "typescript",
    line: 3,
    reason: "rejected",
    detail: "The model repeated itself.",
    ...overrides,
  };
}

describe("noSuggestionReport", () => {
  test("says so when nothing was asked and nothing stands in the way", () => {
    const report = noSuggestionReport({ ...READY, models: loadedModels() }, FACTS, []);
    expect(report).toContain("- The engine is ready.");
    expect(report).toContain("target\\_7b, no draft model, on cpu, context 4096 tokens");
    expect(report).toContain("VS Code has not asked");
  });

  test("says that the demonstration model suggests only when asked, and what to do", () => {
    const report = noSuggestionReport(READY, { ...FACTS, askedReason: "demonstration" }, [
      decision({ reason: "notAsked" }),
    ]);
    expect(report).toContain("- The bundled model is a demonstration and suggests only when asked");
    expect(report).toContain("`treeline.suggestion.demonstration`");
    expect(report).toMatch(/\| not asked for \|.*\| Run \*Treeline: Trigger Suggestion\*/);
    expect(noSuggestionReport(READY, FACTS, [])).not.toContain("demonstration");
  });

  test("says how to come back from a pause and from asking only", () => {
    const of = (askedReason: "paused" | "manual") =>
      noSuggestionReport(READY, { ...FACTS, askedReason }, []);
    expect(of("paused")).toContain("*Treeline: Pause or Resume Suggestions in This Window*");
    expect(of("manual")).toContain("*Treeline: Suggest as You Type, or Only When Asked*");
  });

  test("has a remedy for a suggestion that came late", () => {
    const offered = (latencyMs: number) =>
      decision({ reason: "offered", detail: "", origin: "generated", latencyMs });
    expect(noSuggestionReport(READY, FACTS, [offered(11_938)])).toMatch(
      /\| generated, 11938 ms \| Late\. A smaller model/,
    );
    expect(noSuggestionReport(READY, FACTS, [offered(640)])).toContain("| generated, 640 ms |  |");
  });

  test("names everything that stands in the way, each with its remedy", () => {
    const report = noSuggestionReport(
      { phase: "failed", detail: "No such file", alsoLoadedBytes: 1024 ** 2 },
      {
        ...FACTS,
        isLanguageOff: true,
        inlineSuggestEnabled: false,
        hidingSettings: ["editor.inlineSuggest.minShowDelay: 500"],
        rivals: ["GitHub.copilot"],
        isTrusted: false,
      },
      [],
    );
    expect(report).toContain("*Treeline: Select Model Files*");
    expect(report).toContain("- No such file");
    expect(report).toContain("1.0 MB more");
    expect(report).toContain("`editor.inlineSuggest.enabled` is false");
    expect(report).toContain("`treeline.suggestion.languages` is false for typescript");
    expect(report).toContain("minShowDelay: 500");
    expect(report).toContain("GitHub.copilot is active");
    expect(report).toContain("Restricted Mode");
  });

  test("lists decisions, with text that cannot break the table", () => {
    const report = noSuggestionReport(READY, FACTS, [
      decision(),
      decision({ reason: "offered", detail: "", origin: "cache", latencyMs: 1.6 }),
      decision({ reason: "engineFailed", detail: "line 1\nline | 2" }),
    ]);
    expect(report).toContain(
      "| 08:05:09 | a\\|b.ts:3 (typescript) | rejected | The model repeated itself. | Nothing to do",
    );
    expect(report).toContain("| offered | cache, 2 ms |  |");
    expect(report).toContain("| line 1\\\\nline \\| 2 | See *Treeline: Show Log*");
  });
});

describe("DecisionLog", () => {
  test("keeps the last twenty, newest first", () => {
    const log = new DecisionLog();
    for (let line = 1; line <= 25; line++) log.add(decision({ line }));
    expect(log.decisions).toHaveLength(MAX_DECISIONS);
    expect(log.decisions[0]?.line).toBe(25);
  });

  test("makes one entry of questions that are cancelled one after the other", () => {
    const log = new DecisionLog();
    log.add(decision());
    for (let line = 1; line <= 9; line++) log.add(decision({ reason: "cancelled", line }));
    expect(log.decisions.map(({ reason, line }) => [reason, line])).toEqual([
      ["cancelled", 9],
      ["rejected", 3],
    ]);
  });

  test("makes one entry of refusals in one document, and keeps those of another", () => {
    const log = new DecisionLog();
    for (let line = 1; line <= 9; line++) log.add(decision({ reason: "languageOff", line }));
    log.add(decision({ reason: "languageOff", document: "b.md" }));
    for (let line = 1; line <= 9; line++) log.add(decision({ reason: "rejected", line }));
    expect(log.decisions.map(({ document }) => document).slice(9)).toEqual(["b.md", "a|b.ts"]);
    expect(log.decisions).toHaveLength(11);
    expect(log.decisions.at(-1)?.line).toBe(9);
  });
});

describe("statisticsReport", () => {
  test("has a table of all, by language, by day and by drafter", () => {
    const book = {
      "2025-11-20": { go: { shown: 2, steps: 4, tokens: 6 } },
      "2025-11-21": {
        c_x: {
          shown: 4,
          accepted: 1,
          "draftsVerified.draftModel": 10,
          "draftsAccepted.draftModel": 4,
        },
      },
    } as const;
    const report = statisticsReport(book, new Date(2025, 10, 21));
    expect(report).toContain("| today | 4 | 1 | 25 % |");
    expect(report).toContain("| last\u00a090\u00a0days | 6 | 1 | 17 % |");
    expect(report).toContain("| c\\_x | 4 | 1 |");
    expect(report.indexOf("| 2025\u201111\u201121 |")).toBeLessThan(
      report.indexOf("| 2025\u201111\u201120 |"),
    );
    expect(report).toContain("| draft model | 10 | 4 | 40 % |");
    expect(report).toContain("1.50");
  });

  test("has acceptances by rank once another than the first was taken", () => {
    const of = (counters: Counters) =>
      statisticsReport({ "2025-11-21": { go: counters } }, new Date());
    expect(of({ accepted: 3, "acceptedRank.1": 3 })).not.toContain("## Accepted by rank");
    expect(of({ accepted: 3, "acceptedRank.1": 2, "acceptedRank.3": 1 })).toContain(
      "## Accepted by rank\n| rank | accepted |\n|---:|---:|\n| 1 | 2 |\n| 2 | 0 |\n| 3 | 1 |\n",
    );
  });

  test("is readable with no counts", () => {
    expect(statisticsReport({}, new Date())).toContain("Nothing was drafted yet.");
  });
});
