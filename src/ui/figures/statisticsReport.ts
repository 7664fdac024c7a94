/** *Show Statistics* as Markdown. Pure. */
import { l10n } from "vscode";
import { SOURCE_NAMES } from "../../bench/base/benchConfigNames.ts";
import { markdownText } from "../../core/base/foreignText.ts";
import { type Counters, figuresOf } from "./counters.ts";
import { formatPercent, formatSaved } from "./formats.ts";
import { dayOf, MAX_DAYS, type StatisticsBook, sumBook } from "./statisticsStore.ts";

const SHOWN_DAYS = 14;

export function statisticsReport(book: StatisticsBook, now: Date): string {
  const languages = new Set(Object.values(book).flatMap((byLanguage) => Object.keys(byLanguage)));
  const days = Object.keys(book).sort().reverse().slice(0, SHOWN_DAYS);
  const total = sumBook(book);
  const rows: [string, Counters][] = [
    [l10n.t("today"), sumBook(book, dayOf(now))],
    // In one line, as the table is wide.
    [l10n.t("last {0} days", MAX_DAYS).replaceAll(" ", "\u00a0"), total],
  ];
  return [
    l10n.t("# Treeline Statistics"),
    l10n.t("Counted on this machine, kept here, sent nowhere."),
    "",
    ...usageTable("", rows),
    "",
    l10n.t("## By language"),
    ...usageTable(
      l10n.t("language"),
      [...languages].sort().map((id) => [id, sumBook(book, undefined, id)]),
    ),
    "",
    l10n.t("## By day"),
    ...usageTable(
      l10n.t("day"),
      // In one line, as the table is wide.
      days.map((day) => [day.replaceAll("-", "\u2011"), sumBook(book, day)]),
    ),
    "",
    ...rankSection(total),
    l10n.t("## Drafts"),
    ...draftTable(total),
    "",
    l10n.t("## What the figures mean"),
    l10n.t(
      "- *shown*: stood on the screen for 750 ms or was accepted; VS Code tells extensions no more than that.",
    ),
    l10n.t("- *accepted*: taken whole or in part; *word by word*: times a word or line was taken."),
    l10n.t(
      "- *rank*: the place of an accepted suggestion among those offered together; the first is the one shown unasked.",
    ),
    l10n.t("- *kept*: accepted characters that were still there 30 s later."),
    l10n.t(
      "- *tokens per pass*: mean acceptance length, the bonus token included. Plain decoding has 1.",
    ),
    l10n.t(
      "- *against plain*: estimated as one token per measured pass, less the time it took. A pass that verifies " +
        "drafts costs more than a plain one on most CPUs, so the estimate flatters speculation there.",
    ),
    "",
  ].join("\n");
}

function usageTable(head: string, rows: readonly [string, Counters][]): string[] {
  if (rows.length === 0) return [l10n.t("Nothing yet.")];
  return [
    l10n.t(
      "| {0} | shown | accepted | acceptance | word by word | characters accepted | kept | tokens | tokens per pass | against plain |",
      head,
    ),
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ...rows.map(([name, counters]) => {
      const figures = figuresOf(counters);
      const { acceptance, judgedCharacters, keptCharacters, tokensPerPass, savedMs, decodeMs } =
        figures;
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
        savedMs === undefined ? "" : formatSaved(savedMs, decodeMs),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ];
}

function draftTable(counters: Counters): string[] {
  const { drafts } = figuresOf(counters);
  if (drafts.length === 0) return [l10n.t("Nothing was drafted yet.")];
  return [
    l10n.t("| drafter | verified | accepted | share |"),
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
    l10n.t("## Accepted by rank"),
    l10n.t("| rank | accepted |"),
    "|---:|---:|",
    ...acceptedByRank.map((count, index) => `| ${index + 1} | ${count} |`),
    "",
  ];
}
