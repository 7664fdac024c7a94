/** Names of models, devices and folders change the words of a report, never what it is made of. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatBenchMarkdown } from "../../src/bench/speed/benchMarkdown.ts";
import { suiteOrigin } from "../../src/bench/speed/benchPlan.ts";
import type { BenchReport } from "../../src/bench/speed/benchReport.ts";
import { formatTypingReport, typingReport } from "../../src/bench/typing/typingReport.ts";
import { formatIndexReport, indexReport } from "../../tooling/studies/indexReport.ts";
import { configFigures, GAIN_REPORT } from "../support/benchReports.ts";
import { hostileText, markdownShape, unseenIn } from "../support/hostileText.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

function reportOf(text: string): BenchReport {
  const file = { name: text, fileBytes: 1 };
  const suite = GAIN_REPORT.suites["repo"]!;
  const configs = [
    configFigures("plain"),
    configFigures("fused", { setting: text, tried: [{ setting: text, tokensPerSecond: 1 }] }),
  ];
  return {
    ...GAIN_REPORT,
    models: { ...GAIN_REPORT.models, target: file, draft: file } as BenchReport["models"],
    machine: { ...GAIN_REPORT.machine, cpu: text },
    deviceNames: [text],
    warnings: [text],
    suites: { repo: { ...suite, configs, origin: suiteOrigin("repo", text, text) } },
  };
}

const about = (text: string) => ({
  origin: text,
  seed: 1,
  numPrompts: 1,
  numSessions: 1,
  maxTokens: 16,
  flatRows: null,
  backend: "cpu",
  target: text,
  draft: text,
  prompt: text,
  busyShare: 0,
  othersShares: [0],
});
const machine = (text: string) => ({ ...GAIN_REPORT.machine, cpu: text });

const FORMATS: readonly (readonly [string, (text: string) => string])[] = [
  ["formatBenchMarkdown", (text) => formatBenchMarkdown(reportOf(text))],
  ["formatTypingReport", (text) => formatTypingReport(typingReport([], about(text)))],
  [
    "formatIndexReport",
    (text) =>
      formatIndexReport(
        indexReport([], {
          machine: machine(text),
          seed: 1,
          busyShare: 0,
          isBusy: false,
          isComplete: true,
        }),
      ),
  ],
];

describe.each(FORMATS)("%s", (_name, format) => {
  test("shows foreign names as text", () => {
    const shape = markdownShape(format("words"));
    fc.assert(
      fc.property(hostileText(), (text) => {
        const markdown = format(`words${text}`);
        expect(unseenIn(markdown.replaceAll("\n", ""))).toEqual([]);
        expect(markdownShape(markdown)).toEqual(shape);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
