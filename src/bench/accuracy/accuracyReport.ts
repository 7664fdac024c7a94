/** The report of the suite `accuracy`: what completions are worth, as data and as Markdown. */
import type { Backend } from "../../core/base/backend.ts";
import { PART_NAMES, PROMPT_PARTS } from "../../core/prompt/promptShares.ts";
import { tooFewForBounds } from "../base/doubts.ts";
import { formatColumns, NONE } from "../base/markdownTable.ts";
import { HIDDEN_SPANS, STOP_KINDS } from "../spots/stopSpots.ts";
import {
  anyOfPair,
  type GroupFigures,
  groupFigures,
  insertionPair,
  modelPairs,
  type PairedFigures,
  promptFigures,
  type RefusalFigures,
  refusalFigures,
  trimmingPairs,
} from "./accuracyFigures.ts";
import { bounded, number, pairTable, points } from "./accuracyTables.ts";
import type { PlaceResult } from "./placeResult.ts";
import { type ArmAnswers, armFigures, armSection } from "./promptArms.ts";

/** What a report says of its run beside the places. */
export interface AccuracyRun {
  readonly target: string;
  readonly draft: string | null;
  readonly backend: Backend;
  /** Where the places are from, in words. */
  readonly origin: string;
  readonly seed: number;
  readonly maxTokens: number;
  /** k: suggestions asked for, the first included. */
  readonly numSuggestions: number;
  /** Where the prompt's middle began, in words; of the first arm. */
  readonly prompt: string;
  readonly numWanted: number;
  /** By language, who tells whether a file parses, or why nobody does. */
  readonly parsers: Readonly<Record<string, string>>;
  /** What else is to be known of the prompts; nothing if absent. */
  readonly notes?: readonly string[];
}

/** Answers of another run at the same places. */
export interface ComparedRun {
  /** Of {@link comparedName}. */
  readonly name: string;
  readonly places: readonly PlaceResult[];
}

export type AccuracyReport = ReturnType<typeof accuracyReport>;

/** What a run is called beside another. */
export function comparedName({ target, prompt }: Pick<AccuracyRun, "target" | "prompt">): string {
  return `${target} (${prompt})`;
}

interface Comparison {
  readonly with: string;
  readonly pairs: readonly PairedFigures[];
}

/** @param places - at least one. */
export function accuracyReport(
  places: readonly PlaceResult[],
  run: AccuracyRun,
  compared?: ComparedRun,
  arms: readonly ArmAnswers[] = [],
) {
  const { seed } = run;
  const groups = (names: Iterable<string>, of: (place: PlaceResult) => string) =>
    [...names].flatMap((name) => {
      const own = places.filter((place) => of(place) === name);
      return own.length === 0 ? [] : [groupFigures(name, own, seed)];
    });
  const all = groupFigures("all", places, seed);
  const trimming = trimmingPairs(places, seed);
  const refusals = refusalFigures(places);
  const comparison =
    compared === undefined
      ? null
      : { with: compared.name, pairs: modelPairs(places, compared.places, seed) };
  return {
    suite: "accuracy",
    verdict: verdict(run, all, trimming[0]!, refusals, comparison),
    warnings: [...(run.notes ?? []), ...warnings(places, all, comparison)],
    isComplete: places.length >= run.numWanted,
    ...run,
    all,
    byLanguage: groups(new Set(places.map(({ language }) => language)), (place) => place.language),
    byKind: groups(STOP_KINDS, ({ kind }) => kind),
    bySpan: groups(HIDDEN_SPANS, ({ span }) => span),
    /** By whether the tokens of text and hidden text together begin with the text's own. */
    byTokens: groups(["kept", "broken"], ({ keepsTokens }) => (keepsTokens ? "kept" : "broken")),
    trimming,
    insertion: insertionPair(places, seed),
    refusals,
    anyOf: anyOfPair(places, seed),
    comparison,
    ...promptFigures(places),
    places,
    arms: armFigures(places, arms, seed),
  };
}

function verdict(
  { target, numSuggestions }: AccuracyRun,
  all: GroupFigures,
  lines: PairedFigures,
  { numRefused, numRightRefused }: RefusalFigures,
  comparison: Comparison | null,
): string {
  const any =
    numSuggestions === 1
      ? ""
      : `, and one of up to ${numSuggestions} in ${bounded(all.anyLineExact)}`;
  const { numBetter, numWorse } = lines;
  const trimmed =
    numBetter + numWorse === 0
      ? "trimming changes no line"
      : `trimming and refusal make ${numBetter} lines exact and spoil ${numWorse}`;
  const refused =
    numRefused === 0 ? "" : `; ${numRefused} answers are refused, ${numRightRefused} of them right`;
  const pair = comparison?.pairs[0];
  const other =
    pair === undefined || pair.difference === null || comparison === null
      ? ""
      : ` Beside ${comparison.with} at ${pair.numPlaces} places: ${differenceWords(pair)}.`;
  return (
    `At ${all.numPlaces} places in ${all.numFiles} file${all.numFiles === 1 ? "" : "s"} ${target}'s first suggestion is exactly the line that stood there ` +
    `in ${bounded(all.offered.lineExact)}${any}; ${trimmed}${refused}.${other}`
  );
}

/** Within its bounds a difference is none. */
function differenceWords({ difference }: PairedFigures): string {
  const { mean, low, high } = difference!;
  if (low <= 0 && high >= 0) return `no difference in exact lines (${points(difference)})`;
  return `${points(difference)} exact lines, which is ${mean > 0 ? "better" : "worse"}`;
}

