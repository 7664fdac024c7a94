/** *Show Statistics* as Markdown. Pure. */
import { SOURCE_NAMES } from "../../bench/base/sourceNames.ts";
import { markdownText } from "../../core/base/foreignText.ts";
import { type Counters, figuresOf } from "./counters.ts";
import { dayOf, MAX_DAYS, type StatisticsBook, sumBook } from "./statisticsStore.ts";
import { formatPercent, formatSaved } from "./status.ts";

const SHOWN_DAYS = 14;

export function statisticsReport(book: StatisticsBook, now: Date): string {
  const languages = new Set(Object.values(book).flatMap((byLanguage) => Object.keys(byLanguage)));
  const days = Object.keys(book).sort().reverse().slice(0, SHOWN_DAYS);
  const total = sumBook(book);
  const rows: [string, Counters][] = [
    ["today", sumBook(book, dayOf(now))],
    // In one line, as the table is wide.
    [`last\u00a0${MAX_DAYS}\u00a0days`, total],
  ];
  return [
    "# Treeline Statistics",
    "Counted on this machine, kept here, sent nowhere.",
    "",
    ...usageTable("", rows),
    "",
    "## By language",
    ...usageTable(
      "language",
      [...languages].sort().map((id) => [id, sumBook(book, undefined, id)]),
    ),
    "",
    "## By day",
    ...usageTable(
      "day",
      days.map((day) => [day, sumBook(book, day)]),
    ),
    "",
    ...rankSection(total),
    "## Drafts",
    ...draftTable(total),
    "",
    "## What the figures mean",
    "- *shown*: stood on the screen for 750 ms or was accepted; VS Code tells extensions no more than that.",
    "- *accepted*: taken whole or in part; *word by word*: times a word or line was taken.",
    "- *rank*: the place of an accepted suggestion among those offered together; the first is the one shown unasked.",
    "- *kept*: accepted characters that were still there 30 s later.",
    "- *tokens per pass*: mean acceptance length, the bonus token included. Plain decoding has 1.",
    "- *against plain*: estimated as one token per measured pass, less the time it took. A pass that verifies " +
      "drafts costs more than a plain one on most CPUs, so the estimate flatters speculation there.",
    "",
  ].join("\n");
}

function usageTable(head: string, rows: readonly [string, Counters][]): string[] {
  if (rows.length === 0) return ["Nothing yet."];
  return [
    `| ${head} | shown | accepted | acceptance | word by word | characters accepted | kept | tokens | tokens per pass | against plain |`,
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ...rows.map(([name, counters]) => {
      const figures = figuresOf(counters);
      const { acceptance, judgedCharacters, keptCharacters, tokensPerPass, savedMs } = figures;
      const cells = [
        markdownText(name),
        figures.shown,
        figures.accepted,
        acceptance === undefined ? "" : formatPercent(acceptance),
        figures.partialAccepts,
        figures.acceptedCharacters,
        judgedCharacters === 0 ? "" : formatPercent(keptCharacters / judgedCharacters),
        figures.tokens,
        tokensPerPass?.toFixed(2) ?? "",
        savedMs === undefined ? "" : formatSaved(savedMs),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ];
}

function draftTable(counters: Counters): string[] {
  const { drafts } = figuresOf(counters);
  if (drafts.length === 0) return ["Nothing was drafted yet."];
  return [
    "| drafter | verified | accepted | share |",
    "|---|---:|---:|---:|",
    ...drafts.map(
      ({ source, verified, accepted }) =>
        `| ${SOURCE_NAMES[source]} | ${verified} | ${accepted} | ${formatPercent(accepted / verified)} |`,
    ),
  ];
}

/** Nothing where nobody turned to another suggestion. */
function rankSection(counters: Counters): string[] {
  const { acceptedByRank } = figuresOf(counters);
  if (acceptedByRank.length === 0) return [];
  return [
    "## Accepted by rank",
    "| rank | accepted |",
    "|---:|---:|",
    ...acceptedByRank.map((count, index) => `| ${index + 1} | ${count} |`),
    "",
  ];
}