function warnings(
  places: readonly PlaceResult[],
  all: GroupFigures,
  comparison: Comparison | null,
): string[] {
  const numUntold = places.filter(({ parses }) => parses.original === null).length;
  const numBroken = places.filter(({ parses }) => parses.original === false).length;
  const numCommon = comparison?.pairs[0]?.numPlaces ?? places.length;
  return [
    ...tooFewForBounds(all.numFiles, "file"),
    ...(numUntold === 0
      ? []
      : [`At ${numUntold} of ${places.length} places no parser told whether the file parses.`]),
    ...(numBroken === 0
      ? []
      : [
          `At ${numBroken} places the file does not parse by itself; they are in no share of parsing.`,
        ]),
    ...(numCommon === places.length
      ? []
      : [`The compared run has ${numCommon} of these ${places.length} places.`]),
  ];
}

function promptWords({ promptShares, meanPromptTokens }: AccuracyReport): string[] {
  if (promptShares === null || meanPromptTokens === null) return [];
  const parts = PROMPT_PARTS.filter((part) => promptShares[part] > 0).map(
    (part) => `${PART_NAMES[part]} ${(100 * promptShares[part]).toFixed(0)} %`,
  );
  return [`Prompts have ${meanPromptTokens.toFixed(0)} tokens on average: ${parts.join(", ")}.`];
}

export function formatAccuracyReport(report: AccuracyReport): string {
  const { all, byLanguage, byKind, bySpan, byTokens, origin, seed, maxTokens } = report;
  const { draft, backend, warnings, isComplete, numWanted, refusals, comparison } = report;
  const doubts = warnings.map((warning) => `> - ${warning}`);
  return `${[
    `# Accuracy${isComplete ? "" : ` (${all.numPlaces} of ${numWanted} places)`}`,
    `**${report.verdict}**`,
    ...(doubts.length === 0 ? [] : [doubts.join("\n")]),
    `Target ${report.target}, ${draft === null ? "no draft model" : `draft ${draft}`}, ${backend}. Hidden in ${origin}, seed ${seed}; ` +
      `${maxTokens} tokens at most, ${report.numSuggestions} suggestions, the middle begins at: ${report.prompt}. In brackets 95 % bounds, by files.`,
    ...promptWords(report),
    groupTable(["places", [all]], ["language", byLanguage], ["stopped at", byKind]),
    groupTable(["hidden", bySpan], ["tokens at the cursor", byTokens]),
    "## What trimming and refusal do",
    `The target's own output, up to its end: exact line ${bounded(all.raw.lineExact)}, whole ${bounded(all.raw.whole)}, similarity ` +
      `of the line ${number(all.raw.lineSimilarity)}, parses ${bounded(all.raw.parses)}, characters kept ${bounded(all.raw.keptChars)}. ` +
      `Refused: ${refusals.numRefused}, of which the line was right: ${refusals.numRightRefused}${reasons(refusals)}.`,
    pairTable("offered over raw", [...report.trimming, report.insertion]),
    ...(report.numSuggestions === 1
      ? []
      : [
          "## First against any",
          `The others take ${all.othersMs.toFixed(0)} ms beyond the first's ${all.firstMs.toFixed(0)} (medians; the prompt's ` +
            `part of the first is ${all.prefillMs.toFixed(0)}).`,
          pairTable("any suggestion over the first", [report.anyOf]),
        ]),
    ...(comparison === null
      ? []
      : [
          `## Against ${comparison.with}`,
          pairTable(`${comparedName(report)} over ${comparison.with}`, comparison.pairs),
        ]),
    ...armSection(report.prompt, all, report.meanPromptTokens, report.arms),
    notes(report),
  ].join("\n\n")}\n`;
}

function groupTable(...groups: readonly (readonly [string, readonly GroupFigures[]])[]): string {
  const rows = groups.flatMap(([title, figures]) =>
    figures.map((group) => ({
      ...group,
      name: group.name === "all" ? "all" : `${title}: ${group.name}`,
    })),
  );
  return formatColumns(rows, [
    ["", ({ name }) => name],
    ["places", ({ numPlaces }) => String(numPlaces)],
    ["offered", ({ offered }) => bounded(offered.answered)],
    ["exact line", ({ offered }) => bounded(offered.lineExact)],
    ["any of k", ({ anyLineExact }) => bounded(anyLineExact)],
    ["whole", ({ offered }) => bounded(offered.whole)],
    ["line similarity", ({ offered }) => number(offered.lineSimilarity)],
    ["block similarity", ({ offered }) => number(offered.blockSimilarity)],
    ["parses", ({ offered }) => bounded(offered.parses)],
    ["chars kept", ({ offered }) => bounded(offered.keptChars)],
    ["kept per place", ({ offered }) => offered.meanKeptChars?.mean.toFixed(1) ?? NONE],
  ]);
}

function notes({ parsers }: AccuracyReport): string {
  const by = Object.entries(parsers).map(([language, how]) => `${language} by ${how}`);
  return [
    "A line is exact if all of it, white space at its end aside, is what stood there; a suggestion is whole if nothing of the " +
      "hidden text is missing and nothing else is in it. At a line's end the line below counts. Similarity is 1 - edit distance " +
      'by the longer text. "At least" is the one-sided 95 % bound. Characters kept stand in the real text from the ' +
      "suggestion's start on. Tokens at the cursor are kept " +
      "where those of text and hidden text together begin with the text's own.",
    `A file parses as before (${by.join(", ")}) with the suggestion in it; in the share are places whose file parses by itself ` +
      "and where something is offered. Where a block is hidden the rest of it may be missing for good.",
  ].join("\n");
}

function reasons({ byReason }: RefusalFigures): string {
  const parts = Object.entries(byReason).map(([reason, count]) => `${reason} ${count}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
